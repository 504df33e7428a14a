/** `queue-batches`: batches of all issues that are ready (newspapers spec 7.1). */
import type { Command } from 'commander';
import { makeProgram, positiveInteger, runMain, withSession } from './program.js';
import { eventLine, eventValue, report, Tally } from './queue-batches/report.js';

interface Options {
  redo?: boolean;
  minBatchSize?: number;
  maxBatchSize?: number;
  org?: string[];
  dryRun?: boolean;
  json?: boolean;
}

const program = makeProgram(
  'queue-batches',
  'Make batches of all issues that are ready for batching, organisation by organisation.',
)
  .option(
    '--min-batch-size <pages>',
    'fewer make no batch, unless one waits for 30 days (MIN_BATCH_SIZE)',
    positiveInteger,
  )
  .option('--max-batch-size <pages>', 'more are spread evenly over several (MAX_BATCH_SIZE)', positiveInteger)
  .option('--org <code>', 'only this organisation; may be repeated', collect)
  .option('--redo', 'instead, the issues taken back from a live batch (ReadyForRebatching)')
  .option('--dry-run', 'say what would be made, and what not and why; make nothing')
  .addHelpText(
    'after',
    `
Examples:
  queue-batches --dry-run                        the batches to be, the embargoed, the too few, the rejected and why
  queue-batches                                  make them; a daemon builds them and loads them on staging
  queue-batches --org oru --min-batch-size 1     whatever is ready of one organisation

A batch has issues of one organisation. Issues are never split, so a batch may have a few pages more than the most.
Rejected issues do not keep others back; each says what mends it. Exit code 1 when a batch could not be made.
Then: bin/batches list shows how far they are, and which wait for quality control.`,
  )
  .action((_options: Options, command: Command) => {
    const { redo = false, dryRun = false, minBatchSize, maxBatchSize, org, json } = command.optsWithGlobals<Options>();
    return withSession(command, async ({ settings, database, coordination, actor, permitted, print }) => {
      const [{ queueBatches, queueBatchesAlone }, { batchSizes, InvalidBatchSizes }] = await Promise.all([
        import('../newspapers/batches/queue-batches.js'),
        import('../newspapers/batches/batch-sizes.js'),
      ]);
      if (!dryRun) await permitted();
      const sizes = (() => {
        try {
          return batchSizes({ min: minBatchSize, max: maxBatchSize }, settings);
        } catch (error) {
          if (error instanceof InvalidBatchSizes) command.error(`error: ${error.message}`, { exitCode: 2 });
          throw error;
        }
      })();
      const options = { redo, sizes, dryRun, actor, orgs: org };
      const made = dryRun
        ? queueBatches(database.kysely, settings, options)
        : queueBatchesAlone(database.kysely, settings, options, (await coordination()).locks);
      const events: object[] = [];
      const tally = new Tally();
      for await (const event of made) {
        tally.add(event);
        if (event.event === 'failed') process.exitCode = 1;
        if (json) events.push(eventValue(event));
        else process[event.event === 'failed' ? 'stderr' : 'stdout'].write(`${eventLine(event)}\n`);
      }
      print({ dryRun, sizes, ...tally.summary, events }, () => report(tally.summary, dryRun));
    });
  });

await runMain(program);

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}
