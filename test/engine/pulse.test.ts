/** Whether a runner's loop turns: what the watchdog and /healthz ask (issue 5, section 3). */
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectDatabase, type Database } from '../../src/database/database.js';
import type { RunnerObserver } from '../../src/engine/runner/observer.js';
import { Pulse } from '../../src/engine/runner/pulse.js';
import { plan, Stage } from './stage.js';
import { enqueued, enqueuedOne, rows, startRunner, until, untilStatus, useDatabase } from './support.js';

const own = useDatabase();

/**
 * A pool of its own whose statements fail after a second, as a runner believes: so soon it takes a step for one that hangs. In truth
 * they may take as long as ever, on a busy machine some do.
 */
function ownPool(): Database {
  const database = connectDatabase({
    connectionString: own.url,
    applicationName: 'victim',
    onError: () => undefined,
  });
  onTestFinished(() => database.close());
  const { pool } = database;
  const options = { ...pool.options, connectionTimeoutMillis: 1000, query_timeout: 1000 };
  const query = pool.query.bind(pool) as (...all: unknown[]) => unknown;
  return { ...database, pool: { options, query } as unknown as Database['pool'] }; // as much of one as a runner uses
}

test('a loop turns until a sign is overdue; asleep by plan it is not', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const pulse = new Pulse(10);
  const isTurningAfter = (ms: number) => {
    vi.advanceTimersByTime(ms);
    return pulse.isTurning;
  };
  expect(isTurningAfter(1_000_000)).toBe(true); // not begun
  pulse.beat(60_000);
  expect(isTurningAfter(60_010)).toBe(true);
  expect(isTurningAfter(1)).toBe(false);
  pulse.beat();
  expect(isTurningAfter(10)).toBe(true);
  expect(isTurningAfter(1)).toBe(false);
  pulse.beat();
  expect(pulse.isTurning).toBe(true);
  expect(isTurningAfter(11)).toBe(false);
  pulse.end();
  expect(isTurningAfter(1_000_000)).toBe(true);
});

test('a runner whose poll never comes back does not turn, though its heart beats', { timeout: 60_000 }, async () => {
  const database = ownPool();
  const { pool } = database;
  const query = pool.query.bind(pool) as (...all: unknown[]) => unknown;
  let hangs = false;
  let release: (reason: Error) => void = () => undefined;
  const hanging = (...all: unknown[]): unknown => {
    const isPoll = (all[0] as { name?: string }).name === 'pressmark_make_due';
    return hangs && isPoll ? new Promise((_, reject) => (release = reject)) : query(...all);
  };
  pool.query = hanging as typeof pool.query;
  const stage = new Stage();
  const runner = await startRunner(own, { stage, database });
  onTestFinished(() => {
    hangs = false;
    release(new Error('the test is over')); // its stop waits for the poll
  });
  await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'A')])), 'success');
  await until('it turns', () => runner.status().turning && runner.status().leased);
  hangs = true;
  await until('it no longer turns', () => !runner.status().turning);
  expect(runner.status().leased).toBe(true);
});

test('a runner whose polls fail turns: the outage is known, and it comes back by itself', async () => {
  const stage = new Stage();
  const answers: boolean[] = [];
  const observer: RunnerObserver = {
    polled: (answered) => answers.push(answered),
    runEnded: () => undefined,
    rescued: () => undefined,
    leaseLost: () => undefined,
  };
  await rows(own, 'alter function make_due rename to make_due_away');
  const runner = await startRunner(own, { stage, database: ownPool(), observer });
  await until('it has polled in vain', () => answers.filter((answered) => !answered).length >= 5);
  await until('it turns', () => runner.status().turning);
  await rows(own, 'alter function make_due_away rename to make_due');
  await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'A')])), 'success');
  await until('a poll is answered', () => answers.at(-1) === true);
});

test('a lane that never runs dry does not keep the poll from its other duties', { timeout: 60_000 }, async () => {
  const stage = new Stage();
  const one = () => plan([stage.step('instant', 'one of many')]);
  await enqueued(own, ...Array.from({ length: 500 }, one));
  let goesOn = true;
  stage.otherwise(async () => {
    if (goesOn) await enqueued(own, one()); // each brings another: the queue never ends
    return undefined;
  });
  await startRunner(own, { stage, queues: { instant: 50, fast: 1 } });
  await until('the lane is busy', () => stage.runs.length > 100);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'due')]));
  await rows(own, `update pipelines set status = 'delayed', run_at = now() - interval '1 second' where id = $1`, [id]);
  await untilStatus(own, id, 'success'); // only a poll makes it due
  goesOn = false;
  expect(stage.count('one of many')).toBeGreaterThan(100);
});
