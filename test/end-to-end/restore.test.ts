/** A backup restored elsewhere, and the road goes on to its end (docs/deploy.md). */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeBornDigitalIssue } from '../../src/newspapers/samples/born-digital-issue.js';
import { sampleMarc } from '../../src/newspapers/samples/sample-marc.js';
import { ALDER_LANDING_BEACON } from '../../src/newspapers/samples/sample-titles.js';
import { copyAreas, dumpDatabase, restore, type Dump } from './backup.js';
import { daemonEnd, filesOf, makeWorld, reviewPages, type World } from './daemon.js';

vi.setConfig({ testTimeout: 240_000 }); // each is a dozen programs one after the other

let base: string;
let world: World;
const dumps = new Map<string, Dump>();
/** The files that an undisturbed run ends with. */
let end: Record<string, string>;
const restoredDatabases: World[] = [];

const backUp = async (name: string): Promise<void> => {
  dumps.set(name, await dumpDatabase(world, join(base, `${name}.dump`)));
  await copyAreas(world, join(base, `${name}.files`));
};
const runJobs = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await world.run('run-jobs', 'run-one');
};

/** An issue of two pages on its road from upload to derivatives, backed up after one job, after three, and at the page review. */
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'pressmark-restore-'));
  world = await makeWorld(join(base, 'world'), { DPI: '72' });
  const [title, directory] = [ALDER_LANDING_BEACON, join(world.pdfUploads, ALDER_LANDING_BEACON.lccn, '2024-03-07')];
  await makeBornDigitalIssue({ directory, title, date: '2024-03-07', pages: 2, seed: 7, layout: 'one-pdf' });
  await mkdir(join(world.root, 'marc'));
  await writeFile(join(world.root, 'marc', 'title.xml'), sampleMarc(title));
  await world.run('orgs', 'add', 'tst', 'Test Library');
  await world.run('titles', 'add', '--marc', join(world.root, 'marc'));
  await world.run('bulk-queue', '--type', 'borndigital', '--key', title.lccn);
  await runJobs(1);
  await backUp('copied');
  await runJobs(2);
  await backUp('deleted');
  await daemonEnd(world.startDaemon());
  await backUp('reviewing');
  await toItsEnd(world);
  end = await filesOf(world);
}, 240_000);

afterAll(async () => {
  for (const { own } of [world, ...restoredDatabases]) await own.drop();
  for (const dump of dumps.values()) await dump.drop();
  await rm(base, { recursive: true, force: true });
});

/** The database of one backup with the files of another, which may be newer. */
async function restored(database: string, files: string): Promise<World> {
  const dump = dumps.get(database);
  if (!dump) throw new Error(`there is no backup ${database}`);
  const made = await restore(world, dump, join(base, `${files}.files`));
  restoredDatabases.push(made);
  return made;
}

async function toItsEnd(at: World): Promise<void> {
  await reviewPages(at);
  await daemonEnd(at.startDaemon());
}

const standing = async ({ own }: World) =>
  (
    await own.database.pool.query<{ name: string; status: string; why: string | null }>(
      `select name, status, coalesce(error ->> 'message', hold_action) as why from pipelines where status not in ('success', 'cancelled')`,
    )
  ).rows;

describe('a backup is restored', () => {
  it('whose database has a pipeline in the hands of a runner that is no more, and whose files are some jobs newer: jobs find their work done, and the road ends as it would have', async () => {
    const now = await restored('copied', 'deleted');
    await now.own.database.pool.query(`
      with gone as (insert into runners (host, pid, boot_id, version, queues, heartbeat_at) values ('lost', 1, '', '1', '{}', now() - interval '1 day') returning id)
      update pipelines set status = 'in_process', runner_id = gone.id, epoch = epoch + 1, step_started_at = now() from gone`);
    await daemonEnd(now.startDaemon());
    await toItsEnd(now);
    expect(await filesOf(now)).toEqual(end);
    expect(await standing(now)).toEqual([{ name: 'MakeDerivatives', status: 'held', why: 'metadata_entry' }]);
    expect(await now.run('issues', 'verify', '--all')).toContain('1 sound');
  });

  it('with files that have moved on twice: what cannot go on says so, and "issues cancel-intake" brings the upload back, to be queued again', async () => {
    const now = await restored('copied', 'reviewing');
    await daemonEnd(now.startDaemon());
    expect(await standing(now)).toEqual([
      { name: 'TakeInUpload', status: 'failed', why: expect.stringContaining('is not there') as string },
    ]);
    await now.run('issues', 'cancel-intake', 'sn99999001/2024030701', '--reason', 'restored');
    await daemonEnd(now.startDaemon());
    expect(await now.run('issues', 'uploads')).toContain('sn99999001/2024030701: ready');
  });

  it('with files older than the database: nothing goes on over what is missing, the question says that it is', async () => {
    const now = await restored('reviewing', 'copied');
    await now.own.database.pool.query(`update pipelines set wake_at = now() where status = 'held'`); // its next look
    await daemonEnd(now.startDaemon());
    expect(await standing(now)).toEqual([{ name: 'TakeInUpload', status: 'held', why: 'page_review' }]);
    expect(await now.run('holding-pen', 'list')).toContain(
      'is not there, nor its 2 pages: put it back under this name',
    );
  });
});
