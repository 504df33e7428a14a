/** `issues finalize-again`: METS anew of issues that wait for a batch. */
import type { Command } from 'commander';
import { common, withSession } from '../program.js';
import { visible } from '../table.js';
import { issueArgument, issueId, type IssueArgument } from './issue-argument.js';

export const finalizeAgainExamples = `
  issues finalize-again sn93059126/1856051001 --org oru --reason "it is ours, not the vendor's"`;

/** Adds the command to `issues`. */
export function addFinalizeAgainCommand(program: Command): void {
  common(
    program
      .command('finalize-again')
      .description('write METS anew for issues that wait for a batch, e.g. under another organisation')
      .addHelpText(
        'after',
        `
For issues that are ready for a batch, also those that came back from a live one (batches unpush): all that are named, or
none. METS is written by what the database says now, and their files are recorded; then they wait for queue-batches again.`,
      ),
  )
    .argument('<issue...>', 'their keys, LCCN/YYYYMMDDEE, or their numbers', issueArguments)
    .option('--org <code>', 'whose they are from now on (bin/orgs list)')
    .requiredOption('--reason <text>', 'why; kept with their history')
    .action((issues: IssueArgument[], { org, reason }: { org?: string; reason: string }, command: Command) =>
      withSession(command, async ({ database, permitted, print }) => {
        const actor = await permitted();
        const { finalizeAgain } = await import('../../newspapers/finalize-again.js');
        const ids = [];
        for (const issue of issues) ids.push(await issueId(database, issue));
        const all = await finalizeAgain(database.kysely, ids, { orgCode: org, actor, reason });
        print(all, (done) =>
          done
            .map(({ issue: { id, key }, pipelineId }) =>
              visible(`issue ${id} (${key}) is finalized again: pipeline ${pipelineId}`),
            )
            .join('\n'),
        );
      }),
    );
}

function issueArguments(text: string, before: IssueArgument[] = []): IssueArgument[] {
  return [...before, issueArgument(text)];
}
