import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { sql } from 'kysely';
import { connectDatabase, type ConnectOptions, type Database } from '../../src/database/database.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let own: TestDatabase;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());

async function one(expression: string): Promise<unknown> {
  const { rows } = await own.database.pool.query<{ value: unknown }>(`select ${expression} as value`);
  return rows[0]?.value;
}

function connect(options: Partial<ConnectOptions>): Database {
  const database = connectDatabase({ connectionString: own.url, applicationName: 'test', ...options });
  onTestFinished(() => database.close());
  return database;
}

/** For what has no reason to fail but a machine that is busy: vitest would wait one second. */
const PATIENT = { timeout: 30_000 };

const backendPid = async (database: Database): Promise<number> =>
  (await database.pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;

describe('values', () => {
  test('an int8 is a number, alone and in arrays of any depth', async () => {
    expect(await one('9007199254740991::int8')).toBe(Number.MAX_SAFE_INTEGER);
    expect(await one('-9007199254740991::int8')).toBe(Number.MIN_SAFE_INTEGER);
    expect(await one('array[[1, null], [3, 4]]::int8[]')).toEqual([
      [1, null],
      [3, 4],
    ]);
    expect(await one('count(*)')).toBe(1);
  });

  test('an int8 that no number can hold is an error, not a neighbour', async () => {
    await expect(one('9007199254740992::int8')).rejects.toThrow('9007199254740992 does not fit');
    await expect(one('array[9223372036854775807]')).rejects.toThrow('9223372036854775807 does not fit');
  });

  test('a date is its day in every time zone, a timestamptz is a moment', async () => {
    expect(await one(`'1856-05-10'::date`)).toBe('1856-05-10');
    expect(await one(`array['1856-05-10', null]::date[]`)).toEqual(['1856-05-10', null]);
    expect(await one(`'2024-01-01 00:00+05'::timestamptz`)).toEqual(new Date('2023-12-31T19:00:00Z'));
  });

  test('an interval and a numeric are text, a jsonb is its value', async () => {
    expect(await one(`'30 min'::interval`)).toBe('00:30:00');
    expect(await one('1.10::numeric')).toBe('1.10');
    expect(await one(`'{"pages": [1, 2]}'::jsonb`)).toEqual({ pages: [1, 2] });
  });
});

describe('a broken connection', () => {
  test('of nobody: is told to onError, and the next query gets a new one', async () => {
    const onError = vi.fn();
    const database = connect({ maxConnections: 1, onError });
    const pid = await backendPid(database);
    await own.database.pool.query('select pg_terminate_backend($1)', [pid]);
    await vi.waitFor(() => expect(onError).toHaveBeenCalledOnce(), PATIENT);
    expect(await backendPid(database)).not.toBe(pid);
  });

  test('between two statements of a transaction: the next statement fails, the process lives, the pool goes on', async () => {
    const database = connect({ maxConnections: 1 });
    const transaction = database.kysely.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      await own.database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await vi.waitFor(async () => {
        const { rowCount } = await own.database.pool.query('select from pg_stat_activity where pid = $1', [
          rows[0]?.pid,
        ]);
        expect(rowCount).toBe(0);
      }, PATIENT);
      await sql`select 1`.execute(trx);
    });
    await expect(transaction).rejects.toThrow(/terminat|not queryable|ECONNRESET|EPIPE|ended by the other party/i); // who notices first
    expect(await backendPid(database)).toBeGreaterThan(0);
  });

  test('that does not answer: the query fails after its timeout, and nobody else waits for that connection', async () => {
    const database = connect({ maxConnections: 1, queryTimeoutSeconds: 0.3 });
    const pids: (number | undefined)[] = [];
    database.pool.on('connect', (client) => pids.push((client as { processID?: number }).processID)); // pg's own, not in its types
    await expect(sql`select pg_sleep(3600)`.execute(database.kysely)).rejects.toThrow('Query read timeout');
    // On a busy machine a healthy query may take 0.3 s, too. Not by the pool's own query, which would drop the dead one at the second try.
    const ask = () => sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.kysely);
    const { rows } = await vi.waitFor(ask, PATIENT);
    expect(pids[0]).toBeGreaterThan(0);
    expect(rows[0]?.pid).not.toBe(pids[0]);
    await own.database.pool.query('select pg_terminate_backend($1)', [pids[0]]);
  });
});

test('sessions of a runner wait for no lock as long as their client waits for an answer, and idle in no transaction longer than the lease; others as they like', async () => {
  const limits = async (options: Partial<ConnectOptions>) => {
    const names = ['lock_timeout', 'idle_in_transaction_session_timeout'];
    const { rows } = await connect(options).pool.query<{ name: string; setting: string }>(
      'select name, setting from pg_settings where name = any ($1)',
      [names],
    );
    return Object.fromEntries(rows.map(({ name, setting }) => [name, Number(setting)]));
  };
  const runner = { queryTimeoutSeconds: 20, runnerLeaseSeconds: 60 };
  expect(await limits(runner)).toEqual({ lock_timeout: 15_000, idle_in_transaction_session_timeout: 60_000 });
  expect(await limits({ ...runner, runnerLeaseSeconds: 365 * 86_400 })).toMatchObject({
    idle_in_transaction_session_timeout: 2 ** 31 - 1, // the longest there is
  });
  expect(await limits({})).toEqual({ lock_timeout: 0, idle_in_transaction_session_timeout: 0 });
});

test('a server that is not there is an error that says so', async () => {
  const database = connect({ connectionString: 'postgresql://nobody@127.0.0.1:1/nowhere' });
  await expect(sql`select 1`.execute(database.kysely)).rejects.toThrow('ECONNREFUSED');
});

test('closing twice, used or not, is no mistake', async () => {
  const database = connect({});
  await database.close();
  await database.close();
  expect(database.pool.ended).toBe(true);
});

test('a test database has the newest schema and no rows, and is gone after drop', async () => {
  const another = await createTestDatabase();
  expect(await another.database.kysely.selectFrom('pipelines').selectAll().execute()).toEqual([]);
  await another.drop();
  const name = new URL(another.url).pathname.slice(1);
  expect((await own.database.pool.query('select from pg_database where datname = $1', [name])).rowCount).toBe(0);
});

test('twenty test databases made at once all come into being', async () => {
  const many = await Promise.all(Array.from({ length: 20 }, () => createTestDatabase()));
  onTestFinished(async () => {
    for (const each of many) await each.drop();
  });
  expect(new Set(many.map(({ url }) => url)).size).toBe(20);
});
