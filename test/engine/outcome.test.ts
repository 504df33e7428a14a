/** What belongs to an outcome is committed with it or not at all (design 2, 4; W7, W18, W19). */
import { describe, expect, test } from 'vitest';
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../src/database/database.js';
import { done, FatalError, hold } from '../../src/engine/job.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueuedOne,
  jobList,
  jobRows,
  makeDelayedDue,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
  decide,
} from './support.js';

const own = useDatabase();
const issue = { type: 'issue', id: 7 };
const fine = () => Promise.resolve(undefined);

/** The object's own state, as a domain would keep it. */
async function withTable(): Promise<void> {
  await rows(own, 'drop table if exists steps');
  await rows(own, 'create table steps (issue bigint, step text not null check (length(step) < 20))');
}
const step = (name: string) => async (trx: Transaction<DB>) => {
  await sql`insert into steps values (7, ${name})`.execute(trx);
};
const steps = async () => (await rows<{ step: string }>(own, 'select step from steps')).map((row) => row.step);

describe('a decision, the state it changes and the pipeline that follows are one transaction (W19)', () => {
  test('all three happen', async () => {
    await withTable();
    const stage = new Stage();
    stage.on('review', ({ decision }) =>
      Promise.resolve(
        decision
          ? done({
              result: { verb: decision.verb },
              commit: step('ready'),
              then: [plan([stage.step('io', 'finalize')], issue)],
            })
          : hold({ kind: 'person', action: 'review', message: 'look', commit: step('awaiting review') }),
      ),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'review')], issue));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    expect(await steps()).toEqual(['awaiting review']);
    await decide(own, id, 1, 'approve');
    await until('what follows has run', () => stage.count('finalize') === 1);
    expect(await steps()).toEqual(['awaiting review', 'ready']);
    expect((await jobRows(own, id))[0]?.result).toEqual({ verb: 'approve' });
    const [follower] = await rows<{ created_by: string }>(own, 'select created_by from pipelines where id <> $1', [id]);
    expect(follower?.created_by).toBe(`pipeline ${id}`);
  });

  test('none happens when the pipeline that follows is refused; the approval stays in hand and counts later (11.4.11)', async () => {
    await withTable();
    const stage = new Stage();
    const batch = { type: 'batch', id: 1 };
    const inTheWay = await enqueuedOne(own, plan([stage.step('io', 'in the way')], batch));
    stage.on('review', ({ decision }) =>
      Promise.resolve(
        decision
          ? done({
              commit: step('ready'),
              then: [plan([stage.step('fast', 'other')]), plan([stage.step('fast', 'finalize')], batch)],
            })
          : hold({ kind: 'person', action: 'review', message: 'look' }),
      ),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'review')], issue));
    await startRunner(own, { stage, queues: { fast: 2 } });
    await untilStatus(own, id, 'held');
    await decide(own, id, 1, 'approve');
    const delayed = await untilStatus(own, id, 'delayed');
    expect(delayed.error).toMatchObject({
      name: 'ObjectBusy',
      message: expect.stringContaining('batch 1 already has') as string,
    });
    expect(await steps()).toEqual([]);
    expect(stage.count('other')).toBe(0);
    expect((await jobRows(own, id))[0]).toMatchObject({ status: 'waiting', result: null, failures: 1 });
    await rows(own, `select cancel_pipeline($1, 'ada', 'not needed')`, [inTheWay]);
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
    await until('what follows has run', () => stage.count('finalize') === 1 && stage.count('other') === 1);
    expect(await steps()).toEqual(['ready']);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('a job in mid pipeline may not start another on the same object: that is a failure, and nothing is half done', async () => {
    await withTable();
    const stage = new Stage();
    stage.on('A', () => Promise.resolve(done({ commit: step('A'), then: [plan([stage.step('io', 'X')], issue)] })));
    const id = await enqueuedOne(
      own,
      plan([stage.step('fast', 'A', { maxAttempts: 1 }), stage.step('fast', 'B')], issue),
    );
    await startRunner(own, { stage });
    expect((await untilStatus(own, id, 'failed')).error?.name).toBe('ObjectBusy');
    expect(await steps()).toEqual([]);
  });
});

describe('a commit that is refused is a failure of the job', () => {
  const refusals: [string, (trx: Transaction<DB>) => Promise<void>, RegExp, boolean][] = [
    ['by a constraint', step('much too long for this column'), /check constraint/, true],
    ['by the job itself, for good', () => Promise.reject(new FatalError('the issue is live')), /issue is live/, false],
    [
      'because a file is missing',
      () => Promise.reject(Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' })),
      /ENOENT/,
      true,
    ],
    [
      'because another server is away',
      () =>
        Promise.reject(
          Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:8080'), { code: 'ECONNREFUSED', syscall: 'connect' }),
        ),
      /ECONNREFUSED/,
      true,
    ],
    [
      'after a timeout of its own',
      () => Promise.reject(new Error('timeout while talking to the site')),
      /timeout/,
      true,
    ],
  ];
  for (const [how, commit, message, retryable] of refusals) {
    test(`${how}: done`, async () => {
      await withTable();
      const stage = new Stage();
      stage.on('A', () => Promise.resolve(done({ commit })), fine);
      const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
      await startRunner(own, { stage, settings: { RUNNER_LEASE: 8 } }); // shorter, a stalled runner would fence itself off and try again
      const row = await untilStatus(own, id, 'delayed', 'failed');
      expect(row.status).toBe(retryable ? 'delayed' : 'failed');
      expect(row.error?.message).toMatch(message);
      expect(await jobList(own, id)).toBe(retryable ? 'A pending, B waiting' : 'A failed, B waiting');
    });

    if (/ECONN|timeout/.test(message.source)) continue; // these take a lease to be told from the database's own trouble
    test(`${how}: hold`, async () => {
      await withTable();
      const stage = new Stage();
      stage.on('A', () => Promise.resolve(hold({ kind: 'person', action: 'a', message: 'm', commit })), fine);
      const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
      await startRunner(own, { stage });
      const row = await untilStatus(own, id, 'delayed', 'failed');
      expect(row).toMatchObject({ status: retryable ? 'delayed' : 'failed', hold_rev: 0, hold_action: null });
    });
  }
});

describe('a result that PostgreSQL cannot hold', () => {
  test('a zero byte or half an emoji in a result stops neither its own pipeline nor any other', async () => {
    const stage = new Stage();
    const results: unknown[] = [
      'a\u0000b',
      { text: 'cut \ud83d' },
      { 'key\u0000': 1 },
      ['back\\u0000slash', '\\\u0000'],
      '\ude00\ud83d',
    ];
    for (const [i, result] of results.entries())
      stage.on(`${i}`, () => Promise.resolve(done({ result: result as string })));
    const ids = await Promise.all(results.map((_, i) => enqueuedOne(own, plan([stage.step('fast', `${i}`)]))));
    const others = await enqueuedOne(own, plan([stage.step('fast', 'X'), stage.step('fast', 'Y')]));
    await startRunner(own, { stage });
    for (const id of [...ids, others]) await untilStatus(own, id, 'success');
    const stored = await Promise.all(ids.map(async (id) => (await jobRows(own, id))[0]?.result));
    expect(stored).toEqual(['ab', { text: 'cut \ufffd' }, { key: 1 }, ['back\\u0000slash', '\\'], '\ufffd\ufffd']);
  });

  test('a result that is no JSON fails its own job and says why', async () => {
    const stage = new Stage();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const results: unknown[] = [10n, cycle, { deep: [1n] }];
    for (const [i, result] of results.entries())
      stage.on(`${i}`, () => Promise.resolve(done({ result: result as string })));
    const ids = await Promise.all(results.map((_, i) => enqueuedOne(own, plan([stage.step('fast', `${i}`)]))));
    const others = await enqueuedOne(own, plan([stage.step('fast', 'X'), stage.step('fast', 'Y')]));
    await startRunner(own, { stage });
    await untilStatus(own, others, 'success');
    for (const id of ids)
      expect((await untilStatus(own, id, 'failed')).error?.message).toMatch(/result.*JSON|JSON.*result/);
  });

  test('an outcome that is none fails its job', async () => {
    const stage = new Stage();
    stage.on('A', () => Promise.resolve(42 as unknown as undefined));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
    await startRunner(own, { stage });
    expect((await untilStatus(own, id, 'failed')).error?.message).toContain('outcome');
    expect((await pipelineRow(own, id)).runner_id).toBeNull();
  });
});
