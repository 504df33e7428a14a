/** The services of a chaos run really break, and are really mended. */
import type { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { ChaosWorld, Struck } from '../fault.js';
import { serviceFaults } from './faults.js';
import { startChaosPostgres, type TormentedPostgres } from './postgres.js';
import { startChaosRedis, type TormentedRedis } from './redis.js';

let postgres: TormentedPostgres;
let redis: TormentedRedis;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startChaosPostgres(), startChaosRedis()]);
});
afterAll(() => Promise.all([postgres.drop(), redis.drop()]));

let connection: pg.Client;
let broken: Promise<string>;
beforeEach(async () => {
  connection = await connectionAs('run-jobs');
  broken = new Promise((tell) => connection.on('error', ({ message }) => tell(message)));
});

/** How long who knows that there will be no answer waits for one. */
const IMPATIENT_MS = 500;
const ONE = 'select 1 as one';

/** A session, as a daemon has them. */
async function connectionAs(name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgres.url, application_name: name });
  client.on('error', () => undefined);
  onTestFinished(() => void client.end().catch(() => undefined));
  await client.connect();
  return client;
}

/** Asks what will not be answered. */
const askInVain = (client: pg.Client): Promise<unknown> =>
  client.query({ text: ONE, query_timeout: IMPATIENT_MS } as pg.QueryConfig); // its types do not know it

/** A command to Redis that is given up after a while. */
async function ask(command: (client: Redis) => Promise<unknown>, commandTimeout = 30_000): Promise<unknown> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0, commandTimeout }); // prettier-ignore
  client.on('error', () => undefined);
  return command(client).finally(() => client.disconnect());
}

async function strike(name: string): Promise<Struck> {
  const struck = await serviceFaults
    .find((fault) => fault.name === name)
    ?.strike({ postgres, redis } as unknown as ChaosWorld, () => 0); // all that these faults look at
  if (!struck) throw new Error(`${name} found nothing to strike`);
  return struck;
}

const one = { rows: [{ one: 1 }] };

test.each(['postgres-crash', 'postgres-restart'])(
  '%s: sessions end, nobody is let in; healed, what was committed is there',
  async (name) => {
    await connection.query(`create table if not exists kept (name text); insert into kept values ('${name}')`);
    const struck = await strike(name);
    expect(await broken).toMatch(/terminat|ended|ECONNRESET/); // who tells it first
    await expect(connectionAs('run-jobs')).rejects.toThrow('ECONNREFUSED');
    await struck.heal();
    const again = await connectionAs('run-jobs');
    expect(await again.query(`select name from kept where name = '${name}'`)).toMatchObject({ rows: [{ name }] });
  },
);

test('postgres-cut: sessions of daemons end, others go on', async () => {
  const other = await connectionAs('holding-pen');
  await strike('postgres-cut');
  expect(await broken).toMatch(/administrator command|terminated|ended|ECONNRESET/); // who tells it first
  expect(await other.query(ONE)).toMatchObject(one);
});

test('postgres-backend-killed: all sessions end, and PostgreSQL recovers by itself', async () => {
  const other = await connectionAs('holding-pen');
  const otherBroken = new Promise((tell) => other.on('error', tell));
  await strike('postgres-backend-killed');
  await Promise.all([broken, otherBroken]);
  await postgres.answers();
  expect(await (await connectionAs('run-jobs')).query(ONE)).toMatchObject(one);
});

test('postgres-hung: nothing is answered, then the answers come', async () => {
  const struck = await strike('postgres-hung');
  await expect(askInVain(connection)).rejects.toThrow('timeout');
  await struck.heal();
  expect(await (await connectionAs('run-jobs')).query(ONE)).toMatchObject(one);
});

test('postgres-backend-hung: one session is not answered, others are', async () => {
  const other = await connectionAs('holding-pen');
  const struck = await strike('postgres-backend-hung');
  await expect(askInVain(connection)).rejects.toThrow('timeout');
  expect(await other.query(ONE)).toMatchObject(one);
  await struck.heal();
});

test('what is down or stands still is not struck again', async () => {
  const down = await strike('postgres-crash');
  await expect(strike('postgres-cut')).rejects.toThrow('nothing to strike');
  await down.heal();
  const frozen = await strike('redis-hung');
  await expect(strike('redis-flushed')).rejects.toThrow('nothing to strike');
  await frozen.heal();
});

test('redis-killed: it comes back empty', async () => {
  await ask((client) => client.set('kept', 'no'));
  const struck = await strike('redis-killed');
  await expect(ask((client) => client.ping())).rejects.toThrow();
  await struck.heal();
  expect(await ask((client) => client.get('kept'))).toBe(null);
});

test('redis-flushed: it is empty', async () => {
  await ask((client) => client.set('kept', 'no'));
  await strike('redis-flushed');
  expect(await ask((client) => client.get('kept'))).toBe(null);
});

test('redis-hung: nothing is answered, then it knows what it knew', async () => {
  await ask((client) => client.set('kept', 'yes'));
  const struck = await strike('redis-hung');
  await expect(ask((client) => client.get('kept'), IMPATIENT_MS)).rejects.toThrow();
  await struck.heal();
  expect(await ask((client) => client.get('kept'))).toBe('yes');
});
