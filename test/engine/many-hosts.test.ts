/** Several hosts on one database (design 10): each effect once and in order, a host that dies, versions side by side. */
import { once } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { JobCall } from '../../src/engine/job.js';
import type { PipelinePlan } from '../../src/engine/pipeline.js';
import { mayNameHosts, startHost, type HostOrder } from './host.js';
import { brokenInvariants } from './invariants.js';
import { plan } from './stage.js';
import { enqueued, eventKinds, jobRows, pipelineRow, rows, until, untilStatus, useDatabase } from './support.js';

const own = useDatabase();
const host = (name: string, order: Partial<HostOrder> = {}) =>
  startHost(name, { url: own.url, types: ['step'], version: '1', leaseSeconds: 60, hangs: false, ...order });
const step = (type = 'step'): JobCall => ({ type, queue: 'fast', args: {}, maxAttempts: 25, timeoutSeconds: 300 });
const steps = (count: number, type?: string) => plan(Array.from({ length: count }, () => step(type)));

beforeEach(async () => {
  await rows(own, 'drop table if exists effects, begun');
  await rows(own, 'create table begun (pipeline bigint, sequence integer, host text)');
  await rows(
    own,
    'create table effects (id bigint generated always as identity, pipeline bigint, sequence integer, host text)',
  );
});

/** Of each pipeline the sequences in the order of their effects: "10,20,30". */
async function stories(): Promise<string[]> {
  const found = await rows<{ story: string }>(
    own,
    `select string_agg(sequence::text, ',' order by id) as story from effects group by pipeline order by pipeline`,
  );
  return found.map(({ story }) => story);
}

/** Looked at together: a hundred that look at one each would take the machine from the hosts. */
const untilSuccess = (ids: number[]): Promise<void> =>
  until(
    'all are done',
    async () =>
      (await rows(own, `select from pipelines where id = any ($1) and status <> 'success' limit 1`, [ids])).length ===
      0,
    120,
  );

const hostsOf = async (table: 'begun' | 'effects'): Promise<string[]> =>
  (await rows<{ host: string }>(own, `select distinct host from ${table} order by host`)).map((row) => row.host);

describe.skipIf(!mayNameHosts)('many hosts', () => {
  /** Enqueues; no job begins before each of the hosts has its hands full: none does all while another comes late. */
  async function enqueuedForAll(hosts: number, ...plans: PipelinePlan[]): Promise<number[]> {
    const client = await own.database.pool.connect();
    try {
      await client.query('begin');
      await client.query('lock table begun in access exclusive mode');
      const ids = await enqueued(own, ...plans);
      await until(
        'each has its hands full',
        async () => (await rows(own, `select from pipelines where status = 'in_process'`)).length === hosts * 3,
      );
      return ids;
    } finally {
      await client.query('rollback');
      client.release();
    }
  }

  test('they share the work, and one that is gone for good is replaced after its lease: every effect is there once, in order', async () => {
    const [lost] = await Promise.all([host('alder', { hangs: true }), host('birch'), host('cedar')]);
    const ids = await enqueuedForAll(3, ...Array.from({ length: 100 }, () => steps(4)));
    await until(
      'it has begun what it will not end, and the others have done the rest',
      async () => (await rows(own, `select from pipelines where status = 'success'`)).length === 97,
      120,
    );
    lost.kill('SIGKILL');
    await once(lost, 'exit'); // nobody can tell on a host of another name: only the lease does
    expect(await rows(own, `select from pipelines where status = 'in_process'`)).toHaveLength(3);
    await rows(own, `update runners set heartbeat_at = now() - interval '61 seconds' where host = 'alder'`);
    await untilSuccess(ids);
    expect(await stories()).toEqual(ids.map(() => '10,20,30,40'));
    expect(await hostsOf('effects')).toEqual(['birch', 'cedar']);
    const rescued = await rows<{ id: number }>(
      own,
      `select pipeline_id as id from events where kind = 'rescued' order by 1`,
    );
    const begunThere = await rows<{ id: number }>(
      own,
      `select pipeline as id from begun where host = 'alder' order by 1`,
    );
    expect(begunThere).toHaveLength(3);
    expect(rescued).toEqual(begunThere);
    expect(await brokenInvariants(own)).toEqual({});
  }, 180_000);

  test('a rolling upgrade: the old version works on beside the new schema and leaves to the new what it does not know', async () => {
    const old = await host('alder');
    const [future] = await enqueued(own, plan([step(), step('step_of_version_2'), step()]));
    const known = await enqueued(own, ...Array.from({ length: 40 }, () => steps(3)));
    await until('it was left', async () => (await pipelineRow(own, future ?? 0)).error !== null);
    // Version 2 brings its migration while version 1 works: it only adds.
    await rows(own, 'alter table pipelines add column if not exists added_by_version_2 text');
    await rows(own, 'alter table jobs add column if not exists added_by_version_2 text');
    await untilSuccess(known);
    expect(await pipelineRow(own, future ?? 0)).toMatchObject({ status: 'pending', next_sequence: 20 });
    await host('birch', { version: '2', types: ['step', 'step_of_version_2'] });
    await untilStatus(own, future ?? 0, 'success');
    const more = await enqueued(own, ...Array.from({ length: 40 }, () => plan([step(), step('step_of_version_2')])));
    await untilSuccess(more);
    old.kill('SIGTERM');
    expect(await once(old, 'exit')).toEqual([0, null]);
    const told = await rows<{ host: string; type: string }>(
      own,
      `select distinct e.host, j.type from effects e join jobs j on j.pipeline_id = e.pipeline and j.sequence = e.sequence where j.type <> 'step'`,
    );
    expect(told).toEqual([{ host: 'birch', type: 'step_of_version_2' }]);
    expect((await stories()).every((story) => ['10,20,30', '10,20'].includes(story))).toBe(true);
    expect(await eventKinds(own, future ?? 0)).toEqual([]);
    expect((await jobRows(own, future ?? 0)).map(({ attempt, failures }) => [attempt, failures])).toEqual([[1, 0], [1, 0], [1, 0]]); // prettier-ignore
    expect(await brokenInvariants(own)).toEqual({});
  }, 180_000);
});
