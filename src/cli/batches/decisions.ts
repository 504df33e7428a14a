/** The commands of `batches` that answer a question: all through the holding pen's own `decide`. */
import type { Command } from 'commander';
import type { Batch } from '../../newspapers/batches/batches.js';
import { common, withSession, type Session } from '../program.js';
import { theNamed } from './the-batch.js';

/** Answers one after the other are carried out in a second; a busy daemon may take longer. */
const WAIT_SECONDS = 30;

interface Said {
  action: string;
  verb: string;
  params?: Record<string, string>;
  comment?: string | undefined;
}

interface Commented {
  comment?: string;
}

/** Adds them to the program. */
export function addDecisions(program: Command): void {
  decision(program, 'approve', 'it is right on staging: put it on production and into the archive').action(
    (name: string, { comment }: Commented, command: Command) =>
      decided(command, name, { action: 'batch_qc', verb: 'approve', comment }, 'approved: it goes live'),
  );

  common(program.command('reject').description('something is wrong with it: go on to flagging the bad issues'))
    .argument('<batch>', 'its name or number')
    .requiredOption('--reason <text>', 'what is wrong; kept with the batch')
    .action((name: string, { reason }: { reason: string }, command: Command) =>
      decided(
        command,
        name,
        { action: 'batch_qc', verb: 'reject', params: { reason } },
        'rejected: flag the bad issues, then finalize',
      ),
    );

  common(program.command('flag').description('issues of a rejected batch that must leave it'))
    .argument('<batch>', 'its name or number')
    .argument('<issue...>', 'LCCN/YYYYMMDDEE, or the address of the issue on a site')
    .requiredOption('--reason <text>', 'what is wrong with them, for those who mend it')
    .action((name: string, issues: string[], { reason }: { reason: string }, command: Command) =>
      flags(command, name, 'flag', issues, { reason }),
    );

  common(program.command('unflag').description('issues that are fine after all'))
    .argument('<batch>', 'its name or number')
    .argument('<issue...>', 'LCCN/YYYYMMDDEE, or the address of the issue on a site')
    .action((name: string, issues: string[], _options: unknown, command: Command) =>
      flags(command, name, 'unflag', issues, {}),
    );

  decision(program, 'finalize', 'build it again without the flagged issues, which go to the issue managers').action(
    (name: string, { comment }: Commented, command: Command) =>
      decided(
        command,
        name,
        { action: 'batch_flagging', verb: 'finalize', comment },
        'finalized: what is flagged leaves it',
        async ({ database }, batch) => {
          const [{ listFlagged }, { isOnStaging }] = await Promise.all([
            import('../../newspapers/batches/flagged-issues.js'),
            import('../../newspapers/batches/batch-stand.js'),
          ]);
          if ((await listFlagged(database.kysely, batch.id)).length > 0) return;
          if (!(await isOnStaging(database.kysely, batch.id))) return; // it is built as it is
          await refuse(batch, 'no issue is flagged', `flag the bad ones first, or batches abort ${batch.fullName}`);
        },
      ),
  );

  decision(program, 'abort', 'forget the rejection and the flags: back to approve or reject').action(
    (name: string, { comment }: Commented, command: Command) =>
      decided(command, name, { action: 'batch_flagging', verb: 'abort', comment }, 'back at quality control'),
  );

  decision(
    program,
    'undo',
    'take a rejected batch apart: flagged issues go to the issue managers, the others into another batch',
  ).action((name: string, { comment }: Commented, command: Command) =>
    decided(
      command,
      name,
      { action: 'batch_flagging', verb: 'undo', comment },
      'undone: it is taken apart',
      async ({ database }, batch) => {
        const [{ listFlagged }, { listBatchIssues }] = await Promise.all([
          import('../../newspapers/batches/flagged-issues.js'),
          import('../../newspapers/batches/batches.js'),
        ]);
        const flagged = await listFlagged(database.kysely, batch.id);
        if (flagged.length < (await listBatchIssues(database.kysely, batch.id)).length || flagged.length === 0) return;
        await refuse(batch, 'every issue is flagged', `batches finalize ${batch.fullName} deletes the batch`);
      },
    ),
  );

  decision(
    program,
    'archived',
    'it is safe in the dark archive: four weeks from now its local files may be deleted',
  ).action((name: string, { comment }: Commented, command: Command) =>
    decided(
      command,
      name,
      { action: 'confirm_archived', verb: 'archived', comment },
      'archived: its local files may go in four weeks',
    ),
  );
}

const decision = (program: Command, name: string, description: string): Command =>
  common(program.command(name).description(description))
    .argument('<batch>', 'its name or number')
    .option('--comment <text>', 'kept with the decision');

async function refuse(batch: Batch, why: string, remedy: string): Promise<never> {
  const { Refused } = await import('../../engine/refused.js');
  throw new Refused('conflict', `batch ${batch.fullName}: ${why}`, remedy);
}

/** What is wrong with the issues is told at once, before anything is decided. */
function flags(
  command: Command,
  name: string,
  verb: 'flag' | 'unflag',
  issues: string[],
  params: Record<string, string>,
): Promise<void> {
  const said = { action: 'batch_flagging', verb, params: { ...params, issue: issues.join(' ') } };
  const what = issues.length === 1 ? '1 issue' : `${issues.length} issues`;
  return decided(
    command,
    name,
    said,
    `${verb === 'flag' ? 'flagged' : 'unflagged'} ${what}`,
    async ({ database }, batch) => {
      const [{ parseFlagInputs }, { issuesOfBatch }] = await Promise.all([
        import('../../newspapers/batches/flag-input.js'),
        import('../../newspapers/batches/flagged-issues.js'),
      ]);
      await issuesOfBatch(database.kysely, batch, parseFlagInputs(said.params.issue));
    },
  );
}

function decided(
  command: Command,
  name: string,
  { action, verb, params = {}, comment }: Said,
  done: string,
  check?: (session: Session, batch: Batch) => Promise<void>,
): Promise<void> {
  return withSession(command, async (session) => {
    const { database, settings, actor, permitted, print } = session;
    const [{ decideBatch, untilCarriedOut }, { askWhenMakingFailed }, { penRegistry }] = await Promise.all([
      import('../../newspapers/batches/decide-batch.js'),
      import('../../newspapers/batches/ask-again.js'),
      import('../pen-registry.js'),
    ]);
    const batch = await theNamed(database, name);
    if (['flag', 'finalize', 'undo'].includes(verb))
      await askWhenMakingFailed(database.kysely, batch, settings, {
        actor,
        permitted: async () => {
          await permitted('batches ask');
          await check?.(session, batch); // before what failed is cancelled
        },
      });
    const options = { waitSeconds: WAIT_SECONDS };
    const answer = { action, verb, params, comment, actor, via: 'cli' as const };
    const { pipelineId, status } = await decideBatch(database.kysely, penRegistry, batch, answer, {
      ...options,
      ...(check && { check: () => check(session, batch) }),
    });
    const outcome = await untilCarriedOut(database.kysely, batch, pipelineId, { waitSeconds: 2 });
    print({ batch: batch.fullName, verb, pipelineId, status, ...outcome }, () => {
      const told = outcome?.message == null ? '' : `\n${outcome.message}`;
      return `${batch.fullName}: ${done}${told}`;
    });
  });
}
