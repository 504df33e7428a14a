/** Jobs and watchers under locks: who does not get one is tried later, who loses one is told; nobody fails (issue 3, section 4). */
import { describe, expect, test } from 'vitest';
import { filesLock, watcherLock } from '../../src/coordination/lock-names.js';
import { LeasedLocks } from '../../src/coordination/leased-locks.js';
import { postgresCoordination, type Coordination } from '../../src/coordination/coordination.js';
import { postgresLockStore } from '../../src/coordination/postgres-locks.js';
import type { RunnerObserver } from '../../src/engine/runner/observer.js';
import { defineWatcher } from '../../src/engine/watcher.js';
import { done, FatalError, tryLater } from '../../src/engine/job.js';
import { syncRecursive } from '../../src/files/jobs.js';
import { newspaperJobs } from '../../src/newspapers/registration.js';
import { aborted, plan } from '../engine/stage.js';
import {
  enqueued,
  enqueuedOne,
  eventKinds,
  jobRows,
  makeDelayedDue,
  readableLog,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
} from '../engine/support.js';
import { LockedJobs } from './fixtures/locked-jobs.js';
import { elsewhere } from './stores.js';

const own = useDatabase();

/** Locks in the test's database. They outlive the seconds for which a busy machine may let this process stand still. */
const locks = (expirySeconds = 60) => new LeasedLocks(postgresLockStore(own.database.pool), expirySeconds);
/** With locks of short life, whose loss is noticed soon. */
const coordination = (): Coordination => ({ ...postgresCoordination(own.database.pool), locks: locks(8) });

async function runAgainUntil(id: number, status: string): Promise<void> {
  await until(`pipeline ${id} becomes ${status}`, async () => {
    await makeDelayedDue(own);
    const [row] = await rows<{ status: string }>(own, 'select status from pipelines where id = $1', [id]);
    return row?.status === status;
  });
}

describe('a job', () => {
  test('whose lock another has is tried later, as often as need be, without a failure, and without a line for each try', async () => {
    const jobs = new LockedJobs();
    const lock = await locks().take('lock of A');
    const { log, lines } = readableLog();
    const id = await enqueuedOne(own, jobs.plan('A'));
    await startRunner(own, { more: jobs.all, log });
    const delayed = await untilStatus(own, id, 'delayed');
    expect(delayed.error?.message).toMatch(/^the lock lock of A is held by process \d+ on /);
    const [wait] = await rows<{ s: number }>(
      own,
      'select extract(epoch from run_at - now())::float8 as s from pipelines',
    );
    expect(wait?.s).toBeLessThan(7);
    for (let runs = 1; runs < 4; runs++) {
      await until('it was tried', async () => ((await jobRows(own, id))[0]?.attempt ?? 0) >= runs);
      await makeDelayedDue(own);
    }
    expect(jobs.begun).toEqual([]);
    await lock.release();
    await runAgainUntil(id, 'success');
    expect((await jobRows(own, id))[0]).toMatchObject({ failures: 0, status: 'success' });
    expect(await eventKinds(own, id)).toEqual([]);
    const said = () => lines.filter((line) => line['pipeline'] === id).map((line) => line['msg']);
    await until('the runner has heard that it is done', () => said().length > 0); // the row says so first
    expect(said()).toEqual(['pipeline done']);
  });

  test('does not use up the time that it allows itself while it waits for a lock', async () => {
    const jobs = new LockedJobs();
    const notYet = () => Promise.resolve(tryLater({ after: '1 min', deadline: '1 d', reason: 'still loading' }));
    jobs.on('A', notYet, notYet);
    const id = await enqueuedOne(own, jobs.plan('A'));
    const lock = await locks().take('lock of A');
    await startRunner(own, { more: jobs.all });
    await untilStatus(own, id, 'delayed');
    await rows(own, `update jobs set tried_since = now() - interval '30 days'`);
    await lock.release();
    await until('it runs', async () => {
      await makeDelayedDue(own);
      return jobs.runsOf('A') > 0;
    });
    await runAgainUntil(id, 'success');
  });

  test.each(['one runner', 'two runners'])('never runs beside another with the same lock (%s)', async (how) => {
    const jobs = new LockedJobs();
    const names = Array.from({ length: 12 }, (_, i) => `job ${i}`);
    const pause = () => new Promise<undefined>((resolve) => setImmediate(() => setImmediate(() => resolve(undefined))));
    for (const name of names) jobs.on(name, pause);
    const ids = await enqueued(own, ...names.map((name) => jobs.plan(name, 'the same')));
    await startRunner(own, { more: jobs.all });
    if (how === 'two runners') await startRunner(own, { more: jobs.all });
    for (const id of ids) await runAgainUntil(id, 'success');
    expect(jobs.most).toBe(1);
    expect(jobs.done.sort()).toEqual(names.sort());
  });

  test('with several locks takes them in one order: two that want the same do not block each other for ever', async () => {
    const jobs = new LockedJobs();
    const ids = await enqueued(
      own,
      ...Array.from({ length: 10 }, (_, i) => jobs.plan(`job ${i}`, ...(i % 2 ? ['a', 'b', 'a'] : ['b', 'a']))),
    );
    await Promise.all([1, 2].map(() => startRunner(own, { more: jobs.all })));
    for (const id of ids) await runAgainUntil(id, 'success');
    expect(jobs.done).toHaveLength(10);
    expect(await rows(own, 'select name from locks')).toEqual([]);
  });

  test('that does not get its second lock does not keep the first', async () => {
    const jobs = new LockedJobs();
    await locks().take('b');
    const id = await enqueuedOne(own, jobs.plan('A', 'a', 'b'));
    await startRunner(own, { more: jobs.all });
    await untilStatus(own, id, 'delayed');
    await (await locks().take('a', { waitSeconds: 15 })).release(); // it has it for a moment at each try
  });

  test('that loses its lock is told, what it says does not count, and it is tried later', async () => {
    const jobs = new LockedJobs();
    jobs.on('A', async ({ signal }) => {
      await aborted(signal).catch(() => undefined);
      return done({ result: 'I did it all the same' });
    });
    const id = await enqueuedOne(own, jobs.plan('A'));
    await startRunner(own, { more: jobs.all, coordination: coordination() });
    await until('it runs', () => jobs.begun.length === 1);
    await rows(own, 'delete from locks');
    const delayed = await untilStatus(own, id, 'delayed');
    expect(delayed.error?.message).toMatch(/the lock lock of A was lost/);
    expect(jobs.told.get('A')?.name).toBe('LockLost');
    expect((await jobRows(own, id))[0]).toMatchObject({ failures: 0, result: null });
    await runAgainUntil(id, 'success');
  });

  test('that takes a lock while it runs is tried later, too, when another has it', async () => {
    const jobs = new LockedJobs();
    const more = ({ locks: own }: { locks: { withLock: LeasedLocks['withLock'] } }) =>
      own.withLock('found on the way', () => Promise.resolve(undefined));
    jobs.on('A', more, more);
    const lock = await locks().take('found on the way');
    const id = await enqueuedOne(own, jobs.plan('A'));
    await startRunner(own, { more: jobs.all });
    await untilStatus(own, id, 'delayed');
    await lock.release();
    await runAgainUntil(id, 'success');
    expect((await jobRows(own, id))[0]).toMatchObject({ failures: 0 });
  });

  test('that fails lets go of its locks, and fails as ever', async () => {
    const jobs = new LockedJobs();
    jobs.on('A', () => Promise.reject(new FatalError('no such page')));
    const id = await enqueuedOne(own, jobs.plan('A'));
    await startRunner(own, { more: jobs.all });
    await untilStatus(own, id, 'failed');
    await (await locks().take('lock of A')).release();
  });

  test('that goes on although it was cancelled keeps its lock from everybody until it has really ended', async () => {
    const jobs = new LockedJobs();
    let end!: () => void;
    const ended = new Promise<undefined>((resolve) => (end = () => resolve(undefined)));
    jobs.on('A', () => ended);
    const id = await enqueuedOne(own, jobs.plan('A'));
    const ends: string[] = [];
    const observer: RunnerObserver = {
      polled: () => undefined,
      runEnded: (_, how) => ends.push(how),
      rescued: () => undefined,
      leaseLost: () => undefined,
    };
    await startRunner(own, { more: jobs.all, coordination: coordination(), observer });
    await until('it runs', () => jobs.begun.length === 1);
    await rows(own, `select cancel_pipeline($1, 'ada', 'a test')`, [id]);
    await until('it is told', () => jobs.told.has('A'));
    await until('the runner waits for it no longer', () => ends.length > 0);
    expect(ends).toEqual(['stopped']);
    const [before] = await rows<{ expiry: string }>(own, 'select expires_at::text as expiry from locks');
    await until('its lock is renewed', async () => {
      const [row] = await rows<{ later: boolean }>(own, 'select expires_at > $1 as later from locks', [before?.expiry]);
      return row?.later === true;
    });
    await expect(locks().take('lock of A')).rejects.toThrow('is held by');
    end();
    await (await locks().take('lock of A', { waitSeconds: 30 })).release();
  });
});

describe('files', () => {
  test('every job that moves, changes or splits files locks their directories, those of a move under their lasting name', () => {
    const { definition } = syncRecursive;
    expect(definition.locks?.({ from: '/sftp/a', to: '/work/.wip-a', movedTo: '/work/a' })).toEqual([
      filesLock('/sftp/a'),
      filesLock('/work/a'),
    ]);
    const locked = newspaperJobs.filter((job) => job.definition.locks !== undefined).map((job) => job.definition.type);
    expect(locked).toEqual(expect.arrayContaining(['page_split', 'renumber_pages', 'make_derivatives']));
  });

  test('an upload that somebody has locked is not moved meanwhile', async () => {
    const lock = await locks().take(filesLock('/sftp/./sn83025138/1907-05-01'));
    const id = await enqueuedOne(own, plan([syncRecursive({ from: '/sftp/sn83025138/1907-05-01', to: '/work/x' })]));
    await startRunner(own, { more: [syncRecursive] });
    expect((await untilStatus(own, id, 'delayed')).error?.message).toMatch(
      /files:\/sftp\/sn83025138\/1907-05-01 is held/,
    );
    await lock.release();
  });
});

describe('a watcher', () => {
  const watcherRow = async () =>
    (
      await rows<{ due: boolean; error: { message: string } | null; completed_at: Date | null }>(
        own,
        'select next_run_at <= now() as due, error, completed_at from watchers',
      )
    )[0];

  test('whose lock another has does not look, stays due, and looks when it gets it', async () => {
    let looks = 0;
    const watcher = defineWatcher({
      name: 'scans',
      every: '1 h',
      timeout: '10 min',
      run: async () => {
        looks++;
        return Promise.resolve();
      },
    });
    const lock = await locks().take(watcherLock('scans'));
    let others = 0;
    const other = defineWatcher({
      ...watcher,
      name: 'other',
      every: '1 s',
      run: async () => {
        others++;
        return Promise.resolve();
      },
    });
    await startRunner(own, { watchers: [watcher, other] });
    await until('the runner has come round', () => others >= 2);
    expect(looks).toBe(0);
    expect(await rows(own, `select from watchers where name = 'scans' and next_run_at <= now() and started_at is null`)).toHaveLength(1); // prettier-ignore
    await lock.release();
    await until('it looks', () => looks === 1);
    await until('it has ended', async () => (await rows(own, `select from watchers where name = 'scans' and completed_at is not null`)).length === 1); // prettier-ignore
    await (await locks().take(watcherLock('scans'), { waitSeconds: 30 })).release();
  });

  test('that loses its lock is told, and looks again at once', async () => {
    let looks = 0;
    let told: unknown;
    const watcher = defineWatcher({
      name: 'scans',
      every: '1 h',
      timeout: '10 min',
      run: async ({ signal }) => {
        if (++looks > 1) return;
        await aborted(signal).catch((reason: unknown) => (told = reason));
      },
    });
    const { log, lines } = readableLog();
    await startRunner(own, { watchers: [watcher], coordination: coordination(), log });
    await until('it looks', () => looks === 1);
    await rows(own, 'delete from locks');
    await until('it looks again', () => looks >= 2);
    expect((told as Error).name).toBe('LockLost');
    expect(lines.filter((line) => Number(line['level']) >= 50)).toEqual([]);
    await until('its row is clean', async () => {
      const row = await watcherRow();
      return row?.completed_at != null && row.error === null && !row.due;
    });
  });

  test('whose lock cannot be asked for does not look, and does not fail', async () => {
    let looks = 0;
    const watcher = defineWatcher({
      name: 'scans',
      every: '1 h',
      timeout: '10 min',
      run: async () => {
        looks++;
        return Promise.resolve();
      },
    });
    const down = new LeasedLocks({
      ...postgresLockStore(own.database.pool),
      take: () => Promise.reject(new Error('connect ECONNREFUSED')),
      release: () => Promise.reject(new Error('connect ECONNREFUSED')),
    });
    const { log, lines } = readableLog();
    const free = new LockedJobs(); // a job that its runner does not know would be a warning
    const parts = { watchers: [watcher], more: free.all, coordination: { ...coordination(), locks: down }, log };
    const away = await startRunner(own, parts);
    await until('its row is there', async () => (await watcherRow()) !== undefined);
    await untilStatus(own, await enqueuedOne(own, free.freePlan('A')), 'success');
    await away.stop(0);
    expect(looks).toBe(0);
    expect((await watcherRow())?.error).toBeNull();
    expect(lines.filter((line) => Number(line['level']) >= 40)).toEqual([]);
    await startRunner(own, { watchers: [watcher], coordination: coordination() });
    await until('another looks', () => looks === 1);
  });
});

test('a lock that a dead process of another host left is asked for until it expires', async () => {
  const jobs = new LockedJobs();
  const store = postgresLockStore(own.database.pool);
  await store.take('lock of A', '00000000-0000-4000-8000-000000000000', elsewhere, 3_600_000);
  const id = await enqueuedOne(own, jobs.plan('A'));
  await startRunner(own, { more: jobs.all });
  expect((await untilStatus(own, id, 'delayed')).error?.message).toMatch('on another-host');
  expect(jobs.begun).toEqual([]);
  await rows(own, 'update locks set expires_at = clock_timestamp()'); // now
  await runAgainUntil(id, 'success');
});
