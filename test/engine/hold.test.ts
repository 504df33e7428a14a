/** A held pipeline: the question, the answer, the waits for a time, an outside system or another pipeline (spec holding-pen 9). */
import { describe, expect, test } from 'vitest';
import { done, hold, type Hold } from '../../src/engine/job.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage, type Behaviour } from './stage.js';
import {
  decide,
  enqueuedOne,
  eventKinds,
  jobList,
  jobRows,
  makeDelayedDue,
  makeHeldDue,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
  verb,
} from './support.js';

const own = useDatabase();
const fine = () => Promise.resolve(undefined);
/** Asks until somebody has answered. */
const asks =
  (question: Partial<Parameters<typeof hold>[0]> = {}): Behaviour =>
  ({ decision }) =>
    Promise.resolve(
      decision
        ? done({ result: decision.verb })
        : hold({ kind: 'person', action: 'review', message: 'please look', ...question }),
    );
const looksAgain = async (stage: Stage, name: string) => {
  const before = stage.count(name);
  await makeHeldDue(own);
  await until(
    `${name} has looked again`,
    () => stage.runs.filter((run) => run.name === name && run.ended).length > before,
  );
};

describe('a question to a person', () => {
  test('the pipeline waits, the same job runs again with the answer, then the next', async () => {
    const stage = new Stage();
    stage.on('ask', asks({ role: 'reviewer', payload: { pages: 12 }, dueAfter: '7 d', assignee: 'ada' }));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask'), stage.step('fast', 'next')]));
    await startRunner(own, { stage });
    const held = await untilStatus(own, id, 'held');
    expect(held).toMatchObject({
      hold_kind: 'person',
      hold_action: 'review',
      hold_role: 'reviewer',
      hold_message: 'please look',
      hold_payload: { pages: 12 },
      hold_rev: 1,
      assignee: 'ada',
      runner_id: null,
    });
    expect((held.due_at?.getTime() ?? 0) - (held.held_at?.getTime() ?? 0)).toBe(7 * 86_400_000);
    expect(await jobList(own, id)).toBe('ask held, next waiting');
    expect(await decide(own, id, 1, 'approve', 'ada', { pages: [1, 2] })).toEqual({ status: 'pending' });
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual(['ask', 'ask', 'next']);
    expect(stage.runs[1]?.decision).toMatchObject({
      verb: 'approve',
      params: { pages: [1, 2] },
      actor: 'ada',
      via: 'cli',
    });
    expect(stage.runs[1]?.decision?.at).toBeInstanceOf(Date);
    expect(stage.runs[2]?.decision).toBeUndefined(); // the answer is this job's alone
    expect((await jobRows(own, id))[0]).toMatchObject({ result: 'approve', attempt: 2, failures: 0 });
    expect(await eventKinds(own, id)).toEqual(['held', 'decided']);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('runs that failed before the question are forgotten: waiting eats no retries', async () => {
    const stage = new Stage();
    const boom = () => Promise.reject(new Error('boom'));
    stage.on('ask', boom, asks(), boom, asks());
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask', { maxAttempts: 2 })]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'delayed');
    await makeDelayedDue(own);
    await untilStatus(own, id, 'held');
    expect((await jobRows(own, id))[0]?.failures).toBe(0);
    await decide(own, id, 1, 'approve');
    await untilStatus(own, id, 'delayed'); // the first failure of two, although another was before the question
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
    expect(stage.runs.at(-1)?.decision?.verb).toBe('approve'); // the answer outlived the failure
  });

  test('one job may ask two questions in a row, each answered once', async () => {
    const stage = new Stage();
    stage.on('ask', ({ decision }) =>
      Promise.resolve(
        decision?.verb === 'submit'
          ? done()
          : hold({ kind: 'person', action: 'metadata_entry', message: decision ? 'draft saved' : 'enter' }),
      ),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await decide(own, id, 1, 'save_draft');
    await until('the second question is asked', async () => (await pipelineRow(own, id)).hold_rev === 2);
    const second = await untilStatus(own, id, 'held');
    expect(second).toMatchObject({ hold_message: 'draft saved', decision_rev: null });
    expect(await decide(own, id, 1, 'submit')).toMatchObject({
      code: 'PM409',
      message: expect.stringContaining('answered already') as string,
    });
    await decide(own, id, 2, 'submit');
    await untilStatus(own, id, 'success');
    expect(await eventKinds(own, id)).toEqual(['held', 'decided', 'held', 'decided']);
  });

  test('an answer is refused before the question, after the end, to an old question, to a pipeline that is not there', async () => {
    const stage = new Stage();
    const gate = stage.gate('before');
    stage.on('ask', asks());
    const id = await enqueuedOne(own, plan([stage.step('fast', 'before'), stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await gate.entered;
    expect(await decide(own, id, 0, 'approve')).toMatchObject({
      code: 'PM409',
      message: expect.stringContaining('asks nothing') as string,
    });
    gate.end();
    await untilStatus(own, id, 'held');
    expect(await decide(own, id, 0, 'approve')).toMatchObject({
      code: 'PM409',
      message: expect.stringContaining('out of date') as string,
    });
    expect(await decide(own, id, 2, 'approve')).toMatchObject({ code: 'PM409' });
    expect(await decide(own, 999_999, 1, 'approve')).toMatchObject({ code: 'PM404' });
    await decide(own, id, 1, 'approve');
    await untilStatus(own, id, 'success');
    expect(await decide(own, id, 1, 'reject')).toMatchObject({
      code: 'PM409',
      hint: expect.stringContaining('ada decided approve') as string,
    });
    expect(await decide(own, id, 2, 'reject')).toMatchObject({
      code: 'PM409',
      message: expect.stringContaining('asks nothing') as string,
    });
  });

  test('what somebody has on the desk, nobody else answers until the claim runs out', async () => {
    const stage = new Stage();
    stage.on('ask', asks({ assignee: 'ada' }));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    expect(await decide(own, id, 1, 'approve', 'bob')).toMatchObject({
      code: 'PM409',
      message: expect.stringContaining('claimed by ada') as string,
    });
    await rows(own, `update pipelines set assigned_until = now() - interval '1 second'`);
    expect(await decide(own, id, 1, 'approve', 'bob')).toEqual({ status: 'pending' });
  });
});

describe('looking again', () => {
  test('a recheck keeps the question and its number, so an open form stays valid', async () => {
    const stage = new Stage();
    stage.on('ask', asks({ wakeAfter: '5 min', payload: { n: 1 } }));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    const first = await untilStatus(own, id, 'held');
    for (let i = 0; i < 3; i++) {
      await looksAgain(stage, 'ask');
      await untilStatus(own, id, 'held');
    }
    const now = await pipelineRow(own, id);
    expect(now).toMatchObject({ hold_rev: 1, held_at: first.held_at, hold_action: 'review' });
    expect(now.wake_at?.getTime()).toBeGreaterThan(Date.now());
    expect(await eventKinds(own, id)).toEqual(['held']); // asking the same again is no news
    expect(await verb(own, `wake_pipeline($1, 'ada')`, [id])).toEqual({ status: 'pending' });
    await untilStatus(own, id, 'held');
    expect((await pipelineRow(own, id)).hold_rev).toBe(1);
    await decide(own, id, 1, 'approve');
    await untilStatus(own, id, 'success');
  });

  test('a recheck that finds the matter settled ends the question; a late answer is refused', async () => {
    const stage = new Stage();
    stage.on('ask', asks({ wakeAfter: '5 min' }), fine);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask'), stage.step('fast', 'next')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await makeHeldDue(own);
    await untilStatus(own, id, 'success');
    expect(await decide(own, id, 1, 'approve')).toMatchObject({ code: 'PM409' });
    expect(await rows(own, 'select from decisions')).toEqual([]);
  });

  test('a recheck that asks something else asks anew: the old form is void', async () => {
    const stage = new Stage();
    stage.on('ask', asks({ wakeAfter: '5 min' }), asks({ action: 'repair' }));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await looksAgain(stage, 'ask');
    await until('it is held again', async () => (await pipelineRow(own, id)).hold_action === 'repair');
    expect(await decide(own, id, 1, 'approve')).toMatchObject({ code: 'PM409' });
    expect(await decide(own, id, 2, 'repaired')).toEqual({ status: 'pending' });
  });

  test('goto voids the forms that are open', async () => {
    const stage = new Stage();
    stage.on('ask', asks());
    const id = await enqueuedOne(own, plan([stage.step('fast', 'before'), stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    expect(await verb(own, `goto_job($1, 10, 'ada', 'new pages came')`, [id])).toEqual({ status: 'pending' });
    await until('it is asked again', async () => (await pipelineRow(own, id)).hold_action !== null);
    const held = await untilStatus(own, id, 'held');
    expect(stage.order()).toEqual(['before', 'ask', 'before', 'ask']);
    expect(await decide(own, id, 1, 'approve')).toMatchObject({
      code: 'PM409',
      message: expect.stringContaining('out of date') as string,
    });
    expect(await decide(own, id, held.hold_rev, 'approve')).toEqual({ status: 'pending' });
    await untilStatus(own, id, 'success');
  });

  test('after goto to a job that was answered yesterday, it asks again', async () => {
    const stage = new Stage();
    stage.on('ask', asks());
    stage.on('check', () => Promise.reject(new Error('boom')), fine);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask'), stage.step('fast', 'check')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await decide(own, id, 1, 'approve');
    await untilStatus(own, id, 'delayed');
    await verb(own, `goto_job($1, 10, 'ada', 'look again')`, [id]);
    const held = await untilStatus(own, id, 'held');
    expect(held.hold_rev).toBeGreaterThan(1);
    expect(stage.runs.at(-1)?.decision).toBeUndefined();
  });
});

describe('other waits', () => {
  const without =
    (kind: Hold['hold'], more: object = {}): Behaviour =>
    () =>
      Promise.resolve(hold({ kind, message: 'wait', ...more }));

  test('a timer: the job runs again when its time has come, nobody can answer it', async () => {
    const stage = new Stage();
    stage.on('sleep', without('timer', { wakeAfter: '1 h' }), fine);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'sleep')]));
    await startRunner(own, { stage });
    const held = await untilStatus(own, id, 'held');
    expect((held.wake_at?.getTime() ?? 0) - (held.held_at?.getTime() ?? 0)).toBe(3_600_000);
    expect(await decide(own, id, held.hold_rev, 'approve')).toMatchObject({
      code: 'PM409',
      message: expect.stringContaining('asks nothing') as string,
    });
    await makeHeldDue(own);
    await untilStatus(own, id, 'success');
    expect(await eventKinds(own, id)).toEqual([]); // nobody has to know
  });

  test('another pipeline: the job runs again when that one is closed, be it cancelled', async () => {
    for (const end of ['success', 'cancelled']) {
      const stage = new Stage();
      const gate = stage.gate('work');
      const blocking = await enqueuedOne(own, plan([stage.step('io', 'work')]));
      stage.on('wait', without('pipeline', { blockedBy: blocking }), fine);
      const runner = await startRunner(own, { stage });
      await gate.entered;
      const id = await enqueuedOne(own, plan([stage.step('fast', 'wait')]));
      const held = await untilStatus(own, id, 'held');
      expect(held.blocked_by).toBe(blocking);
      if (end === 'success') gate.end();
      else await verb(own, `cancel_pipeline($1, 'ada', 'not needed')`, [blocking]);
      await untilStatus(own, blocking, end);
      await untilStatus(own, id, 'success');
      await runner.stop(0);
    }
  });

  test('a failed pipeline does not let go those that wait for it', async () => {
    const stage = new Stage();
    stage.on('work', () => Promise.reject(new Error('boom')));
    const blocking = await enqueuedOne(own, plan([stage.step('io', 'work', { maxAttempts: 1 })]));
    stage.on('wait', without('pipeline', { blockedBy: blocking }), fine);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'wait')]));
    await startRunner(own, { stage });
    await untilStatus(own, blocking, 'failed');
    await untilStatus(own, id, 'held');
    await rows(own, 'select make_due()');
    expect((await pipelineRow(own, id)).status).toBe('held');
    await verb(own, `skip_job($1, 'ada', 'done by hand')`, [blocking]);
    await untilStatus(own, id, 'success');
  });

  test('a pipeline that would wait for itself fails at once', async () => {
    const stage = new Stage();
    stage.on('wait', ({ pipelineId }) =>
      Promise.resolve(hold({ kind: 'pipeline', message: 'waits for itself', blockedBy: pipelineId })),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'wait')]));
    await startRunner(own, { stage });
    expect((await untilStatus(own, id, 'failed', 'held')).error).toMatchObject({
      name: 'FatalError',
      message: `it waits for its own pipeline ${id}, which would never end`,
    });
    expect(stage.count('wait')).toBe(1);
  });

  test('an outside system answers like a person, with who it was', async () => {
    const stage = new Stage();
    stage.on('load', asks({ kind: 'external', action: 'batch_loaded', wakeAfter: '10 min' }));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'load')]));
    await startRunner(own, { stage });
    expect(await untilStatus(own, id, 'held')).toMatchObject({ hold_kind: 'external', hold_rev: 1 });
    await verb(own, `decide($1, 1, 'loaded', '{"pages": 3}', null, 'oni', 'api')`, [id]);
    await untilStatus(own, id, 'success');
    expect(stage.runs[1]?.decision).toMatchObject({ verb: 'loaded', params: { pages: 3 }, actor: 'oni', via: 'api' });
  });

  test('a hold that is refused by the database is a failure of the job, not an end without a word', async () => {
    const stage = new Stage();
    stage.on('ask', () => Promise.resolve(hold({ kind: 'pipeline', message: 'waits for none' })));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask', { maxAttempts: 1 })]));
    await startRunner(own, { stage });
    expect((await untilStatus(own, id, 'failed')).error?.message).toContain('pipelines_blocked_by_what');
  });

  test('a question to a person without a name fails at once: nobody could answer it, however often it is asked', async () => {
    const stage = new Stage();
    stage.on('ask', () => Promise.resolve(hold({ kind: 'person', message: 'what now?' })));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    expect((await untilStatus(own, id, 'failed')).error).toMatchObject({
      name: 'FatalError',
      message: 'it holds for a person without an action: nobody could answer "what now?"',
    });
    expect(stage.count('ask')).toBe(1);
  });
});
