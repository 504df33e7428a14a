/** What happens to a job that fails: it is retried with growing delays, or stops for a person at once (spec 2.4, 2.7; W10, W27). */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { statusText } from '../../src/cli/run-jobs/tables.js';
import { postgresCoordination } from '../../src/coordination/coordination.js';
import { defineJob, entwined, FatalError } from '../../src/engine/job.js';
import { claim } from '../../src/engine/statements/claim.js';
import { fail } from '../../src/engine/statements/fail.js';
import { onPool } from '../../src/engine/statements/statement.js';
import { readStatus } from '../../src/engine/status.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueued,
  enqueuedOne,
  eventKinds,
  jobList,
  jobRows,
  makeDelayedDue,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
  verb,
} from './support.js';

const own = useDatabase();
const boom = () => Promise.reject(new Error('boom'));
const fatal = () => Promise.reject(new FatalError('page 3 is damaged'));
const fine = () => Promise.resolve(undefined);

/** Seconds from now until a delayed pipeline runs again, by the database's clock. */
async function delay(id: number): Promise<number> {
  const [row] = await rows<{ s: number }>(
    own,
    'select extract(epoch from run_at - (select max(at) from events where pipeline_id = $1))::float8 as s from pipelines where id = $1',
    [id],
  );
  return row?.s ?? NaN;
}

describe('delays', () => {
  test('derivatives are retried after 16, 32, 64, 128 s, up to a tenth sooner, and fail at the fifth run (11.4.6)', async () => {
    const stage = new Stage();
    stage.on('derive', boom);
    const id = await enqueuedOne(
      own,
      plan([stage.step('cpu', 'derive', { maxAttempts: 5 }), stage.step('fast', 'next')]),
    );
    await startRunner(own, { stage });
    for (const seconds of [16, 32, 64, 128]) {
      await untilStatus(own, id, 'delayed');
      const waited = await delay(id);
      expect(waited).toBeGreaterThanOrEqual(seconds * 0.9);
      expect(waited).toBeLessThanOrEqual(seconds);
      await makeDelayedDue(own);
      await untilStatus(own, id, 'delayed', 'failed', 'in_process', 'pending');
      await until(
        `run ${Math.log2(seconds) - 2} is recorded`,
        async () => (await eventKinds(own, id)).length >= Math.log2(seconds) - 2,
      );
    }
    const failed = await untilStatus(own, id, 'failed');
    expect(failed.error?.message).toBe('boom');
    expect(await jobList(own, id)).toBe('derive failed, next waiting');
    expect((await jobRows(own, id))[0]).toMatchObject({ attempt: 5, failures: 5, error: { message: 'boom' } });
    expect(await eventKinds(own, id)).toEqual([...Array.from({ length: 4 }, () => 'failed_attempt'), 'failed']);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('no delay is longer than a day, however often a job has failed', async () => {
    const id = await enqueuedOne(own, plan([new Stage().step('io', 'A', { maxAttempts: 2_000 })]));
    await rows(own, 'insert into runners (id, host, pid, boot_id, version, queues) values (1, $1, 1, $1, $1, $2)', [
      'x',
      '{}',
    ]);
    for (const failures of [12, 13, 14, 20, 1000]) {
      await rows(own, 'update jobs set failures = $2 where pipeline_id = $1', [id, failures]);
      await makeDelayedDue(own);
      await rows(own, 'select make_due()');
      const [job] = await claim(onPool(own.database.pool), 1, 'io', 1);
      if (!job || job.type === null) throw new Error('the pipeline was there to be claimed');
      await fail(onPool(own.database.pool), 1, job, { message: 'boom' }, true);
      const whole = Math.min(2 ** (failures + 4), 86_400);
      expect(await delay(id)).toBeGreaterThanOrEqual(whole * 0.9);
      expect(await delay(id)).toBeLessThanOrEqual(whole);
    }
  });

  test('what failed together does not come back together', async () => {
    const stage = new Stage();
    stage.otherwise(boom);
    const ids = await enqueued(own, ...Array.from({ length: 20 }, () => plan([stage.step('fast', 'A')])));
    await startRunner(own, { stage });
    await until(
      'all are delayed',
      async () => (await rows(own, `select from pipelines where status = 'delayed'`)).length === ids.length,
    );
    const spread = await rows<{ s: number }>(
      own,
      'select extract(epoch from max(run_at) - min(run_at))::float8 as s from pipelines',
    );
    expect(spread[0]?.s).toBeGreaterThan(0.3);
  });
});

test('a damaged file fails at once and waits for a person, nobody waits 13 days (W10)', async () => {
  const stage = new Stage();
  stage.on('split', fatal);
  const id = await enqueuedOne(own, plan([stage.step('cpu', 'split'), stage.step('fast', 'next')]));
  await startRunner(own, { stage });
  const failed = await untilStatus(own, id, 'failed');
  expect(failed.error).toMatchObject({ name: 'FatalError', message: 'page 3 is damaged' });
  expect(stage.count('split')).toBe(1);
  expect(await jobList(own, id)).toBe('split failed, next waiting');
  expect(await eventKinds(own, id)).toEqual(['failed']);
});

test('requeue lets a failed pipeline go on at its failed job, and failures count anew (11.4.5, W27)', async () => {
  const stage = new Stage();
  stage.on('B', boom);
  const id = await enqueuedOne(
    own,
    plan([stage.step('io', 'A'), stage.step('io', 'B', { maxAttempts: 2 }), stage.step('io', 'C')]),
  );
  await startRunner(own, { stage });
  await untilStatus(own, id, 'delayed');
  await makeDelayedDue(own);
  await untilStatus(own, id, 'failed');
  expect(await verb(own, `requeue_pipeline($1, 'ada', 'disk replaced')`, [id])).toEqual({ status: 'pending' });
  await untilStatus(own, id, 'delayed'); // one more failure is the first of two again
  expect((await jobRows(own, id))[1]).toMatchObject({ failures: 1, attempt: 3 });
  stage.on('B', fine);
  expect(await verb(own, `requeue_pipeline($1, 'ada')`, [id])).toEqual({ status: 'pending' }); // a delayed one goes on now
  await untilStatus(own, id, 'success');
  expect(stage.order()).toEqual(['A', 'B', 'B', 'B', 'B', 'C']);
  expect(await brokenInvariants(own)).toEqual({});
});

describe('a job type that this version does not know', () => {
  const args = z.object({});
  const future = defineJob({ type: 'from_the_future', queue: 'fast', args, timeout: '1 min', run: fine });

  const untilLeft = (id: number) =>
    until('it was left to others', async () => (await pipelineRow(own, id)).error !== null);

  test('stays pending, without a failure or a run, and the runner that knows it takes it', async () => {
    const id = await enqueuedOne(own, plan([future({})]));
    const old = await startRunner(own);
    await untilLeft(id);
    const left = await pipelineRow(own, id);
    expect(left).toMatchObject({ status: 'pending', runner_id: null, error: { unknown_type: 'from_the_future' } });
    expect((await jobRows(own, id))[0]).toMatchObject({ failures: 0, attempt: 0, status: 'waiting' });
    await startRunner(own, { more: [future] }); // beside the old one
    await untilStatus(own, id, 'success');
    await old.stop(0);
    expect(await eventKinds(own, id)).toEqual([]);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('is claimed once, not again and again, and holds up nothing that comes after it', async () => {
    const ids = await enqueued(own, ...Array.from({ length: 20 }, () => plan([future({})])));
    const stage = new Stage();
    const idle = new Promise<void>((resolve) => void startRunner(own, { stage, onIdle: resolve, queues: { fast: 2 } }));
    await untilLeft(ids[0] ?? 0);
    const known = await enqueuedOne(own, plan([stage.step('fast', 'known')]));
    await untilStatus(own, known, 'success');
    await idle; // what nobody here can run is no work of this runner
    const claimed = await rows<{ n: number }>(
      own,
      'select sum(epoch)::int / 2 as n from pipelines where id = any ($1)',
      [ids],
    );
    expect(claimed[0]?.n).toBeLessThanOrEqual(2); // one claim of two places, then it knew
  });

  test('is told in the status', async () => {
    const id = await enqueuedOne(own, plan([future({})]));
    await startRunner(own);
    await untilLeft(id);
    const { progress } = postgresCoordination(own.database.pool);
    const status = await readStatus(own.database.kysely, progress);
    expect(status.unknown_types).toEqual([{ type: 'from_the_future', pipelines: 1, first: id }]);
    expect(statusText(status)).toContain('no runner that looked knows this job type');
  });
});

test('arguments that no longer fit fail at once and say so', async () => {
  const stage = new Stage();
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
  await rows(own, `update jobs set args = '{"nam": 7}'`);
  await startRunner(own, { stage });
  const failed = await untilStatus(own, id, 'failed');
  expect(failed.error?.name).toBe('FatalError');
  expect(failed.error?.message).toMatch(/arguments do not fit fast_step.*name/s);
  expect(stage.runs).toEqual([]);
});

describe('an entwined group (11.4.4)', () => {
  const group = (stage: Stage) => [
    stage.step('io', 'before'),
    ...entwined(stage.step('fast', 'load', { maxAttempts: 3 }), stage.step('io', 'wait', { maxAttempts: 3 })),
    stage.step('io', 'after'),
  ];

  test('when the wait fails the load is done again, too, after the delay', async () => {
    const stage = new Stage();
    stage.on('wait', boom, fine);
    const id = await enqueuedOne(own, plan(group(stage)));
    await startRunner(own, { stage });
    const delayed = await untilStatus(own, id, 'delayed');
    expect(await jobList(own, id)).toBe('before success, load pending, wait waiting, after waiting');
    expect(delayed.next_sequence).toBe(20);
    expect(delayed.queue).toBe('fast');
    expect(await delay(id)).toBeGreaterThanOrEqual(16 * 0.9);
    expect(await brokenInvariants(own)).toEqual({});
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual(['before', 'load', 'wait', 'load', 'wait', 'after']);
  });

  test('a fatal member stops the group; requeue goes back to its first job and counts anew', async () => {
    const stage = new Stage();
    stage.on('wait', fatal, fine);
    const id = await enqueuedOne(own, plan(group(stage)));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'failed');
    expect(await jobList(own, id)).toBe('before success, load success, wait failed, after waiting');
    await verb(own, `requeue_pipeline($1, 'ada')`, [id]);
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual(['before', 'load', 'wait', 'load', 'wait', 'after']);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('the group fails when one of its jobs has failed often enough', async () => {
    const stage = new Stage();
    stage.on('wait', boom);
    const id = await enqueuedOne(own, plan(group(stage)));
    await startRunner(own, { stage });
    for (let i = 0; i < 2; i++) {
      await untilStatus(own, id, 'delayed');
      await makeDelayedDue(own);
      await until('the group has run again', () => stage.count('wait') === i + 2);
    }
    await untilStatus(own, id, 'failed');
    expect(stage.order()).toEqual(['before', 'load', 'wait', 'load', 'wait', 'load', 'wait']);
  });

  test('requeue of a group that waits for its retry counts the failures of every member anew', async () => {
    const stage = new Stage();
    stage.on('wait', boom);
    const id = await enqueuedOne(own, plan(group(stage)));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'delayed');
    stage.gate('load');
    await verb(own, `requeue_pipeline($1, 'ada')`, [id]);
    expect((await jobRows(own, id)).map((job) => job.failures)).toEqual([0, 0, 0, 0]);
  });

  test('a group of one is refused when it is planned', () => {
    expect(() => entwined(new Stage().step('io', 'alone'))).toThrow(/at least two/);
  });
});

test('whatever a job throws is written down, and the runner lives on (W2)', async () => {
  const stage = new Stage();
  const strange: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a text', 'no error at all'],
    ['a symbol', Symbol('x')],
    ['an object without a prototype', Object.create(null)],
    ['half an emoji', new Error(`page \ud83d is cut`)],
    ['a zero byte', new Error('a\u0000b')],
    ['a name with a zero byte', Object.assign(new Error('x'), { name: 'a\u0000b' })],
    ['a message that is no text', Object.assign(new Error('x'), { message: { a: 1 } })],
    ['several', new AggregateError([new Error('one'), new Error('two')], 'both failed')],
    ['a huge message', new Error('x'.repeat(5_000_000))],
  ];
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the point
  for (const [name, thrown] of strange) stage.on(name, () => Promise.reject(thrown));
  const ids = await enqueued(own, ...strange.map(([name]) => plan([stage.step('fast', name, { maxAttempts: 1 })])));
  await startRunner(own, { stage });
  for (const id of ids) {
    const failed = await untilStatus(own, id, 'failed');
    expect(typeof failed.error?.message).toBe('string');
  }
});
