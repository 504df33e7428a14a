/** A job that says "not yet" is tried again without a failure, but not for ever (spec 2.4; W11). */
import { expect, test } from 'vitest';
import { tryLater } from '../../src/engine/job.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueuedOne,
  eventKinds,
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
const notYet = () =>
  Promise.resolve(tryLater({ after: '1 min', deadline: '1 d', reason: 'the batch is still loading' }));
const fine = () => Promise.resolve(undefined);

/** Lets a delayed job run again and waits until that run has ended. */
async function runAgain(id: number): Promise<void> {
  const before = (await jobRows(own, id))[0]?.attempt ?? 0;
  await makeDelayedDue(own);
  await until('the job has run again', async () => ((await jobRows(own, id))[0]?.attempt ?? 0) > before);
}

test('a job that waits for another system is asked again and again without a failure', async () => {
  const stage = new Stage();
  stage.on('wait', notYet);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'wait', { maxAttempts: 2 }), stage.step('fast', 'next')]));
  await startRunner(own, { stage });
  const put = await untilStatus(own, id, 'delayed');
  expect(put.error?.message).toBe('the batch is still loading');
  // a minute from when it said so: that was after its run began, and before now
  const [wait] = await rows<{ from_begin: number; from_now: number }>(
    own,
    'select extract(epoch from run_at - step_started_at)::float8 as from_begin, extract(epoch from run_at - now())::float8 as from_now from pipelines',
  );
  expect(wait?.from_begin).toBeGreaterThanOrEqual(60);
  expect(wait?.from_now).toBeLessThanOrEqual(60);
  for (let i = 0; i < 4; i++) await runAgain(id);
  expect((await jobRows(own, id))[0]).toMatchObject({ failures: 0, attempt: 5, status: 'waiting' });
  stage.on('wait', fine);
  await makeDelayedDue(own);
  await untilStatus(own, id, 'success');
  expect(stage.runs.filter((run) => run.name === 'wait').map((run) => run.attempt)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await eventKinds(own, id)).toEqual([]);
});

test('past its deadline it fails, and a person is told (W11)', async () => {
  const stage = new Stage();
  stage.on('wait', notYet);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'wait'), stage.step('fast', 'next')]));
  await startRunner(own, { stage });
  await untilStatus(own, id, 'delayed');
  await rows(own, `update jobs set tried_since = now() - interval '25 hours' where tried_since is not null`);
  await runAgain(id);
  const failed = await untilStatus(own, id, 'failed');
  expect(failed.error?.message).toMatch(/the batch is still loading.*deadline has passed/);
  expect(await eventKinds(own, id)).toEqual(['failed']);
  expect(await brokenInvariants(own)).toEqual({});

  await verb(own, `requeue_pipeline($1, 'ada')`, [id]); // the time counts anew
  await untilStatus(own, id, 'delayed');
});

test('the deadline counts from the first "not yet" in a row: a run that failed in between begins a new row', async () => {
  const stage = new Stage();
  stage.on('wait', notYet, () => Promise.reject(new Error('the connection broke')), notYet);
  const id = await enqueuedOne(own, plan([stage.step('fast', 'wait')]));
  await startRunner(own, { stage });
  await untilStatus(own, id, 'delayed');
  await rows(own, `update jobs set tried_since = now() - interval '23 hours'`);
  await runAgain(id);
  await runAgain(id);
  expect((await pipelineRow(own, id)).status).toBe('delayed');
  const [job] = await rows<{ fresh: boolean }>(
    own,
    `select tried_since > now() - interval '1 hour' as fresh from jobs`,
  );
  expect(job?.fresh).toBe(true);
});
