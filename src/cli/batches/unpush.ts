/** `batches unpush`: a batch back from production, before it is in the dark archive (newspapers spec 7.9, W37). */
import type { Command } from 'commander';
import type { UnpushPlan } from '../../newspapers/batches/unpush.js';
import { common, withSession } from '../program.js';
import { visible } from '../table.js';
import { theNamed } from './the-batch.js';

interface Options {
  reason: string;
  dryRun?: boolean;
}

export function addUnpush(program: Command): void {
  common(
    program
      .command('unpush')
      .description('take a live batch that is not in the dark archive yet back; its issues go into another batch'),
  )
    .argument('<batch>', 'its name or number')
    .requiredOption('--reason <text>', 'why; kept with the batch and its issues')
    .option('--dry-run', 'say what would be done, change nothing')
    .addHelpText(
      'after',
      `
The sites let go of it first, then its live copy is deleted, then its issues are ready again: put right what was wrong
(issues finalize-again writes their METS anew, also under another organisation), then queue-batches --redo. The archived
files stay: delete them when the issues are live again.`,
    )
    .action((name: string, { reason, dryRun = false }: Options, command: Command) =>
      withSession(command, async ({ database, settings, actor, permitted, print }) => {
        if (!dryRun) await permitted();
        const { planUnpush, unpush } = await import('../../newspapers/batches/unpush.js');
        const batch = await theNamed(database, name);
        if (dryRun) {
          const plan = await planUnpush(database.kysely, batch, settings);
          print({ ...plan, batch: batch.fullName, dryRun }, () => planText(plan, true));
          return;
        }
        const done = await unpush(database.kysely, batch.id, settings, { actor, reason });
        print({ ...done, batch: batch.fullName, dryRun }, () =>
          [
            planText(done, false),
            `Pipeline ${done.pipelineId}; then put right what was wrong, and queue-batches --redo`,
          ].join('\n'),
        );
      }),
    );
}

function planText({ batch, issues, archive, liveCopy }: UnpushPlan, dryRun: boolean): string {
  const would = dryRun ? 'would be' : 'will be';
  return [
    `${batch.fullName} ${would} purged from production and staging, its live copy ${liveCopy} deleted`,
    `Its ${issues.length === 1 ? '1 issue' : `${issues.length} issues`} ${would} ready for another batch: ${issues.join(', ')}`,
    `Kept until a person deletes it: ${archive}`,
  ]
    .map(visible)
    .join('\n');
}
