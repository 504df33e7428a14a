/** `delete-live-done-issues`: the workflow files of what has been archived for four weeks (newspapers spec 7.3). */
import type { Command } from 'commander';
import { countDown } from './delete-live-done-issues/count-down.js';
import { eventLine, report, Tally } from './delete-live-done-issues/report.js';
import { makeProgram, runMain, withSession } from './program.js';

interface Options {
  live?: boolean;
  json?: boolean;
}

const COUNTDOWN_SECONDS = 15;

const program = makeProgram(
  'delete-live-done-issues',
  'Close batches that have been in the dark archive for four weeks, and delete the workflow files of their issues.',
)
  .option('--live', 'do it; without this nothing is changed, it only says what would be')
  .addHelpText(
    'after',
    `
Examples:
  delete-live-done-issues           what would be closed and deleted, and what not and why
  delete-live-done-issues --live    close and delete; on a terminal ${COUNTDOWN_SECONDS} seconds pass first, Ctrl-C ends it

The four weeks count from "batches archived". An issue's files are deleted only when they lie below WORKFLOW_PATH, the
issue is InProduction, and its batch holds every one of them under the same SHA-256. A daemon (run-jobs watch) deletes
them, and looks once more before. What is skipped is named with the reason, and looked at again next time. Exit code 1
when anything is skipped.`,
  )
  .action((_options: Options, command: Command) => {
    const { live = false, json = false } = command.optsWithGlobals<Options>();
    return withSession(command, async ({ settings, database, actor, permitted, print }) => {
      if (live) await permitted();
      const { deleteLiveDoneIssues } = await import('../newspapers/delete-live-done-issues.js');
      const run = async (really: boolean, tell: boolean): Promise<Tally> => {
        const tally = new Tally();
        for await (const event of deleteLiveDoneIssues(database.kysely, settings, { actor, live: really })) {
          tally.add(event);
          if (tell) process[tally.isSkipped(event) ? 'stderr' : 'stdout'].write(`${eventLine(event, really)}\n`);
        }
        return tally;
      };
      if (live && !json && process.stdin.isTTY && process.stderr.isTTY) {
        const { summary } = await run(false, false);
        if (summary.issues + summary.batches > 0) await countDown(summary, COUNTDOWN_SECONDS);
      }
      const tally = await run(live, !json);
      if (tally.summary.skipped > 0) process.exitCode = 1;
      print({ live, ...tally.summary, events: json ? tally.events : [] }, () => report(tally.summary, live));
    });
  });

await runMain(program);
