/** Bad input of every kind beside good issues, through the real programs: each refused or failed with a word that helps, nothing lost, all else done. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeSampleUploads, type SampleUploads } from '../../src/newspapers/samples/uploads.js';
import { start } from '../cli/started-program.js';
import { until } from '../engine/support.js';
import { pdfBytes } from '../newspapers/derivatives/documents.js';
import { AS_NOBODY, nobodyReaches } from '../support/nobody.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { daemonEnd, makeWorld, type World } from './daemon.js';
import { endSockets, HOSTILE, layOut, objectsOf, ODD_NAMES, ODD_SCANS, type Hostile } from './hostile-uploads.js';

const run = promisify(execFile);

vi.setConfig({ testTimeout: 300_000 }); // each is many programs one after the other

let world: World;
let proxy: Proxy;
/** The database as the daemons reach it: through the proxy. */
let proxied: string;
let good: SampleUploads;
/** Where each lies, by what it is. */
const places = new Map<string, string>();
/** Of every file that was uploaded, by its path (latin1: a path need not be text). */
let uploaded: Map<string, string>;

beforeAll(async () => {
  world = await makeWorld(await mkdtemp(join(tmpdir(), 'pressmark-hostile-')), { SHUTDOWN_GRACE: '1s' });
  await chmod(world.root, 0o755);
  ({ proxy, url: proxied } = await through(world.own.url));
  const marcDirectory = join(world.root, 'marc');
  good = await makeSampleUploads({
    pdfUploadPath: world.pdfUploads,
    scanUploadPath: world.scanUploads,
    marcDirectory,
    orgCode: 'tst',
    seed: 3,
    bornDigital: { pages: 3 },
    scan: { pages: 1, dpi: 200 },
  });
  await world.run('orgs', 'add', 'tst', 'Test Library');
  await world.run('titles', 'add', '--marc', marcDirectory);
  const { titleDirectories } = theGood();
  for (const hostile of HOSTILE) places.set(hostile.what, await layOut(hostile, titleDirectories[hostile.kind]));
  uploaded = new Map(sumsBelow(world.pdfUploads, world.scanUploads).map(({ path, sum }) => [path, sum]));
}, 300_000);

afterAll(async () => {
  endSockets();
  await proxy.close();
  await world.own.drop();
  await rm(world.root, { recursive: true, force: true });
});

function theGood() {
  const [bornDigital] = good.bornDigital;
  const [scan] = good.scans;
  if (!bornDigital || !scan) throw new Error('one of each was asked for');
  const titleDirectories = { borndigital: dirname(bornDigital.directory), scan: dirname(scan.directory) };
  return { bornDigital, scan, titleDirectories };
}

/** A way to the database that can be cut. */
async function through(url: string): Promise<{ proxy: Proxy; url: string }> {
  const target = new URL(url);
  const directory = target.searchParams.get('host'); // of a unix socket: then the user is a parameter, too
  const port = Number(target.port || '5432');
  const made = await startProxy(directory === null ? { port } : { path: `${directory}/.s.PGSQL.${port}` });
  if (directory === null) target.port = String(made.port);
  const socketUser = target.searchParams.get('user') ?? '';
  return {
    proxy: made,
    url: directory === null ? target.href : `postgresql://${socketUser}@127.0.0.1:${made.port}${target.pathname}`,
  };
}

/** Every regular file below, whatever its name. */
function sumsBelow(...roots: (string | Buffer)[]): { path: string; sum: string }[] {
  return roots.flatMap((root) =>
    readdirSync(root, { withFileTypes: true, encoding: 'buffer' }).flatMap((entry) => {
      const path = Buffer.concat([Buffer.from(root), Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) return sumsBelow(path);
      const sum = () => createHash('sha256').update(readFileSync(path)).digest('hex');
      return entry.isFile() ? [{ path: path.toString('latin1'), sum: sum() }] : [];
    }),
  );
}

interface ListedUpload {
  found: string;
  directory?: string;
  path?: string;
  state?: string;
  problem?: { message: string };
  problems?: { message: string; level: string }[];
}

async function listedUploads(): Promise<ListedUpload[]> {
  const { uploads } = JSON.parse(await world.run('issues', 'uploads', '--full', '--json')) as {
    uploads: ListedUpload[];
  };
  return uploads;
}

/** What is said of the place of an upload, or of what lies in it. */
function saidOf(place: string, all: readonly ListedUpload[], hostile: Hostile): string[] {
  const mine = all.filter(({ directory, path = '' }) =>
    hostile.directory === '.' ? path.includes('2024-04-11') : directory === place,
  );
  return mine.flatMap(({ problem, problems = [] }) => [...(problem ? [problem] : []), ...problems].map(({ message }) => message)); // prettier-ignore
}

interface Row {
  id: number;
  status: string;
  hold_action: string | null;
  error: { message: string } | null;
  upload: string;
  issue: number;
  human_name: string;
  workflow_step: string;
}

/** The latest pipeline of each issue, with where it was uploaded. */
async function pipelines(): Promise<Row[]> {
  const { rows } = await world.own.database.pool.query<Row>(
    `select distinct on (i.id) p.id, p.status, p.hold_action, p.error, i.upload_location as upload, i.id as issue, i.human_name, i.workflow_step
     from newspapers.issues i join pipelines p on p.object_type = 'issue' and p.object_id = i.id order by i.id, p.id desc`,
  );
  return rows;
}

const placeOf = ({ what }: Hostile): string => places.get(what) ?? '';
const of = (becomes: Hostile['becomes']) => HOSTILE.filter((hostile) => hostile.becomes === becomes);
const hostileAt = (directory: string): Hostile => {
  const found = HOSTILE.find((hostile) => hostile.directory === directory);
  if (!found) throw new Error(`no hostile upload in ${directory}`);
  return found;
};

describe('hostile uploads beside two good issues', () => {
  test('those that names, kinds and files show are named before anything is queued; the others are ready', async () => {
    const listed = await listedUploads();
    for (const hostile of of('refused')) {
      const said = saidOf(placeOf(hostile), listed, hostile);
      expect.soft(said, hostile.what).toContainEqual(expect.stringMatching(hostile.says ?? /never/));
    }
    const notReady = listed.filter(({ state }) => state !== 'ready').map(({ directory, path }) => directory ?? path);
    expect(notReady).toHaveLength(of('refused').length);
    for (const { directory } of [theGood().bornDigital, theGood().scan, ...of('failed').map((h) => ({ directory: placeOf(h) }))]) expect.soft(notReady).not.toContain(directory); // prettier-ignore
  });

  test('one that changed a short time ago is left alone, and told until when', async () => {
    const file = join(world.root, 'cautious.env');
    const settings = await readFile(join(world.root, 'settings.env'), 'utf8');
    const cautious = settings.replace(/(DURATION_ISSUE_CONSIDERED_DANGEROUS)="0s"/, '$1="1h"');
    await writeFile(file, cautious);
    const { stdout } = await run(process.execPath, ['bin/bulk-queue', '--settings', file, '--type', 'borndigital', '--key', `${theGood().bornDigital.lccn}/20240307`]); // prettier-ignore
    expect(stdout).toMatch(
      /WARN Skipping .*2024030701 \(.*2024-03-07\):\n +- modified too recently; must be left alone 60 minutes, until 2/,
    );
    expect(stdout).toContain('0 queued, 0 already queued, 1 skipped for problems.');
    await rm(join(theGood().bornDigital.directory, '.manifest')); // or it would be a file that was not uploaded
  });

  test.skipIf(!nobodyReaches())('one that may not be read is named to a daemon that is not root', async () => {
    const [file = ''] = theGood().bornDigital.files;
    await chmod(file, 0o600);
    const args = [...AS_NOBODY, process.execPath, resolve('bin/issues'), 'uploads', '--full', '--settings', join(world.root, 'settings.env')]; // prettier-ignore
    const env = { PATH: process.env['PATH'], NCA_DATABASE_URL: proxied, NCA_VAR_DIRECTORY: '/tmp' };
    const { stdout } = await run('setpriv', args, { env });
    await chmod(file, 0o644);
    expect(stdout).toMatch(/2024030701: errors\n +error: "[^"]+\.pdf" cannot be read: EACCES.*; mend its permissions/);
  });

  test('are queued, but for those; the reason of each stands beside its place', async () => {
    // The growing one goes ahead: copied and verified, then somebody adds a page.
    const { bornDigital, scan } = theGood();
    const growing = placeOf(hostileAt('2024-04-18'));
    await world.run('bulk-queue', '--type', 'borndigital', '--key', `${bornDigital.lccn}/20240418`);
    for (const type of ['sync_recursive', 'verify_recursive'])
      expect(await world.run('run-jobs', 'run-one')).toContain(`(${type})`);
    const page = await pdfBytes({ lines: ['a page that came late'] });
    await writeFile(join(growing, '2.pdf'), page);
    uploaded.set(join(growing, '2.pdf'), createHash('sha256').update(page).digest('hex'));

    const said = [
      await world.run('bulk-queue', '--type', 'borndigital', '--key', bornDigital.lccn),
      await world.run('bulk-queue', '--type', 'scan', '--key', scan.lccn),
    ].join('');
    for (const hostile of HOSTILE.filter((each) => each.directory !== '.' && each.directory !== '2024-04-18')) {
      const skipped = new RegExp(`^WARN Skipping .*/${basename(hostile.directory).slice(0, 10)}`, 'm').test(said);
      expect.soft(skipped, hostile.what).toBe(hostile.becomes === 'refused');
    }
    const queued = (await pipelines()).map(({ upload }) => upload).sort();
    const expected = HOSTILE.filter(({ becomes }) => becomes !== 'refused').map(placeOf);
    expect(queued).toEqual([...expected, bornDigital.directory, scan.directory].sort());

    const vanishing = placeOf(hostileAt('2024-04-17'));
    for (const path of uploaded.keys()) if (path.startsWith(`${vanishing}/`)) uploaded.delete(path);
    await rm(vanishing, { recursive: true });
  });

  test('go through two daemons at once, whose database is away for a while: both end well, nothing hangs', async () => {
    // As long as somebody else is at work they do not end: both are there when the database goes away.
    await world.own.database.pool.query(
      `with elsewhere as (insert into runners (host, pid, boot_id, version, queues, heartbeat_at) values ('elsewhere', 1, '', '1', '{}', now() + interval '1 day') returning id)
         insert into pipelines (name, description, created_by, status, queue, next_sequence, epoch, step_started_at, runner_id)
         select 'Elsewhere', '', 'ann', 'in_process', 'io', 10, 1, now(), id from elsewhere`,
    );
    const args = ['watch', '--exit-when-idle', '--settings', join(world.root, 'settings.env')];
    const daemons = [1, 2].map(() => start('run-jobs', args, { NCA_DATABASE_URL: proxied }));
    await until('some are through', async () => (await pipelines()).filter(({ status }) => /held|failed/.test(status)).length > 3, 120); // prettier-ignore
    await proxy.cut();
    for (const daemon of daemons)
      await until('the daemon notices', () => /ECONNREFUSED|terminated unexpectedly/i.test(daemon.stderr()), 60);
    await proxy.heal();
    await world.own.database.pool.query(`delete from pipelines where name = 'Elsewhere'`);
    await world.own.database.pool.query(`delete from runners where host = 'elsewhere'`);
    for (const daemon of daemons) expect.soft(await daemon.ended, daemon.stderr()).toEqual({ code: 0, signal: null });
    // What failed for a reason that may pass is tried later: that time has come.
    for (let round = 0; (await waiting()).length > 0 && round < 5; round++) {
      await world.own.database.pool.query(`update pipelines set run_at = now() where status = 'delayed'`);
      await daemonEnd(world.startDaemon());
    }
    expect(await waiting()).toEqual([]);
    const { rows } = await world.own.database.pool.query(
      `select kind, pipeline_id from events where kind like 'rescue%'`,
    );
    expect(rows).toEqual([]);
  });

  const waiting = async () => (await pipelines()).filter(({ status }) => !/held|failed|success/.test(status));

  test('each bad one failed with a message that names thing, reason and remedy; nothing else failed', async () => {
    const rows = await pipelines();
    for (const hostile of of('failed')) {
      const row = rows.find(({ upload }) => upload === placeOf(hostile));
      expect.soft(row?.status, hostile.what).toBe('failed');
      expect.soft(row?.error?.message, hostile.what).toMatch(hostile.says ?? /never/);
    }
    expect(rows.filter(({ status }) => status === 'failed')).toHaveLength(of('failed').length);
    const [first] = rows.filter(({ status }) => status === 'failed');
    const shown = await world.run('holding-pen', 'show', String(first?.id));
    expect(shown).toContain(`error: ${first?.error?.message ?? 'none'}`);
    const uploads = await world.run('issues', 'uploads');
    expect(uploads).toMatch(/1\.pdf: it is empty \(0 bytes\); upload a complete copy/);
    expect(uploads).toMatch(
      /remedy: give it back with "bin\/issues cancel-intake sn99999001\/2024040101 --reason TEXT", have the file replaced/,
    );
    const held = await world.run('holding-pen', 'list');
    expect(held).toMatch(/FAILED.*2024040101/);
  });

  test('the good ones, and those that only looked bad, are where they ought to be with the right files', async () => {
    const rows = await pipelines();
    const at = (directory: string) => rows.find(({ upload }) => upload === directory);
    const { bornDigital, scan } = theGood();
    const inReview = [bornDigital.directory, ...of('in review').map(placeOf)];
    for (const directory of inReview)
      expect.soft(at(directory), directory).toMatchObject({ status: 'held', hold_action: 'page_review', workflow_step: 'AwaitingPageReview' }); // prettier-ignore
    const pages = async (directory: string) => (await readdir(join(world.review, at(directory)?.human_name ?? ''))).sort(); // prettier-ignore
    const seq = (count: number) => Array.from({ length: count }, (_, n) => `seq-${String(n + 1).padStart(4, '0')}.pdf`);
    expect(await pages(bornDigital.directory)).toEqual(seq(3));
    const [busy, odd] = [placeOf(hostileAt('2024-04-08')), placeOf(hostileAt('2024-04-09'))];
    expect(await pages(odd)).toEqual(seq(ODD_NAMES.length));
    expect((await readdir(join(world.backup, at(odd)?.human_name ?? ''))).sort()).toEqual([...ODD_NAMES].sort());
    for (const page of await pages(busy))
      expect(await objectsOf(join(world.review, at(busy)?.human_name ?? '', page))).not.toMatch(/JavaScript|Launch|virus|MZ-the/); // prettier-ignore
    const described = of('described').map((each) => ({ directory: placeOf(each), count: ODD_SCANS.length }));
    for (const { directory, count } of [{ directory: scan.directory, count: 1 }, ...described]) {
      expect.soft(at(directory), directory).toMatchObject({ status: 'held', hold_action: 'metadata_entry' });
      const files = (await readdir(join(world.workflow, at(directory)?.human_name ?? ''))).sort();
      const numbers = Array.from({ length: count }, (_, n) => String(n + 1).padStart(4, '0'));
      expect(files).toEqual(numbers.flatMap((n) => ['jp2', 'pdf', 'tif', 'xml'].map((ending) => `${n}.${ending}`)));
    }
  });

  test('no byte of what was uploaded is lost', () => {
    const found = new Set(sumsBelow(world.root).map(({ sum }) => sum));
    const lost = [...uploaded].filter(([, sum]) => !found.has(sum)).map(([path]) => path);
    expect(uploaded.size).toBeGreaterThan(40);
    expect(lost).toEqual([]);
  });

  test('what was refused lies where it lay', () => {
    const there = new Map(sumsBelow(world.pdfUploads, world.scanUploads).map(({ path, sum }) => [path, sum]));
    for (const hostile of of('refused').filter(({ directory }) => directory !== '.'))
      for (const [path, sum] of uploaded)
        if (path.startsWith(`${placeOf(hostile)}/`)) expect.soft(there.get(path)).toBe(sum);
  });

  test('cancelled, each bad one is back at its place as it was, and nothing of it is left elsewhere', async () => {
    // prettier-ignore
    const failed = (await pipelines()).filter(({ status }) => status === 'failed');
    for (const { issue } of failed) await world.run('issues', 'cancel-intake', String(issue), '--reason', 'it is bad');
    await daemonEnd(world.startDaemon());
    const after = await pipelines();
    expect(after.filter(({ issue }) => failed.some((one) => one.issue === issue)).map(({ status }) => status)).toEqual(failed.map(() => 'success')); // prettier-ignore
    const there = new Map(sumsBelow(world.pdfUploads, world.scanUploads).map(({ path, sum }) => [path, sum]));
    for (const hostile of of('failed'))
      for (const [path, sum] of uploaded)
        if (path.startsWith(`${placeOf(hostile)}/`)) expect.soft(there.get(path), path).toBe(sum);
    for (const area of [world.workflow, world.backup, world.review]) {
      const names = await readdir(area);
      expect
        .soft(
          names.filter((name) => name.startsWith('.')),
          area,
        )
        .toEqual([]); // no .wip-, no .split-
      expect.soft(names.filter((name) => failed.some(({ human_name }) => name.includes(human_name))), area).toEqual([]); // prettier-ignore
    }
  });

  test('mended, a bad one goes in and comes through', async () => {
    const empty = placeOf(hostileAt('2024-04-01'));
    await appendFile(join(empty, '1.pdf'), await pdfBytes({ lines: ['whole at last'] }));
    await world.run('bulk-queue', '--type', 'borndigital', '--key', `${theGood().bornDigital.lccn}/20240401`);
    await daemonEnd(world.startDaemon());
    const row = (await pipelines()).filter(({ upload }) => upload === empty).at(-1);
    expect(row).toMatchObject({ status: 'held', hold_action: 'page_review' });
    expect(existsSync(empty)).toBe(false);
  });
});
