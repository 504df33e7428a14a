/** What people see: progress from whichever store, and which store a daemon uses. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { statusText } from '../../src/cli/run-jobs/tables.js';
import { openCoordination } from '../../src/coordination/coordination.js';
import { readStatus } from '../../src/engine/status.js';
import { plan, Stage } from '../engine/stage.js';
import { enqueuedOne, startRunner, until, useDatabase } from '../engine/support.js';
import { startRedis } from '../support/redis.js';

const own = useDatabase();

async function coordinationOn(url: string | undefined) {
  const coordination = await openCoordination({ REDIS_URL: url, REDIS_CA: undefined }, own.database.pool);
  onTestFinished(() => coordination.close());
  return coordination;
}

/** A job that has done 4 of 16 pages. */
async function halfDone(url: string | undefined) {
  const stage = new Stage();
  const gate = stage.gate('A');
  await enqueuedOne(own, plan([stage.step('fast', 'A')]));
  await startRunner(own, { stage, coordination: await coordinationOn(url) });
  (await gate.entered).progress.report(4, 16, 'pages');
  return gate;
}

describe('run-jobs status', () => {
  test.each(['Redis', 'PostgreSQL'])('shows the progress that is kept in %s', async (kind) => {
    const redis = await startRedis();
    onTestFinished(() => redis.drop());
    const url = kind === 'Redis' ? redis.url : undefined;
    const gate = await halfDone(url);
    const { progress } = await coordinationOn(url);
    await until('it is shown', async () => (await readStatus(own.database.kysely, progress)).running[0]?.done === 4);
    const status = await readStatus(own.database.kysely, progress);
    expect(status.running).toMatchObject([{ done: 4, total: 16, unit: 'pages' }]);
    expect(status.progress).toEqual({ store: expect.stringContaining(kind) as string, trouble: null });
    expect(statusText(status)).toContain('#####............... 4/16 pages');
    // and it is nowhere else
    const other = kind === 'Redis' ? undefined : redis.url;
    const elsewhere = await readStatus(own.database.kysely, (await coordinationOn(other)).progress);
    expect(elsewhere.running).toMatchObject([{ done: null }]);
    gate.end();
  });

  test('shows all the rest when Redis is away, and says why there is no progress', async () => {
    const away = 'redis://127.0.0.1:1'; // not a port that was free a moment ago: another test's server may get that one
    const gate = await halfDone(away);
    const { progress } = await coordinationOn(away);
    const status = await readStatus(own.database.kysely, progress);
    expect(status.running).toMatchObject([{ type: 'fast_step', done: null, total: null, unit: null }]);
    expect(status.progress.trouble).toMatch(/^Redis at 127\.0\.0\.1:\d+\/0 cannot be used: connect ECONNREFUSED/);
    expect(statusText(status)).toContain('no progress is shown: Redis at 127.0.0.1');
    gate.end();
  });
});

describe('the store', () => {
  test('is named without a password', async () => {
    const name = async (url: string | undefined) => (await coordinationOn(url)).locks.store;
    expect(await name(undefined)).toBe('PostgreSQL');
    expect(await name('redis://ada:s3cret@locks.example.org/3')).toBe('Redis at locks.example.org:6379/3');
    expect(await name('rediss://:s3cret@[::1]:7000')).toBe('Redis at [::1]:7000/0 over TLS');
  });

  test('is not opened when REDIS_CA cannot be read, and the setting is named', async () => {
    const opening = openCoordination(
      { REDIS_URL: 'rediss://localhost', REDIS_CA: '/nowhere/ca.pem' },
      own.database.pool,
    );
    await expect(opening).rejects.toThrow(/^REDIS_CA names a file that cannot be read: ENOENT.*\/nowhere\/ca\.pem/);
  });
});
