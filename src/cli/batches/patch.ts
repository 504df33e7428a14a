/** `batches patch`: the next version of a live batch, without its bad issues (newspapers spec W36). */
import type { Command } from 'commander';
import type { PatchPlan } from '../../newspapers/batches/patch.js';
import { bytesText } from '../delete-live-done-issues/report.js';
import { visible } from '../table.js';
import { common, withSession } from '../program.js';
import { theNamed } from './the-batch.js';

interface Options {
  remove: string[];
  reason: string;
  dryRun?: boolean;
}

const NAMED = 20;

export function addPatch(program: Command): void {
  common(
    program.command('patch').description('replace a live batch by its next version, without the issues that are wrong'),
  )
    .argument('<batch>', 'its name or number')
    .requiredOption('--remove <issue...>', 'LCCN/YYYYMMDDEE, or the address of the issue on a site')
    .requiredOption('--reason <text>', 'what is wrong with them, for those who mend it')
    .option('--dry-run', 'say what would be kept, removed and copied; change nothing')
    .addHelpText(
      'after',
      `
The next version is built in the archive area of the files of this one and checked; then production lets go of this one,
loads the next and is compared with it: for that time readers miss the batch. Should the site refuse the next version,
"agent --site production load-batch" of this one brings it back; what failed, requeued, purges it again first. Should the
next version be loaded but differ, purge that before you bring this one back; the error tells how to go on.
Issues taken out whose workflow files are still there come to the issue managers. The archived files of this version are
never deleted by a program.`,
    )
    .action((name: string, { remove, reason, dryRun = false }: Options, command: Command) =>
      withSession(command, async ({ database, settings, actor, permitted, print }) => {
        if (!dryRun) await permitted();
        const [{ patch, planPatch }, { parseFlagInputs }] = await Promise.all([
          import('../../newspapers/batches/patch.js'),
          import('../../newspapers/batches/flag-input.js'),
        ]);
        const batch = await theNamed(database, name);
        const keys = parseFlagInputs(remove.join(' '));
        if (dryRun) {
          const plan = await planPatch(database.kysely, batch, keys, settings);
          print({ ...plan, former: batch.fullName, dryRun }, () => planText(plan, true));
          return;
        }
        const done = await patch(database.kysely, batch.id, keys, settings, { actor, reason });
        print({ ...done, former: batch.fullName, dryRun }, () =>
          [
            planText(done, false),
            `Pipeline ${done.pipelineId}; bin/batches show ${done.newName} tells how far it is.`,
          ].join('\n'),
        );
      }),
    );
}

function planText(
  { former, newName, kept, removed, from, archive, files, bytes, liveBytes }: PatchPlan,
  dryRun: boolean,
): string {
  const would = dryRun ? 'would be' : 'will be';
  const more = kept.length > NAMED ? ` and ${kept.length - NAMED} more` : '';
  return [
    `${former.fullName} ${would} replaced by ${newName}`,
    `Kept: ${kept.length === 1 ? '1 issue' : `${kept.length} issues`}: ${kept.slice(0, NAMED).join(', ')}${more}`,
    ...removed.map(({ key, becomes }) => `Removed: ${key}: ${becomes}`),
    `Built in ${archive} of ${files} files (${bytesText(bytes)}) in ${from}: as hard links where the filesystem allows it, else copied`,
    `Copied for the sites: ${bytesText(liveBytes)}`,
    `Kept until a person deletes it: ${from}`,
  ]
    .map(visible)
    .join('\n');
}
