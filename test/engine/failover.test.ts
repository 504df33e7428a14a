/** The primary is lost and a replica takes its place, under load (queues spec 4.3): what may be lost, and that nothing is doubled. */
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { connectDatabase, type Database } from '../../src/database/database.js';
import { done } from '../../src/engine/job.js';
import { startReplicatedPostgres, type ReplicatedPostgres } from '../support/replicated-postgres.js';
import type { TestDatabase } from '../support/database.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import { enqueued, rows, startRunner, until, untilIdle } from './support.js';

let servers: ReplicatedPostgres;
let own: TestDatabase;

const connect = (): Database => {
  const database = connectDatabase({
    connectionString: servers.url,
    applicationName: 'victim',
    onError: () => undefined,
  });
  onTestFinished(() => database.close());
  return database;
};

function useServers({ synchronous }: { synchronous: boolean }): void {
  beforeEach(async () => {
    servers = await startReplicatedPostgres({ synchronous });
    const database = connectDatabase({
      connectionString: servers.url,
      applicationName: 'test',
      onError: () => undefined,
    });
    own = { url: servers.url, database, drop: () => database.close() };
    await rows(
      own,
      'create table effects (pipeline bigint, sequence integer, at timestamptz default clock_timestamp())',
    );
  }, 180_000);
  afterEach(async () => {
    await own.drop();
    await servers.stop();
  }, 180_000);
}

describe('with a synchronous replica', () => {
  useServers({ synchronous: true });

  test('nothing that was said to be done is lost, and every effect is there once, in order', async () => {
    const stage = new Stage();
    let isLost = false;
    stage.otherwise(async ({ pipelineId, sequence, args: { name } }) => {
      // the last third is left for the new primary, however fast the first was done
      if (!isLost && pipelineId > (ids[199] ?? 0)) await until('the primary is lost', () => isLost, 60);
      return name === 'plain'
        ? undefined
        : done({
            commit: async (trx) => {
              await sql`insert into effects values (${pipelineId}, ${sequence})`.execute(trx);
            },
          });
    });
    const jobs = [stage.step('fast', 'effect'), stage.step('io', 'plain'), stage.step('fast', 'effect')];
    const ids = await enqueued(own, ...Array.from({ length: 300 }, () => plan(jobs)));
    const runners = [];
    for (let i = 0; i < 2; i++) runners.push(await startRunner(own, { stage, database: connect(), hints: true }));
    const count = async () => (await rows<{ n: number }>(own, 'select count(*)::int as n from effects'))[0]?.n ?? 0;
    await until('half of the work is done', async () => (await count()) >= 300);
    const before = await rows<{ pipeline: number; sequence: number }>(own, 'select pipeline, sequence from effects');
    await servers.loseThePrimary();
    isLost = true;
    await servers.promote();
    await until('they go on at the new primary', async () => (await count()) >= before.length + 50);
    // Claims whose answers were lost come back after 30 s, or at once when their runner ends.
    await Promise.all(runners.map((runner) => runner.stop(1)));
    await startRunner(own, { stage, database: connect() });
    await until(
      'all is done',
      async () => (await rows(own, `select from pipelines where status = 'success'`)).length === ids.length,
      60,
    );
    const after = await rows<{ pipeline: number; sequence: number }>(
      own,
      'select pipeline, sequence from effects order by at',
    );
    const told = new Set(after.map(({ pipeline, sequence }) => `${pipeline}/${sequence}`));
    expect(before.filter(({ pipeline, sequence }) => !told.has(`${pipeline}/${sequence}`))).toEqual([]);
    expect([after.length, told.size]).toEqual([600, 600]);
    expect(await brokenInvariants(own)).toEqual({});
  }, 180_000);
});

describe('with an asynchronous replica that lagged', () => {
  useServers({ synchronous: false });

  test('what it had not received is run again, never beside the run whose result was on its way', async () => {
    const stage = new Stage();
    const gate = { open: false };
    stage.otherwise(async ({ args: { name } }) => {
      if (name === 'first' && !gate.open) await until('the test lets it end', () => gate.open);
      else await new Promise((resolve) => setTimeout(resolve, 200)); // so that two of a pipeline, if there were two, would meet
      return undefined;
    });
    const width = 40;
    const ids = await enqueued(
      own,
      ...Array.from({ length: width }, () =>
        plan(['first', 'second', 'third'].map((name) => stage.step('fast', name))),
      ),
    );
    await servers.cutReplication();
    await startRunner(own, { stage, database: connect(), queues: { fast: width } });
    await until('all have begun', () => stage.runs.length === width); // which the replica never hears of
    await servers.loseThePrimary();
    gate.open = true; // their results find no database, and are sent again and again
    await until('all have ended', () => stage.runs.every((run) => run.ended));
    await servers.promote();
    await untilIdle(own, 60);
    expect([...stage.overlapping]).toEqual([]);
    const standing = await rows(own, 'select status, count(*)::int as n from pipelines group by status');
    expect(standing).toEqual([{ status: 'success', n: ids.length }]);
    expect(await brokenInvariants(own)).toEqual({});
  }, 180_000);
});
