/** The worked trace of spec newspapers 2.12 in this engine's terms, and the invariants of 2.13 after each of its steps. */
import { expect, test } from 'vitest';
import { done, FatalError } from '../../src/engine/job.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueuedOne,
  eventKinds,
  jobList,
  jobRows,
  makeDelayedDue,
  pipelineRow,
  startRunner,
  untilStatus,
  useDatabase,
  verb,
} from './support.js';

const own = useDatabase();

test('a copy of two directories, a verification that fails for good, a requeue: the trace of the specification (2.12)', async () => {
  const stage = new Stage();
  const [a, a1, a2, b, c] = ['A', 'A1', 'A2', 'B', 'C'].map((name) => stage.gate(name));
  if (!a || !a1 || !a2 || !b || !c) throw new Error('five gates were made');
  const id = await enqueuedOne(
    own,
    plan([stage.step('io', 'A'), stage.step('io', 'B'), stage.step('fast', 'C')], { type: 'issue', id: 7 }),
  );
  const moment = async (jobs: string, status: string) => {
    expect(await jobList(own, id)).toBe(jobs);
    expect((await pipelineRow(own, id)).status).toBe(status);
    expect(await brokenInvariants(own)).toEqual({});
  };
  await moment('A pending, B waiting, C waiting', 'pending');

  await startRunner(own, { stage });
  await a.entered;
  await moment('A in_process, B waiting, C waiting', 'in_process');

  a.end(done({ siblings: [stage.step('io', 'A1'), stage.step('io', 'A2')] }));
  await a1.entered; // the siblings come before B, one after the other
  await moment('A success, A1 in_process, A2 waiting, B waiting, C waiting', 'in_process');

  const again = stage.gate('A1');
  a1.fail(new Error('the directory is locked'));
  const delayed = await untilStatus(own, id, 'delayed');
  await moment('A success, A1 pending, A2 waiting, B waiting, C waiting', 'delayed');
  expect(delayed.run_at.getTime()).toBeGreaterThan(Date.now());
  expect(stage.count('A2')).toBe(0); // nothing later starts while A1 is open

  await makeDelayedDue(own);
  await again.entered;
  await moment('A success, A1 in_process, A2 waiting, B waiting, C waiting', 'in_process');
  again.end();
  await a2.entered;
  await moment('A success, A1 success, A2 in_process, B waiting, C waiting', 'in_process');
  a2.end();
  await b.entered;

  const bAgain = stage.gate('B');
  b.fail(new FatalError('a file is missing'));
  await untilStatus(own, id, 'failed');
  await moment('A success, A1 success, A2 success, B failed, C waiting', 'failed');

  expect(await verb(own, `requeue_pipeline($1, 'ada', 'the file is back')`, [id])).toEqual({ status: 'pending' });
  await bAgain.entered;
  await moment('A success, A1 success, A2 success, B in_process, C waiting', 'in_process');
  bAgain.end();
  await c.entered;
  await moment('A success, A1 success, A2 success, B success, C in_process', 'in_process');
  c.end();

  const closed = await untilStatus(own, id, 'success');
  await moment('A success, A1 success, A2 success, B success, C success', 'success');
  expect(closed.completed_at).toBeInstanceOf(Date);
  expect(stage.order()).toEqual(['A', 'A1', 'A1', 'A2', 'B', 'B', 'C']);
  expect((await jobRows(own, id)).map((job) => job.attempt)).toEqual([1, 2, 1, 2, 1]);
  expect(await eventKinds(own, id)).toEqual(['failed_attempt', 'failed', 'requeued']);
});
