/** `run-jobs clean` as an administrator, or a timer, runs it. */
import { execFileSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { CleanReport } from '../../src/cli/run-jobs/clean.js';
import { PARTIAL } from '../../src/files/lines-archive.js';
import type { IssueStory } from '../../src/newspapers/issue-story.js';
import { archivedIds, givenFinished, readArchive } from '../engine/finished.js';
import { rows, until, useDatabase } from '../engine/support.js';
import { givenIssue } from '../newspapers/rows.js';
import { mayMount } from '../support/may-mount.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { run, succeed, succeedJson } from './run-program.js';
import { start } from './started-program.js';

const own = useDatabase();
let area: string;
let to: string;
let env: Record<string, string>;
beforeEach(async () => {
  area = await temporaryDirectory();
  to = join(area, 'old');
  env = { DATABASE_URL: own.url, VAR_DIRECTORY: join(area, 'var') };
});
const CLEAN = ['clean', '--older-than', '90d'];
const left = () =>
  rows<{ id: number }>(own, 'select id from pipelines order by id').then((all) => all.map(({ id }) => id));

it('says what it did and where the lines are', async () => {
  const ids = await givenFinished(own, 2);
  const issue = await givenIssue(own.database.kysely, 'sn11111111');
  const kept = await givenFinished(own, 1, { object: ['issue', issue.id] });
  expect(await succeed('run-jobs', [...CLEAN, '--dry-run'], env)).toMatch(
    /^Would archive 2 pipelines that ended before .*\nKept 1: their object is still at work\.\n$/,
  );
  expect(await left()).toEqual([...ids, ...kept]);
  const directory = join(area, 'var', 'archived-pipelines');
  const told = await succeed('run-jobs', CLEAN, env);
  const [file = ''] = await readdir(directory);
  expect(told).toMatch(/^Archived 2 pipelines that ended before .*\nThey are in .*, 1 KB\.\nKept 1: their object/);
  expect(told).toContain(join(directory, file));
  expect(await archivedIds(directory)).toEqual(ids);
  expect(await left()).toEqual(kept);
  expect(await succeedJson<CleanReport>('run-jobs', CLEAN, env)).toMatchObject({ archived: 0, kept: { object: 1 }, files: [], dryRun: false }); // prettier-ignore
});

it.each([['90'], ['0d'], ['90 days'], ['-1d']])('--older-than %s is a usage error', async (span) => {
  expect(await run('run-jobs', ['clean', '--older-than', span], env)).toMatchObject({ exitCode: 2 });
});

it('of an issue that left the workflow everything is archived, and "issues show" tells its story as before', async () => {
  const { id } = await givenIssue(own.database.kysely, 'sn22222222', { location: '/uploads/sn22222222/1' });
  const object: [string, number] = ['issue', id];
  await givenFinished(own, 1, { object, daysAgo: 120 });
  await givenFinished(own, 1, { object, status: 'cancelled' });
  await rows(own, `update newspapers.issues set ignored = true where id = $1`, [id]);
  const history = async () =>
    (await succeed('issues', ['show', String(id)], env)).replace(/[^]*?\n(?=.*enqueued a pipeline)/, '');
  const before = await history();
  expect(before.match(/a pipeline: Old/g)).toHaveLength(3);
  expect(await succeedJson<CleanReport>('run-jobs', [...CLEAN, '--to', to], env)).toMatchObject({ archived: 2 });
  expect(await history()).toBe(before);
  expect(await succeed('issues', ['show', String(id)], env)).toMatch(
    /^Its pipelines are archived: pipelines-.*\.jsonl\.gz$/m,
  );
  expect((await succeedJson<IssueStory>('issues', ['show', String(id)], env)).pipelines).toEqual([]);
});

describe('killed', () => {
  it('in the middle (kill -9) it loses nothing, and a second run ends what it began', async () => {
    const ids = await givenFinished(own, 3000);
    // The last one stays until the test lets it go: however late it looks and kills, not all are gone.
    const gate = await own.database.pool.connect();
    onTestFinished(() => gate.release(true));
    await gate.query('select pg_advisory_lock(1)');
    await gate.query('create function wait_at_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(1); return old; end $$'); // prettier-ignore
    await gate.query(`create trigger gate before delete on pipelines for each row when (old.id = ${ids.at(-1) ?? 0}) execute function wait_at_gate()`); // prettier-ignore
    const first = start('run-jobs', [...CLEAN, '--to', to], env);
    await until('some are gone and some are not', async () => (await left()).length < ids.length);
    first.child.kill('SIGKILL');
    await first.ended;
    await gate.query('select pg_advisory_unlock(1)');
    const sessions = () => rows(own, `select from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and application_name <> 'test'`); // prettier-ignore
    await until('what it had sent is done, or undone', async () => (await sessions()).length === 0);
    await gate.query('drop function wait_at_gate cascade');
    const gone = ids.length - (await left()).length;
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThan(ids.length);
    const [partial, ...others] = await readdir(to);
    expect([partial?.endsWith(PARTIAL), others]).toEqual([true, []]);
    const second = await succeedJson<CleanReport>('run-jobs', [...CLEAN, '--to', to], env);
    expect(second).toMatchObject({ archived: ids.length - gone, takenUp: [partial?.slice(0, -PARTIAL.length)] });
    expect(await left()).toEqual([]);
    const files = await readArchive(to); // throws when one cannot be read to its end
    expect(files.map(({ name }) => name).filter((name) => !name.endsWith('.jsonl.gz'))).toEqual([]);
    expect([...new Set(await archivedIds(to))].sort((a, b) => a - b)).toEqual(ids);
  });
});

describe('what the disk refuses is told, and nothing is deleted', () => {
  it('a directory that is a file', async () => {
    const ids = await givenFinished(own, 2);
    await writeFile(to, '');
    const { exitCode, stderr } = await run('run-jobs', [...CLEAN, '--to', to], env);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/\/old could not be written: .*run it again\n$/);
    expect(await left()).toEqual(ids);
  });

  it.skipIf(!mayMount)(
    'a full disk: what fitted is archived, the rest stays, and once there is room a second run ends it',
    async () => {
      const ids = await givenFinished(own, 1200);
      await rows(own, `update job_logs set message = (select string_agg(md5(random()::text || pipeline_id || i), '') from generate_series(1, 30) i) where pipeline_id > $1`, [ids[500]]); // prettier-ignore
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', area]);
      onTestFinished(() => void execFileSync('umount', ['-l', area]));
      const { exitCode, stderr } = await run('run-jobs', [...CLEAN, '--to', to], env);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/could not be written: ENOSPC: no space left on device.*make room/);
      expect(await left()).toEqual(ids.slice(500));
      expect(await archivedIds(to)).toEqual(ids.slice(0, 500));
      execFileSync('mount', ['-o', 'remount,size=8m', area]);
      expect(await succeedJson<CleanReport>('run-jobs', [...CLEAN, '--to', to], env)).toMatchObject({ archived: 700 });
      expect((await archivedIds(to)).sort((a, b) => a - b)).toEqual(ids);
    },
  );
});
