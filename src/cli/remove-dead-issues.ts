/** `remove-dead-issues`: issues out of the workflow whose pipelines failed (newspapers spec 7.4). */
import type { Command } from 'commander';
import { eventText, report, Tally } from './remove-dead-issues/report.js';
import { makeProgram, runMain, withSession } from './program.js';

interface Options {
  dryRun?: boolean;
}

const program = makeProgram(
  'remove-dead-issues',
  'Take issues out of the workflow whose pipelines failed. Their files go to the error area.',
)
  .option('--dry-run', 'say what would be removed and why, change nothing')
  .addHelpText(
    'after',
    `
Examples:
  remove-dead-issues --dry-run      the dead, with what failed; and why the others are not dead
  remove-dead-issues                remove them; a daemon (run-jobs watch) carries it out
  remove-dead-issues --json

Dead is an issue whose open pipeline failed: nothing of it is pending, delayed, running or waiting for a person; and one
whose latest pipeline was cancelled, unless "issues resume NUMBER" can begin that again. What was only a hitch is better
mended and gone on with: issues resume NUMBER. An upload that was cancelled on its way in goes back to its place instead
with issues cancel-intake NUMBER. Each issue is removed by itself; one that cannot be
does not keep the others. Its originals, its pages and actions.txt, which says what failed, are then in
ERRORED_ISSUES_PATH/<year-month>/<its name>. Exit code 1 when one could not be removed.`,
  )
  .action((_options: Options, command: Command) => {
    const { dryRun = false } = command.optsWithGlobals<Options>();
    return withSession(command, async ({ settings, database, actor, permitted, print }) => {
      if (!dryRun) await permitted();
      const { removeDeadIssues } = await import('../newspapers/remove-dead-issues.js');
      const tally = new Tally();
      for await (const event of removeDeadIssues(database.kysely, settings, { actor, dryRun })) {
        tally.add(event);
        if (event.event === 'failed') process.exitCode = 1;
      }
      print({ dryRun, ...tally.summary, events: tally.events }, () =>
        [...tally.told.map(eventText), ...tally.more, report(tally.summary, dryRun)].join('\n'),
      );
    });
  });

await runMain(program);
