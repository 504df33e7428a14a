/** A job that kills its runner does not loop for ever: after three rescues a person is asked (design 3). */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectDatabase } from '../../src/database/database.js';
import { hold } from '../../src/engine/job.js';
import { Overseer } from '../../src/engine/runner/overseer.js';
import { claim, type ClaimedRow } from '../../src/engine/statements/claim.js';
import { onPool } from '../../src/engine/statements/statement.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage, type Behaviour } from './stage.js';
import {
  decide,
  enqueuedOne,
  eventKinds,
  jobRows,
  makeHeldDue,
  lockWaits,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
  verb,
} from './support.js';

const own = useDatabase();
const asks: Behaviour = ({ decision }) =>
  Promise.resolve(
    decision
      ? undefined
      : hold({ kind: 'person', action: 'review', message: 'look', assignee: 'ada', wakeAfter: '1 h' }),
  );

/** A runner that claims the pipeline and dies. Returns what it had claimed. */
async function dies(): Promise<ClaimedRow | undefined> {
  const [runner] = await rows<{ id: number }>(
    own,
    `insert into runners (host, pid, boot_id, version, queues, stopped_at) values ('x', 1, 'x', 'x', '{}', now()) returning id`,
  );
  const [job] = await claim(onPool(own.database.pool), runner?.id ?? 0, 'fast', 1);
  await rows(own, `select rescue_pipelines('1 minute')`);
  return job;
}
const diesOften = async (times = 4) => {
  for (let i = 0; i < times; i++) await dies();
};

test('three rescues, then the pipeline is held for the administrator, with what to do', async () => {
  const id = await enqueuedOne(own, plan([new Stage().step('fast', 'A')]));
  for (const rescues of [1, 2, 3]) {
    await dies();
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', rescues });
  }
  await dies();
  const held = await pipelineRow(own, id);
  expect(held).toMatchObject({
    status: 'held',
    hold_kind: 'person',
    hold_action: 'runner_died',
    hold_role: 'sysadmin',
    hold_rev: 1,
    runner_id: null,
  });
  expect(held.hold_message).toMatch(/its runner died 4 times during this job \(fast_step\).*retry or cancel/);
  expect((await jobRows(own, id))[0]).toMatchObject({ attempt: 4, failures: 0 });
  expect(await eventKinds(own, id)).toEqual(['rescued', 'rescued', 'rescued', 'rescue_limit']);
  expect(await verb(own, `wake_pipeline($1, 'ada')`, [id])).toMatchObject({
    code: 'PM409',
    hint: 'its runner died: decide retry or cancel',
  });
  expect(await brokenInvariants(own)).toEqual({});
});

test('decide retry lets it run again and counts anew; decide cancel ends it', async () => {
  const stage = new Stage();
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
  await diesOften();
  expect(await decide(own, id, 1, 'retry')).toEqual({ status: 'pending' });
  await diesOften(3);
  expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', rescues: 3 });
  await dies();
  expect(await pipelineRow(own, id)).toMatchObject({ status: 'held', hold_rev: 2 });
  expect(await decide(own, id, 2, 'cancel')).toEqual({ status: 'cancelled' });
  expect((await eventKinds(own, id)).slice(-2)).toEqual(['decided', 'cancelled']);
  expect(await brokenInvariants(own)).toEqual({});
});

test('a job that comes through is no longer suspected: rescues count in a row, and per job', async () => {
  const stage = new Stage();
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
  await diesOften(3);
  const gate = stage.gate('B');
  await startRunner(own, { stage });
  await gate.entered;
  expect((await pipelineRow(own, id)).rescues).toBe(0);
  gate.end();
});

describe('a decision and a dying runner', () => {
  test('an answer that the job had in hand is still in its hand after the deaths and the retry', async () => {
    const stage = new Stage();
    stage.on('ask', asks);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    const runner = await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await runner.stop(0);
    await decide(own, id, 1, 'approve');
    expect((await dies())?.decision).toMatchObject({ verb: 'approve' });
    expect((await dies())?.decision).toMatchObject({ verb: 'approve' });
    await diesOften(2);
    expect(await pipelineRow(own, id)).toMatchObject({ hold_action: 'runner_died', hold_rev: 2, decision_rev: 1 });
    await decide(own, id, 2, 'retry', 'root');
    await startRunner(own, { stage });
    await untilStatus(own, id, 'success');
    expect(stage.runs.at(-1)?.decision?.verb).toBe('approve');
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('whoever has the question on the desk does not bar the administrator, and no alarm clock wakes the job', async () => {
    const stage = new Stage();
    stage.on('ask', asks);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    const runner = await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await runner.stop(0);
    await makeHeldDue(own);
    await rows(own, 'select make_due()');
    await diesOften();
    expect(await pipelineRow(own, id)).toMatchObject({
      status: 'held',
      hold_action: 'runner_died',
      assignee: null,
      wake_at: null,
    });
    await rows(own, 'select make_due()');
    expect((await pipelineRow(own, id)).status).toBe('held');
    expect(await decide(own, id, 2, 'retry', 'root')).toEqual({ status: 'pending' });
  });
});

describe('a runner that lives, whatever its row says', () => {
  for (const [what, statement] of [
    ['marked as stopped', 'update runners set stopped_at = now()'],
    ['deleted', 'delete from runners'],
  ] as const)
    test(`${what}: it says so at its next beat and keeps its work from then on`, async () => {
      const stage = new Stage();
      const runner = await startRunner(own, { stage, settings: { RUNNER_LEASE: 30 } });
      await rows(own, statement);
      await until(
        'it is alive',
        async () =>
          (await rows(own, 'select from runners where stopped_at is null and id = $1', [runner.status().id])).length ===
          1,
      );
      const gate = stage.gate('A');
      const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
      await gate.entered;
      await rows(own, `select rescue_pipelines('30 seconds')`);
      expect((await pipelineRow(own, id)).status).toBe('in_process');
      gate.end();
      await untilStatus(own, id, 'success');
      await runner.stop(0);
      expect(await rows(own, 'select from runners where stopped_at is null')).toEqual([]);
    });
});

test('work that a living runner has just taken up is not given back by a rescue that began before', async () => {
  // The rescue stands still between seeing the row and locking it, which a busy server does by itself.
  await rows(
    own,
    `create or replace function pause() returns boolean language plpgsql as 'begin perform pg_advisory_xact_lock_shared(42); return true; end'`,
  );
  const [defined] = await rows<{ text: string }>(own, `select pg_get_functiondef('rescue_pipelines'::regproc) as text`);
  const slow = defined?.text
    .replace('rescue_pipelines', 'slow_rescue')
    .replace(`p.status = 'in_process'`, `p.status = 'in_process' and pause()`);
  expect(slow).toContain('pause()');
  await rows(own, slow ?? '');
  const id = await enqueuedOne(own, plan([new Stage().step('fast', 'A')]));
  const enlist = async (stopped: string) =>
    (
      await rows<{ id: number }>(
        own,
        `insert into runners (host, pid, boot_id, version, queues, stopped_at) values ('x', 1, 'x', 'x', '{}', ${stopped}) returning id`,
      )
    )[0]?.id ?? 0;
  const [dead, alive] = [await enlist('now()'), await enlist('null')];
  await claim(onPool(own.database.pool), dead, 'fast', 1);
  const gate = await own.database.pool.connect();
  let late: Promise<unknown>;
  try {
    await gate.query('select pg_advisory_lock(42)');
    late = rows(own, `select slow_rescue('1 minute')`);
    await until('the late rescue stands still', async () => (await lockWaits(own)) === 1);
    await rows(own, `select rescue_pipelines('1 minute')`);
    expect(await claim(onPool(own.database.pool), alive, 'fast', 1)).toHaveLength(1);
  } finally {
    await gate.query('select pg_advisory_unlock(42)');
    gate.release();
  }
  await late;
  expect(await pipelineRow(own, id)).toMatchObject({ status: 'in_process', runner_id: alive, rescues: 1 });
});

test('a pipeline whose claim was never answered is found and named, and one that is being claimed is not', async () => {
  const id = await enqueuedOne(own, plan([new Stage().step('fast', 'A')]));
  const overseer = new Overseer(own.database.pool, 5);
  await claim(onPool(own.database.pool), 5, 'fast', 1); // the answer got lost
  const unknown = { running: () => new Map(), executing: () => new Set<ClaimedRow & { type: string }>() };
  expect(await overseer.compare(unknown, 60_000)).toEqual({ lost: [], orphans: [] });
  expect(await overseer.compare(unknown, 0)).toEqual({ lost: [], orphans: [{ pipelineId: id, epoch: 1 }] });
});

test('a result that is recorded and not heard of yet is not taken for a pipeline that was taken away', async () => {
  const database = connectDatabase({ connectionString: own.url, applicationName: 'slow', onError: () => undefined });
  onTestFinished(() => database.close());
  const { pool } = database;
  const query = pool.query.bind(pool) as (...all: unknown[]) => Promise<unknown>;
  let hear: () => void = () => undefined;
  const heard = new Promise<void>((resolve) => (hear = resolve));
  let looks = 0;
  pool.query = (async (...all: unknown[]) => {
    const { name } = all[0] as { name?: string };
    const answer = await query(...all);
    if (name === 'pressmark_finish') await heard;
    if (typeof all[0] === 'string' && all[0].includes(`runner_id = $1 and status = 'in_process'`)) looks++;
    return answer;
  }) as typeof pool.query;
  const ends: string[] = [];
  const observer = { polled: () => undefined, runEnded: (_: string, end: string) => ends.push(end), rescued: () => undefined, leaseLost: () => undefined }; // prettier-ignore
  const stage = new Stage();
  await startRunner(own, { stage, database, observer });
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
  await untilStatus(own, id, 'success');
  const before = looks;
  await until('the runner has compared twice', () => looks >= before + 2);
  hear();
  await until('the run has ended', () => ends.length > 0);
  expect(ends).toEqual(['done']);
});
