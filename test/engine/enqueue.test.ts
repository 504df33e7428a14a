/** Enqueueing: all or nothing, one open pipeline per object, thousands in one go (spec 2.1; W5, W6). */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { enqueue, ObjectBusy } from '../../src/engine/enqueue.js';
import { defineJob } from '../../src/engine/job.js';
import { definePipeline } from '../../src/engine/pipeline.js';
import { createRegistry } from '../../src/engine/registry.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueued,
  enqueuedOne,
  jobRows,
  pipelineRow,
  rows,
  startRunner,
  testSettings,
  untilIdle,
  untilListening,
  untilStatus,
  useDatabase,
  verb,
} from './support.js';

const own = useDatabase();
const stage = new Stage();
const onIssue = (id: number, jobs = [stage.step('fast', 'A')]) => plan(jobs, { type: 'issue', id });
const count = async () => (await rows(own, 'select from pipelines')).length;

test('a plan becomes rows as it says', async () => {
  const jobs = [stage.step('cpu', 'A', { maxAttempts: 5, timeoutSeconds: 90.5, entwine: 7 }), stage.step('io', 'B')];
  const id = await enqueuedOne(own, plan(jobs, { type: 'issue', id: 9_007_199_254_740_991 }, { priority: -3 }));
  expect(await pipelineRow(own, id)).toMatchObject({
    name: 'Test',
    created_by: 'tester',
    object_id: 9_007_199_254_740_991,
    priority: -3,
    status: 'pending',
    queue: 'cpu',
    next_sequence: 10,
    epoch: 0,
  });
  expect(
    await rows(
      own,
      `select sequence, type, queue, args, max_attempts, extract(epoch from timeout)::float8 as timeout, entwine, status from jobs order by sequence`,
    ),
  ).toEqual([
    {
      sequence: 10,
      type: 'cpu_step',
      queue: 'cpu',
      args: { name: 'A' },
      max_attempts: 5,
      timeout: 90.5,
      entwine: 7,
      status: 'waiting',
    },
    {
      sequence: 20,
      type: 'io_step',
      queue: 'io',
      args: { name: 'B' },
      max_attempts: 25,
      timeout: 300,
      entwine: null,
      status: 'waiting',
    },
  ]);
});

test('3,500 pipelines at once get their ids in the order they were given', async () => {
  const plans = Array.from({ length: 3_500 }, (_, i) =>
    plan([stage.step('io', `A${i}`)], { type: 'issue', id: i + 1 }),
  );
  const ids = await enqueue(own.database.kysely, plans, { actor: 'tester' });
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  const stored = await rows<{ id: number; object_id: number }>(own, 'select id, object_id from pipelines order by id');
  expect(stored.map((row) => row.object_id)).toEqual(plans.map((p) => p.object?.id));
  expect(stored.map((row) => row.id)).toEqual(ids);
});

describe('many jobs in one pipeline (W5)', () => {
  for (const jobs of [60, 2_000])
    test(`${jobs} jobs run through, where NCA's sequence number ran over at 127`, async () => {
      const own60 = new Stage();
      const names = Array.from({ length: jobs }, (_, i) => `${i}`);
      const id = await enqueuedOne(own, plan(names.map((name) => own60.step('instant', name))));
      await startRunner(own, { stage: own60 });
      await untilIdle(own, 240); // one after the other: 10 s on a busy machine
      await untilStatus(own, id, 'success');
      expect(own60.order()).toEqual(names);
      expect((await jobRows(own, id)).every((job) => job.status === 'success')).toBe(true);
    }, 300_000);
});

describe('what is wrong with a plan is said when it is made, not days later', () => {
  const splitPages = defineJob({
    type: 'split',
    queue: 'cpu',
    timeout: '1 min',
    args: z.object({ issueId: z.number().int() }),
    run: () => Promise.resolve(undefined),
  });

  test('arguments are checked', () => {
    expect(() => splitPages({ issueId: 1.5 })).toThrow(/issueId/);
    // @ts-expect-error -- a wrong type does not even compile
    expect(() => splitPages({ issueId: 'seven' })).toThrow(/issueId/);
  });

  test('a pipeline without jobs is an error, and nothing else of the call stays', async () => {
    await expect(enqueued(own, onIssue(1), plan([]))).rejects.toThrow(/has no jobs/);
    expect(await count()).toBe(0);
  });

  test('two job types of one name are an error', () => {
    expect(() => createRegistry({ jobs: [splitPages, splitPages] })).toThrow(/split is defined twice/);
  });

  test('a defined pipeline lays its lists of jobs flat, in order', async () => {
    const move = definePipeline<{ id: number }>('Move', {
      describe: (issue) => `issue ${issue.id}`,
      object: (issue) => ({ type: 'issue', id: issue.id }),
      jobs: () => [[stage.step('io', 'copy'), stage.step('io', 'verify')], stage.step('fast', 'record')],
    });
    const id = await enqueuedOne(own, move({ id: 3 }, testSettings));
    expect((await jobRows(own, id)).map((job) => job.name)).toEqual(['copy', 'verify', 'record']);
  });
});

describe('one open pipeline per object (W6)', () => {
  test('a second one is refused, and says what is in the way', async () => {
    const id = await enqueuedOne(own, onIssue(7));
    const refused = enqueued(own, onIssue(7));
    await expect(refused).rejects.toThrow(ObjectBusy);
    await expect(refused).rejects.toMatchObject({ object: { type: 'issue', id: 7 } });
    await expect(refused).rejects.toThrow(`issue 7 already has an open pipeline: ${id} (Test, pending)`);
    await enqueuedOne(own, plan([stage.step('fast', 'A')], { type: 'batch', id: 7 })); // another kind of thing
    expect(await count()).toBe(2);
  });

  test('one busy object refuses the whole call', async () => {
    await enqueuedOne(own, onIssue(2));
    await expect(enqueued(own, onIssue(1), onIssue(2), onIssue(3))).rejects.toThrow(ObjectBusy);
    await expect(enqueued(own, onIssue(4), onIssue(4))).rejects.toThrow('issue 4 is named by two of these pipelines');
    expect(await count()).toBe(1);
  });

  test('two calls that name the same objects in opposite order do not block each other', async () => {
    const objects = Array.from({ length: 500 }, (_, i) => onIssue(i + 1));
    for (let round = 0; round < 5; round++) {
      const [up, down] = await Promise.allSettled([
        enqueued(own, ...objects),
        enqueued(own, ...[...objects].reverse()),
      ]);
      const refused = [up, down].filter((call) => call.status === 'rejected');
      expect(refused.map((call) => call.reason as unknown)).toEqual([expect.any(ObjectBusy)]); // no deadlock
      await rows(own, 'delete from pipelines');
    }
  });

  test('also for a caller who goes on with his transaction after the refusal', async () => {
    await enqueuedOne(own, onIssue(2));
    await own.database.kysely.transaction().execute(async (trx) => {
      await expect(enqueue(trx, [onIssue(1), onIssue(2)], { actor: 'tester' })).rejects.toThrow(ObjectBusy);
      await enqueue(trx, [onIssue(5)], { actor: 'tester' });
    });
    expect(
      (await rows<{ object_id: number }>(own, 'select object_id from pipelines order by 1')).map((r) => r.object_id),
    ).toEqual([2, 5]);
  });

  test('twenty double clicks at once: one wins, nineteen are told', async () => {
    const clicks = await Promise.allSettled(Array.from({ length: 20 }, () => enqueued(own, onIssue(7))));
    expect(clicks.filter((click) => click.status === 'fulfilled')).toHaveLength(1);
    for (const click of clicks) if (click.status === 'rejected') expect(click.reason).toBeInstanceOf(ObjectBusy);
    expect(await count()).toBe(1);
  });

  test('whatever state the open pipeline is in; not once it has succeeded or was cancelled (W33)', async () => {
    const id = await enqueuedOne(own, onIssue(7));
    const stages = [
      `status = 'delayed'`,
      `status = 'failed'`,
      `status = 'held', hold_kind = 'timer'`,
      `status = 'in_process', runner_id = 1`,
    ];
    for (const state of stages) {
      await rows(own, `update pipelines set ${state} where id = $1`, [id]);
      await expect(enqueued(own, onIssue(7))).rejects.toThrow(ObjectBusy);
    }
    await verb(own, `cancel_pipeline($1, 'ada', 'wrong issue')`, [id]);
    const next = await enqueuedOne(own, onIssue(7));
    await startRunner(own, { stage: new Stage() });
    await untilStatus(own, next, 'success');
    await enqueuedOne(own, onIssue(7));
    expect(await brokenInvariants(own)).toEqual({});
  });
});

test("enqueueing is part of the caller's transaction: what is rolled back leaves nothing", async () => {
  const work = own.database.kysely.transaction().execute(async (trx) => {
    const ids = await enqueue(trx, [onIssue(1), onIssue(2)], { actor: 'tester' });
    expect(ids).toHaveLength(2);
    throw new Error('the issue could not be saved');
  });
  await expect(work).rejects.toThrow('could not be saved');
  expect(await count()).toBe(0);
  expect(await rows(own, 'select from jobs')).toEqual([]);
  await enqueued(own, onIssue(1));
});

test('a runner that waits for a hint starts the work at once, one that only polls at its next poll', async () => {
  const both = new Stage();
  await startRunner(own, { stage: both, hints: true, settings: { POLL_INTERVAL: 3600 } });
  await untilListening(own);
  await enqueued(
    own,
    ...Array.from({ length: 20 }, (_, i) => onIssue(i + 1, [both.step('fast', 'A'), both.step('io', 'B')])),
  );
  await untilIdle(own);
  expect(both.runs).toHaveLength(40);
});
