/** Administrators think in rows: `update pipelines set status = ...` must do what it says (design 3, 9). */
import { describe, expect, test } from 'vitest';
import { hold } from '../../src/engine/job.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueuedOne,
  jobList,
  jobRows,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilListening,
  untilStatus,
  useDatabase,
} from './support.js';

const own = useDatabase();
const fine = () => Promise.resolve(undefined);
const boom = () => Promise.reject(new Error('boom'));

describe('a job in process is set back to pending', () => {
  for (const [how, statement] of [
    ['by its status alone', `update pipelines set status = 'pending' where id = $1`],
    ['with its runner taken off', `update pipelines set status = 'pending', runner_id = null where id = $1`],
  ] as const)
    test(`${how}: it runs again in its own queue, what the old run says is refused`, async () => {
      const old = new Stage();
      const gate = old.gate('B');
      const id = await enqueuedOne(own, plan([old.step('io', 'A'), old.step('cpu', 'B'), old.step('io', 'C')]));
      // A and B stay with the one runner, so that the row still says "io"
      const oldRunner = await startRunner(own, {
        stage: old,
        queues: { io: 1, cpu: 1 },
        settings: { POLL_INTERVAL: 3600 },
        hints: true,
      });
      await untilListening(own);
      await gate.entered;
      await rows(own, statement, [id]);
      const edited = await pipelineRow(own, id);
      expect(edited).toMatchObject({ status: 'pending', runner_id: null, queue: 'cpu' });
      const fresh = new Stage();
      const again = fresh.gate('B');
      await startRunner(own, { stage: fresh });
      await again.entered;
      gate.end();
      await until('the old runner has let go', () => oldRunner.status().running.length === 0);
      expect(await jobList(own, id)).toBe('A success, B in_process, C waiting');
      again.end();
      await untilStatus(own, id, 'success');
      expect((await jobRows(own, id)).map((job) => job.attempt)).toEqual([1, 2, 1]); // each run has its own log
      expect(await brokenInvariants(own)).toEqual({});
    });

  test('the old run is told to stop', async () => {
    const stage = new Stage();
    const gate = stage.gate('A');
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
    await startRunner(own, { stage });
    await gate.entered;
    await rows(own, `update pipelines set status = 'failed' where id = $1`, [id]);
    await until('its signal aborts', () => stage.runs[0]?.signal.aborted === true && gate.left());
    expect((stage.runs[0]?.signal.reason as Error).name).toBe('LeaseLost');
    expect((await pipelineRow(own, id)).status).toBe('failed');
  });
});

test('a failed pipeline set to pending runs its failed job again', async () => {
  const stage = new Stage();
  stage.on('A', boom, fine);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A', { maxAttempts: 1 }), stage.step('io', 'B')]));
  await startRunner(own, { stage });
  await untilStatus(own, id, 'failed');
  await rows(own, `update pipelines set status = 'pending' where id = $1`, [id]);
  await untilStatus(own, id, 'success');
  expect(stage.order()).toEqual(['A', 'A', 'B']);
  expect((await jobRows(own, id)).map((job) => job.status)).toEqual(['success', 'success']);
});

test('a failed pipeline set to pending is listed as pending, and its failures count anew', async () => {
  const stage = new Stage();
  stage.on('A', boom);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A', { maxAttempts: 2 })]));
  await rows(own, `update jobs set failures = 1`);
  const runner = await startRunner(own, { stage });
  await untilStatus(own, id, 'failed');
  await runner.stop(0);
  await rows(own, `update pipelines set status = 'pending' where id = $1`, [id]);
  expect(await jobList(own, id)).toBe('A pending');
  await startRunner(own, { stage });
  await untilStatus(own, id, 'delayed'); // the first of two failures again
});

test('a delayed pipeline set to pending runs now', async () => {
  const stage = new Stage();
  stage.on('A', boom, fine);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
  await startRunner(own, { stage });
  await untilStatus(own, id, 'delayed');
  await rows(own, `update pipelines set status = 'pending' where id = $1`, [id]);
  expect(await rows(own, 'select from pipelines where run_at <= now()')).toHaveLength(1);
  await untilStatus(own, id, 'success');
});

describe('a held pipeline set to pending', () => {
  for (const [how, statement] of [
    ['by its status alone', `update pipelines set status = 'pending' where id = $1`],
    ['with its hold taken off', `update pipelines set status = 'pending', hold_kind = null where id = $1`],
  ] as const)
    test(`${how}: its job looks again, and keeps no old alarm clock`, async () => {
      const stage = new Stage();
      stage.on(
        'ask',
        () => Promise.resolve(hold({ kind: 'person', action: 'review', message: 'look', wakeAfter: '1 h' })),
        fine,
      );
      const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
      const runner = await startRunner(own, { stage });
      await untilStatus(own, id, 'held');
      await runner.stop(0);
      await rows(own, statement, [id]);
      expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', hold_kind: null, wake_at: null });
      await startRunner(own, { stage });
      await untilStatus(own, id, 'success');
    });
});

test('a pipeline set to cancelled or success by hand is closed with its time', async () => {
  const stage = new Stage();
  stage.on('A', boom);
  for (const status of ['cancelled', 'success']) {
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A')], { type: 'issue', id: 1 }));
    await rows(own, 'update pipelines set status = $2 where id = $1', [id, status]);
    expect((await pipelineRow(own, id)).completed_at).toBeInstanceOf(Date);
  }
  await enqueuedOne(own, plan([stage.step('fast', 'A')], { type: 'issue', id: 1 })); // the object is free
});

test('a cancelled pipeline set to pending goes on where it stood', async () => {
  const stage = new Stage();
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('io', 'B')]));
  await rows(own, `select cancel_pipeline($1, 'ada', 'a mistake')`, [id]);
  await rows(own, `update pipelines set status = 'pending' where id = $1`, [id]);
  expect((await pipelineRow(own, id)).completed_at).toBeNull();
  await startRunner(own, { stage });
  await untilStatus(own, id, 'success');
});

test('the cursor moved by hand goes to the queue of the job it points at', async () => {
  const stage = new Stage();
  stage.on('A', boom);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A', { maxAttempts: 1 }), stage.step('io', 'B')]));
  const runner = await startRunner(own, { stage });
  await untilStatus(own, id, 'failed');
  await runner.stop(0);
  await rows(own, `update pipelines set status = 'pending', next_sequence = 20 where id = $1`, [id]);
  expect((await pipelineRow(own, id)).queue).toBe('io');
  await startRunner(own, { stage, queues: { io: 1 } });
  await untilStatus(own, id, 'success');
});

test('all stuck pipelines of a whole table can be set back in one statement', async () => {
  const stage = new Stage();
  const ids: number[] = [];
  for (let i = 0; i < 30; i++)
    ids.push(
      await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('cpu', 'B')], { type: 'issue', id: i + 1 })),
    );
  await rows(own, `update pipelines set status = 'in_process', runner_id = 1, epoch = 1 where id % 3 = 0`);
  await rows(own, `update pipelines set status = 'failed' where id % 3 = 1`);
  await rows(own, `update pipelines set status = 'held', hold_kind = 'timer' where id % 3 = 2`);
  await rows(own, `update pipelines set status = 'pending' where status in ('in_process', 'failed', 'held')`);
  await startRunner(own, { stage });
  for (const id of ids) await untilStatus(own, id, 'success');
  expect(await brokenInvariants(own)).toEqual({});
});

test("the engine's own transitions are not taken for edits by hand", async () => {
  const stage = new Stage();
  stage.on('A', boom, () => Promise.resolve(hold({ kind: 'timer', message: 'wait', wakeAfter: '0 s' })), fine);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
  await startRunner(own, { stage });
  await untilStatus(own, id, 'delayed');
  await rows(own, `update pipelines set run_at = now() - interval '1 second' where id = $1`, [id]);
  await untilStatus(own, id, 'success');
  expect((await pipelineRow(own, id)).epoch).toBe(3); // one per claim: at first, after the failure, after the timer
});
