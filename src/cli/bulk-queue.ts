/** `bulk-queue`: uploads into the workflow, many at once (newspapers spec 7.2). */
import { Option, type Command } from 'commander';
import type { BulkQueueEvent, TitleCount } from '../newspapers/bulk-queue.js';
import type { SearchKey } from '../newspapers/issue-key.js';
import { ISSUE_KINDS, type IssueKind } from '../newspapers/workflow-step.js';
import { eventLine, eventValue, report, Tally } from './bulk-queue/report.js';
import { searchKeyOption } from './key-option.js';
import { makeProgram, runMain, withSession } from './program.js';
import { visible } from './table.js';

interface Options {
  type: IssueKind;
  key?: SearchKey;
  dryRun?: boolean;
  allowNew?: boolean;
  allowDuplicate?: boolean;
  reason?: string;
  json?: boolean;
}

const program = makeProgram(
  'bulk-queue',
  'Queue uploads, many at once. Without --key nothing is queued: it counts what lies there.',
)
  .addOption(new Option('--type <type>', 'which upload area').choices(ISSUE_KINDS).makeOptionMandatory())
  .option('--key <key>', 'queue these: LCCN, or LCCN/YYYY, /YYYYMM, /YYYYMMDD, /YYYYMMDDEE', searchKeyOption)
  .option('--dry-run', 'say what would be queued or skipped, queue nothing')
  .option('--allow-new', 'queue also what may be too new (DURATION_ISSUE_CONSIDERED_NEW)')
  .option('--allow-duplicate', 'queue also what is in the workflow already; needs --reason')
  .option('--reason <text>', 'why a duplicate is let in; kept with the issue')
  .addHelpText(
    'after',
    `
Examples:
  bulk-queue --type borndigital                                      how many issues of which titles lie there
  bulk-queue --type borndigital --key sn93059126                     queue every issue of a title
  bulk-queue --type scan --key sn93059126/1856 --dry-run             what would become of one year
  bulk-queue --type scan --key sn93059126/1856051001                 queue one edition
  bulk-queue --type scan --key sn93059126/1856051001 --allow-duplicate --reason "page 3 rescanned"

An upload with an error or a warning is skipped and told; so is one that is queued already. What a dry run says would
be queued is what is queued. An upload counts as unchanged from when it was first seen as it is, also by a dry run.`,
  )
  .action((_options: Options, command: Command) => {
    const { type: kind, key: search, dryRun = false, ...more } = command.optsWithGlobals<Options>();
    const { allowNew = false, allowDuplicate = false, reason = '', json } = more;
    if (allowDuplicate !== (reason.trim() !== ''))
      command.error('error: --allow-duplicate and --reason TEXT go together', { exitCode: 2 });
    return withSession(command, async ({ settings, database, coordination, print, permitted }) => {
      const [{ bulkQueue }, { UploadClock }] = await Promise.all([
        import('../newspapers/bulk-queue.js'),
        import('../newspapers/uploads/clock.js'),
      ]);
      const options = {
        kind,
        search,
        dryRun,
        allowNew,
        duplicateReason: allowDuplicate ? reason.trim() : undefined,
        actor: await permitted(dryRun || !search ? 'bulk-queue without queueing' : 'bulk-queue'),
        clock: new UploadClock(database.kysely, (message) => void process.stderr.write(`${visible(message)}\n`)),
        locks: (await coordination()).locks,
        now: () => new Date(),
      };
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
    });
  });

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
