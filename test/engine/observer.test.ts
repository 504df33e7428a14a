/** What is counted of runs: each once, by how it ended. */
import { expect, test } from 'vitest';
import { LockHeld } from '../../src/coordination/locks.js';
import { FatalError, hold, tryLater } from '../../src/engine/job.js';
import type { RunnerObserver } from '../../src/engine/runner/observer.js';
import { plan, Stage } from './stage.js';
import { enqueuedOne, rows, startRunner, until, untilStatus, useDatabase } from './support.js';

const own = useDatabase();

function counting() {
  const ends: string[] = [];
  const times: number[] = [];
  const observer: RunnerObserver = {
    runEnded(type, end, seconds) {
      ends.push(`${type} ${end}`);
      times.push(seconds);
    },
    polled: () => undefined,
    rescued: () => undefined,
    leaseLost: () => undefined,
  };
  return { observer, ends, times };
}

test('every run is told once, with its type, its end and its time', async () => {
  const { observer, ends, times } = counting();
  const stage = new Stage();
  const holder = { host: 'h', pid: 1, bootId: 'b', since: 'now' };
  stage.on('done', () => Promise.resolve(undefined));
  stage.on('held', () => Promise.resolve(hold({ kind: 'person', action: 'review', message: 'look' })));
  stage.on('later', () => Promise.resolve(tryLater({ after: '1 h', deadline: '1 d', reason: 'not there yet' })));
  stage.on('locked', () => Promise.reject(new LockHeld('files', holder)));
  stage.on('retried', () => Promise.reject(new Error('a hitch')));
  stage.on('failed', () => Promise.reject(new FatalError('never')));
  const statuses = { done: 'success', held: 'held', later: 'delayed', locked: 'delayed', retried: 'delayed', failed: 'failed' }; // prettier-ignore
  await startRunner(own, { stage, observer });
  for (const [i, [name, status]] of Object.entries(statuses).entries()) {
    await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', name)])), status);
    await until(`${name} is told`, () => ends.length > i); // after the row says so
    // none is run a second time, however long the rest takes
    await rows(own, `update pipelines set run_at = run_at + interval '1 day' where status = 'delayed'`);
  }
  expect(ends).toEqual(Object.keys(statuses).map((end) => `fast_step ${end}`));
  for (const seconds of times) expect(seconds).toBeGreaterThanOrEqual(0);
});

test('a run that is handed back at shutdown is told as stopped, and its next run as done', async () => {
  const { observer, ends } = counting();
  const stage = new Stage();
  const gate = stage.gate('A');
  const id = await enqueuedOne(own, plan([stage.step('io', 'A')]));
  const runner = await startRunner(own, { stage, observer });
  await gate.entered;
  await runner.stop(0);
  await until('it is told', () => ends.length > 0);
  expect(ends).toEqual(['io_step stopped']);
  await startRunner(own, { stage, observer });
  await untilStatus(own, id, 'success');
  await until('it is told', () => ends.length === 2);
  expect(ends[1]).toBe('io_step done');
});

test('a pipeline whose job was deleted by hand is told under a name of its own', async () => {
  const { observer, ends } = counting();
  const stage = new Stage();
  const id = await enqueuedOne(own, plan([stage.step('io', 'A')]));
  await own.database.pool.query('delete from jobs where pipeline_id = $1', [id]);
  await startRunner(own, { stage, observer });
  await untilStatus(own, id, 'failed');
  await until('it is told', () => ends.length === 1);
  expect(ends).toEqual(['missing failed']);
});
