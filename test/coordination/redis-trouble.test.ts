/**
 * A Redis that is down, slow, flushed, full, locked or behind TLS, under real runners: jobs that need a lock are tried later,
 * the log says so once, all others go on, nothing fails, nothing is doubled (issue 3, section 4).
 */
import type { Logger } from 'pino';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { outageLog } from '../../src/cli/run-jobs/log-streams.js';
import { redisAddress } from '../../src/coordination/redis-address.js';
import { redisCoordination } from '../../src/coordination/redis-coordination.js';
import { aborted, plan, type Behaviour } from '../engine/stage.js';
import {
  enqueued,
  enqueuedOne,
  jobRows,
  makeDelayedDue,
  readableLog,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
} from '../engine/support.js';
import { startProxy } from '../support/proxy.js';
import { startRedis, type RedisOptions, type TestRedis } from '../support/redis.js';
import { LockedJobs } from './fixtures/locked-jobs.js';

const own = useDatabase();

/** Nothing failed in any of these tests, not even one run. */
afterEach(async () => {
  expect(await rows(own, `select * from events where kind in ('failed', 'failed_attempt')`)).toEqual([]);
  expect(await rows(own, 'select * from jobs where failures > 0')).toEqual([]);
});

async function redisFor(options: RedisOptions = {}): Promise<TestRedis> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.drop());
  return redis;
}

/** Locks in a Redis, as the daemon has them, but of short life; no shorter: a process of a busy machine that stands still for seconds keeps them. */
const EXPIRY_SECONDS = 8;
function coordinationOn(url: string, log: Logger, caFile?: string) {
  const coordination = redisCoordination(redisAddress(url, caFile), outageLog(log), EXPIRY_SECONDS);
  onTestFinished(() => coordination.close());
  return coordination;
}

async function runnerOn(url: string, jobs: LockedJobs, caFile?: string) {
  const { log, lines } = readableLog();
  const coordination = coordinationOn(url, log, caFile);
  await coordination.open();
  const runner = await startRunner(own, { more: jobs.all, coordination, log });
  /** What the log says of Redis. */
  const said = () => lines.map((line) => String(line['msg'])).filter((text) => text.includes('Redis'));
  return { runner, said, lines, coordination };
}

const again = async (id: number, ...statuses: string[]) => {
  await until(`pipeline ${id} becomes ${statuses.join(' or ')}`, async () => {
    await makeDelayedDue(own);
    const [row] = await rows<{ status: string }>(own, 'select status from pipelines where id = $1', [id]);
    return statuses.includes(row?.status ?? '');
  });
};

const OUTAGE =
  /^Redis at 127\.0\.0\.1:\d+\/0.* cannot be used: .*; .+\. Jobs that need a lock are tried later, all others go on$/;
const BACK = 'Redis is back: jobs that need a lock go on';

test('down at the start: the others run, those that need it wait, the log says so once, and all is done when it comes', async () => {
  const redis = await redisFor();
  await redis.stop();
  const jobs = new LockedJobs();
  const waiting = await enqueued(own, ...['A', 'B', 'C', 'D', 'E'].map((name) => jobs.plan(name)));
  const { said } = await runnerOn(redis.url, jobs);
  for (const id of waiting) await untilStatus(own, id, 'delayed');
  const free = await enqueuedOne(own, jobs.freePlan('F'));
  await untilStatus(own, free, 'success');
  const since = performance.now();
  await until('Redis was asked twice more, once a second', async () => {
    await makeDelayedDue(own);
    return performance.now() - since > 2500;
  });
  for (const id of waiting) await untilStatus(own, id, 'delayed');
  expect(said()).toEqual([expect.stringMatching(OUTAGE)]);
  expect(said()[0]).toContain('ECONNREFUSED');
  expect(jobs.begun).toEqual(['F']);
  for (const id of waiting)
    expect((await untilStatus(own, id, 'delayed')).error?.message).toMatch(
      /^Redis at .* cannot be used: connect ECONNREFUSED .*is REDIS_URL right/,
    );

  await redis.start();
  for (const id of waiting) await again(id, 'success');
  expect(jobs.done.sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'F']);
  expect(said()).toEqual([expect.stringMatching(OUTAGE), BACK]);
});

test('lost in the middle of a job: the job is told, tried later, and done when Redis was restarted', async () => {
  const redis = await redisFor();
  const jobs = new LockedJobs();
  jobs.on('A', ({ signal }) => aborted(signal));
  const id = await enqueuedOne(own, jobs.plan('A'));
  const { said } = await runnerOn(redis.url, jobs);
  await until('it runs', () => jobs.begun.length === 1);
  await redis.stop('SIGKILL');
  await until('it is told', () => jobs.told.has('A'));
  expect(jobs.told.get('A')?.name).toBe('LockLost');
  const delayed = await untilStatus(own, id, 'delayed');
  expect(delayed.error?.message).toMatch(/lost|cannot be used/);
  await redis.start();
  await again(id, 'success');
  expect(jobs.done).toEqual(['A']);
  expect(jobs.most).toBe(1);
  expect(said()).toEqual([expect.stringMatching(OUTAGE), BACK]);
});

test('a restart that is over before a lock expires: the lock is gone with it, which its holder notices', async () => {
  const redis = await redisFor();
  const jobs = new LockedJobs();
  jobs.on('A', ({ signal }) => aborted(signal));
  const id = await enqueuedOne(own, jobs.plan('A'));
  await runnerOn(redis.url, jobs);
  await until('it runs', () => jobs.begun.length === 1);
  await redis.stop('SIGKILL');
  await redis.start();
  await until('it is told', () => jobs.told.has('A'));
  await again(id, 'success');
  expect(jobs.done).toEqual(['A']);
});

test('slow: what answers within seconds is waited for, what does not counts as away, and holds up no other job', async () => {
  const redis = await redisFor();
  const proxy = await startProxy({ port: redis.port });
  onTestFinished(() => proxy.close());
  const jobs = new LockedJobs();
  const { said } = await runnerOn(`redis://127.0.0.1:${proxy.port}`, jobs);
  proxy.delay(150);
  await untilStatus(own, await enqueuedOne(own, jobs.plan('A')), 'success');
  expect(said()).toEqual([]);

  proxy.delay(60_000);
  const waiting = await enqueued(own, ...['B', 'C', 'D', 'E', 'F', 'G'].map((name) => jobs.plan(name)));
  await until(
    'one has given up',
    async () => (await rows(own, `select from pipelines where status = 'delayed'`)).length > 0,
  );
  const free = await enqueuedOne(own, jobs.freePlan('H'));
  await untilStatus(own, free, 'success');
  for (const id of waiting) await untilStatus(own, id, 'delayed');
  expect(said()).toEqual([expect.stringMatching(/no answer within 3 s/)]);

  await proxy.heal();
  await proxy.cut();
  await proxy.heal();
  for (const id of waiting) await again(id, 'success');
  expect(jobs.done.sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']);
});

test('flushed while held, twice: each time the holder is told, and no second run is beside it', async () => {
  const redis = await redisFor();
  const jobs = new LockedJobs();
  jobs.on(
    'A',
    ({ signal }) => aborted(signal),
    ({ signal }) => aborted(signal),
  );
  const id = await enqueuedOne(own, jobs.plan('A'));
  await runnerOn(redis.url, jobs);
  await until('it runs', () => jobs.runsOf('A') === 1);
  await redis.client().flushall();
  await until('it was told and runs again', async () => {
    await makeDelayedDue(own);
    return jobs.runsOf('A') === 2;
  });
  expect(jobs.told.get('A')?.message).toMatch(/does not know it any more/);
  await redis.client().flushall();
  await again(id, 'success');
  expect(jobs.done).toEqual(['A']);
  expect(jobs.most).toBe(1);
});

test('full: locks in hand are kept, new ones are refused until there is room', async () => {
  const redis = await redisFor();
  const client = redis.client();
  const jobs = new LockedJobs();
  let letGo!: () => void;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  jobs.on('A', async ({ signal }) => {
    await Promise.race([gate, aborted(signal)]);
    return undefined;
  });
  const held = await enqueuedOne(own, jobs.plan('A'));
  const { said, coordination } = await runnerOn(redis.url, jobs);
  await until('it runs', () => jobs.begun.length === 1);
  // Full beyond doubt: one that is filled to the brim has room again when it frees a buffer of its own.
  await client.config('SET', 'maxmemory', '1');
  await expect(client.set('junk', 'x')).rejects.toThrow('OOM');

  const refused = await enqueuedOne(own, jobs.plan('B'));
  const delayed = await untilStatus(own, refused, 'delayed');
  expect(delayed.error?.message).toMatch(/OOM .*; it is full: raise its maxmemory/);
  await expect(
    coordination.progress.write(held, { sequence: 10, done: 1, total: 2, unit: 'x' }, 1000),
  ).rejects.toThrow();
  // The lock of A is renewed all the same, again and again: by nothing else is more of its life left than a moment before.
  let left = await client.pttl('pressmark:lock:lock of A');
  let renewals = 0;
  await until('it is renewed three times', async () => {
    const now = await client.pttl('pressmark:lock:lock of A');
    expect(now).toBeGreaterThan(0);
    if (now > left) renewals++;
    left = now;
    return renewals === 3;
  });
  await expect(coordinationOn(redis.url, readableLog().log).locks.take('lock of A')).rejects.toThrow();
  expect(jobs.told.size).toBe(0);
  letGo();
  await untilStatus(own, held, 'success');
  expect(said()).toEqual([expect.stringMatching(OUTAGE)]);
  await client.config('SET', 'maxmemory', '100mb');
  await again(refused, 'success');
  expect(said()).toEqual([expect.stringMatching(OUTAGE), BACK]);
});

test('flushed, restarted and cut again and again under load: every job is done and none fails', async () => {
  const redis = await redisFor();
  const proxy = await startProxy({ port: redis.port });
  onTestFinished(() => proxy.close());
  const jobs = new LockedJobs();
  const names = Array.from({ length: 60 }, (_, i) => `job ${i}`);
  const work: Behaviour = ({ signal }) =>
    Promise.race([aborted(signal), new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
  for (const name of names) jobs.on(name, work, work, work);
  const ids = await enqueued(own, ...names.map((name, i) => plan([jobs.call(name, `lock ${i % 20}`)])));
  const url = `redis://127.0.0.1:${proxy.port}`;
  await Promise.all([runnerOn(url, jobs), runnerOn(url, jobs)]);
  const troubles = [
    () => redis.client().flushall(),
    () => proxy.cut().then(() => proxy.heal()),
    () => redis.stop('SIGKILL').then(() => redis.start()),
  ];
  const undone = async () =>
    (await rows(own, `select from pipelines where status <> 'success' and id = any ($1)`, [ids])).length;
  for (let i = 0; i < 9; i++) {
    const before = jobs.begun.length;
    await troubles[i % 3]?.();
    await until('work goes on', async () => {
      await makeDelayedDue(own);
      return jobs.begun.length > before + 2 || (await undone()) === 0;
    });
  }
  await until('all are done', async () => {
    await makeDelayedDue(own);
    return (await undone()) === 0;
  });
  expect(new Set(jobs.done).size).toBe(60);
});

describe('with a password', () => {
  const password = 'p@ss: wörd/%';
  const withPassword = (url: string, word: string) =>
    url.replace(/\/\/.*@|\/\//, word === '' ? '//' : `//:${encodeURIComponent(word)}@`);

  test('the right one opens it', async () => {
    const redis = await redisFor({ password });
    const jobs = new LockedJobs();
    const { said } = await runnerOn(redis.url, jobs);
    await untilStatus(own, await enqueuedOne(own, jobs.plan('A')), 'success');
    expect(said()).toEqual([]);
  });

  test.each([
    ['a wrong one', 'not the p@ssword', /WRONGPASS.*; check user and password in REDIS_URL/],
    ['none', '', /NOAUTH.*; check user and password in REDIS_URL/],
  ])('%s is said once, and never printed', async (_, wrong, message) => {
    const redis = await redisFor({ password });
    const jobs = new LockedJobs();
    const id = await enqueuedOne(own, jobs.plan('A'));
    const { said, lines } = await runnerOn(withPassword(redis.url, wrong), jobs);
    await untilStatus(own, id, 'delayed');
    await makeDelayedDue(own);
    const delayed = await untilStatus(own, id, 'delayed');
    expect(said()).toEqual([expect.stringMatching(message)]);
    const kept = JSON.stringify([lines, delayed, await jobRows(own, id), await rows(own, 'select * from events')]);
    for (const word of [
      password,
      encodeURIComponent(password),
      ...(wrong === '' ? [] : [wrong, encodeURIComponent(wrong)]),
    ])
      expect(kept).not.toContain(word);
    await redis.client().config('SET', 'requirepass', wrong); // now it is the right one
    await again(id, 'success');
  });
});

describe('over TLS', () => {
  test('with the authority in REDIS_CA it works, password and all', async () => {
    const redis = await redisFor({ tls: true, password: 'secret' });
    const jobs = new LockedJobs();
    const { said, coordination } = await runnerOn(redis.url, jobs, redis.caFile);
    await untilStatus(own, await enqueuedOne(own, jobs.plan('A')), 'success');
    expect(said()).toEqual([]);
    expect(coordination.locks.store).toBe(`Redis at 127.0.0.1:${redis.port}/0 over TLS`);
  });

  test('an unknown authority is refused, with what to do', async () => {
    const redis = await redisFor({ tls: true });
    const jobs = new LockedJobs();
    const id = await enqueuedOne(own, jobs.plan('A'));
    const { said } = await runnerOn(redis.url, jobs);
    await untilStatus(own, id, 'delayed');
    expect(said()).toEqual([expect.stringMatching(/certificate.*; check REDIS_CA/)]);
  });

  test('a server without TLS is refused, not spoken to in clear', async () => {
    const redis = await redisFor();
    const jobs = new LockedJobs();
    const id = await enqueuedOne(own, jobs.plan('A'));
    const { said } = await runnerOn(redis.url.replace('redis:', 'rediss:'), jobs);
    await untilStatus(own, id, 'delayed');
    expect(said()).toEqual([expect.stringMatching(OUTAGE)]);
  });
});
