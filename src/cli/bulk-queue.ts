/** `bulk-queue`: uploads into the workflow, many at once (newspapers spec 7.2). */
import { Option, type Command } from 'commander';
import type { BulkQueueEvent, TitleCount } from '../newspapers/bulk-queue.js';
import type { SearchKey } from '../newspapers/issue-key.js';
import { ISSUE_KINDS, type IssueKind } from '../newspapers/workflow-step.js';
import { eventLine, eventValue, report, Tally } from './bulk-queue/report.js';
import { searchKeyOption } from './key-option.js';
import { currentActor, makeProgram, runMain, withSession } from './program.js';

interface Options {
  type: IssueKind;
  key?: SearchKey;
  dryRun?: boolean;
  json?: boolean;
}

const program = makeProgram(
  'bulk-queue',
  'Queue uploads, many at once. Without --key nothing is queued: it counts what lies there.',
)
  .addOption(new Option('--type <type>', 'which upload area').choices(ISSUE_KINDS).makeOptionMandatory())
  .option('--key <key>', 'queue these: LCCN, or LCCN/YYYY, /YYYYMM, /YYYYMMDD, /YYYYMMDDEE', searchKeyOption)
  .option('--dry-run', 'say what would be queued or skipped, change nothing')
  .addHelpText(
    'after',
    `
Examples:
  bulk-queue --type borndigital                                      how many issues of which titles lie there
  bulk-queue --type borndigital --key sn93059126                     queue every issue of a title
  bulk-queue --type scan --key sn93059126/1856 --dry-run             what would become of one year
  bulk-queue --type scan --key sn93059126/1856051001                 queue one edition

An upload with a problem is skipped and told; so is one that is queued already. Meant for trusted uploads.`,
  )
  .action((_options: Options, command: Command) =>
    withSession(command, async ({ settings, database, print }) => {
      const { bulkQueue } = await import('../newspapers/bulk-queue.js');
      const { type: kind, key: search, dryRun = false, json } = command.optsWithGlobals<Options>();
      const options = { kind, search, dryRun, actor: currentActor(), now: () => new Date() };
      const events: BulkQueueEvent[] = [];
      const tally = new Tally();
      const counts = await drain(bulkQueue(database.kysely, settings, options), (event) => {
        tally.add(event);
        if (json) events.push(event);
        else process[event.event === 'obstacle' ? 'stderr' : 'stdout'].write(`${eventLine(event)}\n`);
      });
      print({ ...tally.summary, counts, events: events.map(eventValue) }, () =>
        report(tally, counts, search !== undefined),
      );
    }),
  );

await runMain(program);

/** Hands on everything a generator yields and returns what it returns. */
async function drain(
  generator: AsyncGenerator<BulkQueueEvent, TitleCount[]>,
  each: (event: BulkQueueEvent) => void,
): Promise<TitleCount[]> {
  for (;;) {
    const next = await generator.next();
    if (next.done) return next.value;
    each(next.value);
  }
}
