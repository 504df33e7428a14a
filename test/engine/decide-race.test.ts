/** Two answers at once, and answers that come while the job looks again: exactly one counts, none is lost (spec holding-pen 9, weakness 4). */
import { describe, expect, test } from 'vitest';
import { done, hold, tryLater, type Outcome } from '../../src/engine/job.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  decide,
  enqueued,
  enqueuedOne,
  jobRows,
  makeDelayedDue,
  makeHeldDue,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
} from './support.js';

const own = useDatabase();
const question = () => hold({ kind: 'person', action: 'review', message: 'please look', wakeAfter: '5 min' });

test('twenty people answer at once: one is taken, nineteen are told who was first', async () => {
  const stage = new Stage();
  stage.on('ask', ({ decision }) => Promise.resolve(decision ? undefined : question()));
  const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
  await startRunner(own, { stage });
  await untilStatus(own, id, 'held');
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => decide(own, id, 1, `verb${i}`, `person${i}`)));
  const taken = answers.filter((answer) => answer.status !== undefined);
  expect(taken).toEqual([{ status: 'pending' }]);
  expect(answers.filter((answer) => answer.code === 'PM409')).toHaveLength(19);
  for (const answer of answers.filter((a) => a.code)) expect(answer.message).toContain('answered already');
  await untilStatus(own, id, 'success');
  const winner = answers.findIndex((answer) => answer.status);
  expect(stage.runs.filter((run) => run.decision).map((run) => run.decision?.verb)).toEqual([`verb${winner}`]);
});

describe('an answer that comes while the job looks again', () => {
  const endings: [string, () => Outcome | undefined][] = [
    ['finds the matter settled', () => undefined],
    ['is done with more to write', () => done({ commit: () => Promise.resolve() })],
    ['adds siblings', () => done({ siblings: [new Stage().step('fast', 'sibling')] })],
    ['asks the same again', question],
    ['asks something else', () => hold({ kind: 'person', action: 'other', message: 'other' })],
    [
      'asks with more to write',
      () => hold({ kind: 'person', action: 'review', message: 'x', commit: () => Promise.resolve() }),
    ],
    ['waits for a time', () => hold({ kind: 'timer', message: 'later', wakeAfter: '1 h' })],
    ['puts itself off', () => tryLater({ after: '1 h', deadline: '1 d', reason: 'busy' })],
  ];
  for (const [what, ending] of endings)
    test(`is not swallowed when the job ${what}`, async () => {
      const stage = new Stage();
      stage.on('ask', () => Promise.resolve(question()));
      const id = await enqueuedOne(own, plan([stage.step('fast', 'ask'), stage.step('fast', 'next')]));
      await startRunner(own, { stage });
      await untilStatus(own, id, 'held');
      const recheck = stage.gate('ask');
      await makeHeldDue(own);
      await recheck.entered;
      expect(await decide(own, id, 1, 'approve')).toEqual({ status: 'in_process' });
      expect(await decide(own, id, 1, 'reject', 'bob')).toMatchObject({ code: 'PM409' });
      recheck.end(ending());
      await until(
        'the recheck is recorded',
        async () => (await pipelineRow(own, id)).status !== 'in_process' || stage.count('ask') > 2,
      );
      await makeDelayedDue(own);
      await untilStatus(own, id, 'success');
      expect(stage.order()).toEqual(['ask', 'ask', 'ask', 'next']); // no sibling, nothing twice
      expect(stage.runs[2]?.decision?.verb).toBe('approve');
      expect(stage.runs.map((run) => run.attempt)).toEqual([1, 2, 3, 1]); // each run has its own number, and so its own log
      expect((await jobRows(own, id)).map((job) => job.name)).toEqual(['ask', 'next']);
      expect(await brokenInvariants(own)).toEqual({});
    });

  test('is not swallowed when the recheck fails', async () => {
    const stage = new Stage();
    stage.on('ask', () => Promise.resolve(question()));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    const recheck = stage.gate('ask');
    await makeHeldDue(own);
    await recheck.entered;
    await decide(own, id, 1, 'approve');
    recheck.fail(new Error('boom'));
    await untilStatus(own, id, 'delayed');
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
    expect(stage.runs.at(-1)?.decision?.verb).toBe('approve');
  });

  test('what the recheck wanted to write is not written: it did not know the answer', async () => {
    const stage = new Stage();
    await rows(own, 'create table if not exists effects (id bigint)');
    stage.on('ask', () => Promise.resolve(question()));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    const recheck = stage.gate('ask');
    await makeHeldDue(own);
    await recheck.entered;
    await decide(own, id, 1, 'approve');
    recheck.end(
      done({
        commit: async () => {
          await rows(own, 'insert into effects values (1)');
        },
        then: [plan([stage.step('fast', 'follower')])],
      }),
    );
    await untilStatus(own, id, 'success');
    expect(await rows(own, 'select from effects')).toEqual([]);
    expect(stage.count('follower')).toBe(0);
    await rows(own, 'drop table effects');
  });
});

test('curators and rechecks at the same time for a while: no answer lost, none doubled, no question renumbered', async () => {
  const stage = new Stage();
  const PIPELINES = 60;
  const settled = new Set<number>();
  stage.otherwise(({ decision, pipelineId }) => {
    if (decision) return Promise.resolve(done({ result: decision.verb }));
    if (Math.random() < 0.02) {
      settled.add(pipelineId);
      return Promise.resolve(done({ result: 'settled by itself' }));
    }
    return Promise.resolve(hold({ kind: 'person', action: 'review', message: 'look', wakeAfter: '0 s' }));
  });
  const ids = await enqueued(own, ...Array.from({ length: PIPELINES }, () => plan([stage.step('fast', 'ask')])));
  await startRunner(own, { stage, queues: { fast: 4 } });
  await startRunner(own, { stage, queues: { fast: 4 } });
  await until(
    'all have asked',
    async () => (await rows(own, `select from pipelines where hold_rev = 0 and status <> 'success'`)).length === 0,
  );
  const taken = new Map<number, string>();
  const curator = async (name: string) => {
    for (const id of [...ids].sort(() => Math.random() - 0.5)) {
      const answer = await decide(own, id, 1, `${name}-${id}`, name);
      if (answer.status === undefined) continue;
      expect(taken.has(id)).toBe(false);
      taken.set(id, `${name}-${id}`);
    }
  };
  await Promise.all(['ada', 'bob', 'cleo'].map(curator));
  await until(
    'all are closed',
    async () => (await rows(own, `select from pipelines where status <> 'success'`)).length === 0,
  );
  const results = await rows<{ id: number; rev: number; result: string }>(
    own,
    'select p.id, p.hold_rev as rev, j.result from pipelines p join jobs j on j.pipeline_id = p.id',
  );
  for (const { id, rev, result } of results) {
    expect(rev).toBe(result === 'settled by itself' ? Math.min(rev, 1) : 1);
    expect(result).toBe(taken.get(id) ?? 'settled by itself');
  }
  expect(await brokenInvariants(own)).toEqual({});
});
