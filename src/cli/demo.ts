/** `npm run demo`: real newspaper issues go from upload to the dark archive, through the real programs, with nothing to set up. */
import { rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { FatalError } from '../engine/job.js';
import { makeProgram, runMain } from './program.js';

const program = makeProgram(
  'demo',
  'Take newspaper issues from upload to the dark archive with a real daemon and an embedded PostgreSQL.',
)
  .option(
    '--from <directory>',
    'real issues instead of made ones, laid out as born-digital/<LCCN>/<date>/*.pdf, scans/<MOC>/<LCCN>/<date>/NNNN.{tif,pdf}, marc/*.xml',
  )
  .addHelpText('after', '\nEverything goes to var/demo; what an earlier demo left there is removed.')
  .action(async ({ from }: { from?: string }) =>
    demo(resolve('var/demo'), from === undefined ? undefined : resolve(from)),
  );

await runMain(program);

async function demo(root: string, from: string | undefined): Promise<void> {
  const [
    { ensureSystemTools, NEWSPAPER_TOOLS },
    { removeEmbeddedPostgres, stopEmbeddedPostgres },
    stage,
    { printReport },
    { startSites },
    { secondHalf },
  ] = await Promise.all([
    import('../files/system-tools.js'),
    import('../database/embedded.js'),
    import('./demo/stage.js'),
    import('./demo/report.js'),
    import('./demo/sites.js'),
    import('./demo/second-half.js'),
  ]);
  if (from !== undefined && !relative(root, from).startsWith('..'))
    throw new FatalError(`${from} is in ${root}, which the demo removes first: move your issues elsewhere`);
  await ensureSystemTools(NEWSPAPER_TOOLS);
  const database = { directory: join(root, 'var') };
  await removeEmbeddedPostgres(database);
  await rm(root, { recursive: true, force: true });
  const places = await stage.makePlaces(root);
  const interrupted = new AbortController(); // so that the database is stopped also when a signal comes between two programs
  process.once('SIGINT', () => interrupted.abort()).once('SIGTERM', () => interrupted.abort());
  const run = async (name: string, ...args: string[]) => {
    if (interrupted.signal.aborted) throw new FatalError('interrupted');
    await stage.runVisibly(name, [...args, '--settings', places.settingsFile]);
  };
  const say = (text: string) => process.stdout.write(`\n== ${text}\n`);

  try {
    say(
      from === undefined
        ? 'A publisher and a digitisation vendor deliver an issue each'
        : `Copying the issues of ${from} into the upload areas`,
    );
    const uploads = await (from === undefined ? stage.makeUploads(places) : stage.copyUploads(from, places));

    say('Organisations and titles are made known, the uploads are queued');
    process.stdout.write(`$ export PRESSMARK_SETTINGS=${stage.shellWord(places.settingsFile)}\n`);
    for (const org of uploads.orgs) await run('orgs', 'add', org.code, org.name);
    await run('titles', 'add', '--marc', uploads.marc);
    for (const lccn of uploads.bornDigital) await run('bulk-queue', '--type', 'borndigital', '--key', lccn);
    for (const lccn of uploads.scans) await run('bulk-queue', '--type', 'scan', '--key', lccn);

    say('The daemon works until nothing is runnable');
    await run('run-jobs', 'watch', '--exit-when-idle');

    say('A person puts the pages in order');
    for (const folder of await stage.reviewPages(places)) process.stdout.write(`renamed the pages in ${folder}\n`);
    for (const pipeline of await stage.pageReviews(places))
      await run('holding-pen', 'decide', String(pipeline), 'done');

    say('The daemon goes on and makes the derivatives');
    await run('run-jobs', 'watch', '--exit-when-idle');

    say('What was made');
    await printReport(places);

    say('From here on the daemon runs all the time, as it does under systemd');
    const sites = await startSites(places);
    const daemon = stage.startDaemon(places);
    try {
      const work = () => stage.untilSettled(places, interrupted.signal);
      await secondHalf({ places, say, run, work });
    } finally {
      await daemon.stop();
      await sites.stop();
    }
    say('What waits for a person now');
    await run('holding-pen', 'list');
    if (await stage.hasFailures(places)) {
      say('What failed');
      await run('run-jobs', 'status');
      process.exitCode = 1;
    }
    process.stdout.write(
      `\nEverything is in ${root}. Look around:\n  bin/run-jobs pipelines --settings ${places.settingsFile}\n  bin/issues list --settings ${places.settingsFile}\n`,
    );
  } finally {
    await stopEmbeddedPostgres(database);
  }
}
