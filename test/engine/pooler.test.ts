/** Through a pooler: in session mode everything works; in transaction mode too, but hints do not come and no migration is made (queues spec 4.3). */
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { LockHeld } from '../../src/coordination/locks.js';
import { postgresCoordination } from '../../src/coordination/coordination.js';
import { connectDatabase } from '../../src/database/database.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { createEmptyDatabase } from '../support/database.js';
import { startPgbouncer } from '../support/pgbouncer.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueued,
  enqueuedOne,
  rows,
  startRunner,
  untilIdle,
  untilListening,
  untilStatus,
  useDatabase,
} from './support.js';

const own = useDatabase();

const through = (url: string) => {
  const database = connectDatabase({
    connectionString: url,
    applicationName: 'pooled',
    runnerLeaseSeconds: 60,
    onError: () => undefined,
  });
  onTestFinished(() => database.close());
  return database;
};

test.each(['session', 'transaction'] as const)(
  '%s mode: runners claim, finish and lock as without a pooler',
  async (mode) => {
    const url = await startPgbouncer(own.url, mode);
    const stage = new Stage();
    const jobs = ['A', 'B', 'C'].map((name, i) => stage.step((['fast', 'io', 'fast'] as const)[i] ?? 'fast', name));
    await enqueued(own, ...Array.from({ length: 200 }, () => plan(jobs)));
    for (let i = 0; i < 3; i++) await startRunner(own, { stage, database: through(url) });
    await untilIdle(own, 60);
    expect(await rows(own, 'select status, count(*)::int as n from pipelines group by status')).toEqual([
      { status: 'success', n: 200 },
    ]);
    expect(stage.runs).toHaveLength(600);
    expect([...stage.overlapping]).toEqual([]);
    expect(await brokenInvariants(own)).toEqual({});
    const [one, other] = [through(url), through(url)].map(({ pool }) => postgresCoordination(pool).locks);
    const lock = await one?.take('a directory');
    await expect(other?.take('a directory')).rejects.toThrow(LockHeld);
    await lock?.release();
    await (await other?.take('a directory'))?.release();
  },
  120_000,
);

test('session mode: hints come through', async () => {
  const url = await startPgbouncer(own.url, 'session');
  const stage = new Stage();
  const database = through(url);
  await startRunner({ ...own, url }, { stage, database, hints: true, settings: { POLL_INTERVAL: 3600 } });
  await untilListening(own);
  for (let i = 0; i < 3; i++) {
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A')])); // the first may be found by the one poll there is
    await untilStatus(own, id, 'success');
  }
});

test('transaction mode: a migration is refused before it does anything, and says what to do', async () => {
  const empty = await createEmptyDatabase();
  onTestFinished(() => empty.drop());
  const url = await startPgbouncer(empty.url, 'transaction');
  const migration = migrateDatabase({ connectionString: url, includeCurrent: false });
  await expect(migration).rejects.toThrow(/shares sessions.*leads to PostgreSQL itself/);
  const direct = new pg.Client({ connectionString: empty.url });
  await direct.connect();
  onTestFinished(() => direct.end());
  expect(
    (await direct.query(`select from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)).rowCount,
  ).toBe(0);
});
