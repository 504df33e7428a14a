/** Claims of seven days, and what is put off (newspapers spec 9; holding-pen spec 8, weaknesses 4 and 16). */
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { assign, claim, release, snooze, wake } from '../../../src/engine/pen/claims.js';
import { decide } from '../../../src/engine/pen/decide.js';
import { listHeld } from '../../../src/engine/pen/list.js';
import { hold } from '../../../src/engine/job.js';
import { expireClaim, givenQuestion, givenUsers, makePenRegistry } from '../people.js';
import { plan, Stage } from '../stage.js';
import {
  enqueuedOne,
  eventKinds,
  makeHeldDue,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
  verb,
} from '../support.js';

const own = useDatabase();
beforeEach(() => rows(own, 'truncate users'));
const registry = makePenRegistry();
const as = (actor: string) => ({ db: own.database.kysely, registry, actor });
/** Seconds between a claim's end and seven days from now: days, which are longer and shorter when clocks are changed. */
const secondsFromAWeek = async (id: number) =>
  Math.abs(
    (
      await rows<{ s: number }>(
        own,
        `select extract(epoch from assigned_until - (now() + interval '7 days'))::float8 as s from pipelines where id = $1`,
        [id],
      )
    )[0]?.s ?? Infinity,
  );

describe('a claim', () => {
  test('lasts seven days; one’s own is renewed', async () => {
    const id = await givenQuestion(own);
    await claim(as('ada'), id);
    expect(await secondsFromAWeek(id)).toBeLessThan(60);
    await rows(own, `update pipelines set assigned_until = now() + interval '1 hour' where id = $1`, [id]);
    await claim(as('ada'), id);
    expect(await secondsFromAWeek(id)).toBeLessThan(60);
    expect(await eventKinds(own, id)).toEqual(['claimed', 'claimed']);
  });

  test('of somebody else is refused, until it has expired; then it is taken over', async () => {
    const id = await givenQuestion(own);
    await claim(as('ada'), id);
    await expect(claim(as('ben'), id)).rejects.toThrow(
      new RegExp(
        `^pipeline ${id} is claimed by ada until \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d \\(wait, or have it released\\)$`,
      ),
    );
    await expireClaim(own, id);
    await claim(as('ben'), id);
    expect(await pipelineRow(own, id)).toMatchObject({ assignee: 'ben' });
    expect(await rows(own, `select actor, via, detail from events order by id offset 1`)).toEqual([
      { actor: 'ben', via: 'test', detail: { hold_rev: 1, taken_over_from: 'ada' } },
    ]);
  });

  test('is refused on what asks nothing, is answered already, or is not there', async () => {
    const timer = await givenQuestion(own, { action: '', kind: 'timer' });
    await expect(claim(as('ada'), timer)).rejects.toThrow(`pipeline ${timer} asks nothing: it is held`);
    const answered = await givenQuestion(own);
    await verb(own, `decide($1, 1, 'approve', '{}', null, 'ben', 'cli')`, [answered]);
    await expect(claim(as('ada'), answered)).rejects.toThrow(
      `question 1 of pipeline ${answered} has been answered already (ben decided approve)`,
    );
    await expect(claim(as('ada'), 999)).rejects.toThrow('there is no pipeline 999');
  });

  test('twenty at once: exactly one wins, the others are told who', async () => {
    const id = await givenQuestion(own);
    const people = Array.from({ length: 20 }, (_, i) => `person${i}`);
    const claims = await Promise.allSettled(people.map((person) => claim(as(person), id)));
    const winners = people.filter((_, i) => claims[i]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    const row = await pipelineRow(own, id);
    expect(row.assignee).toBe(winners[0]);
    for (const lost of claims.filter((each) => each.status === 'rejected'))
      expect((lost.reason as Error).message).toContain(`is claimed by ${winners[0] ?? ''} until`);
    expect(await eventKinds(own, id)).toEqual(['claimed']);
  });

  test('and answers by two at once, over and over: an answer is never taken from one who lost the claim', async () => {
    for (let i = 0; i < 15; i++) {
      const id = await givenQuestion(own);
      const [claimed, decided] = await Promise.allSettled([
        claim(as('ada'), id),
        decide(own.database.kysely, registry, id, {
          holdRev: 1,
          verb: 'approve',
          params: {},
          actor: 'ben',
          via: 'cli',
        }),
      ]);
      // whoever came first: ada's claim keeps ben out, ben's answer leaves nothing to claim
      expect([claimed.status, decided.status].sort()).toEqual(['fulfilled', 'rejected']);
      const lost = claimed.status === 'rejected' ? claimed : decided;
      expect(lost.status === 'rejected' && String(lost.reason)).toMatch(
        /is claimed by ada until|has been answered already/,
      );
      expect(await pipelineRow(own, id)).toMatchObject({ assignee: decided.status === 'rejected' ? 'ada' : null });
    }
  });

  test('expires by the database’s clock, also for one who waited in a long transaction', async () => {
    const id = await givenQuestion(own);
    await claim(as('ada'), id);
    await own.database.kysely.transaction().execute(async (trx) => {
      await claim({ ...as('ada'), db: trx }, id); // the transaction's time stands still from here
      await sql.raw(`update pipelines set assigned_until = clock_timestamp() where id = ${id}`).execute(trx);
      await claim({ ...as('ben'), db: trx }, id); // past by now, though not by now()
    });
    expect(await pipelineRow(own, id)).toMatchObject({ assignee: 'ben' });
  });

  test('outlives a recheck of the job, and the answer ends it', async () => {
    const stage = new Stage();
    stage.on('ask', ({ decision }) =>
      Promise.resolve(
        decision ? undefined : hold({ kind: 'person', action: 'look', message: 'look', wakeAfter: '5 min' }),
      ),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await claim(as('ada'), id);
    await makeHeldDue(own);
    await until('it looked again', () => stage.count('ask') === 2);
    expect(await untilStatus(own, id, 'held')).toMatchObject({ assignee: 'ada', hold_rev: 1 });
    const recheck = stage.gate('ask');
    await wake(as('ben'), id);
    await recheck.entered;
    await expect(claim(as('ben'), id)).rejects.toThrow(/claimed by ada/); // also while it looks
    recheck.end();
    await untilStatus(own, id, 'success');
  });
});

describe('release', () => {
  beforeEach(() =>
    givenUsers(own, { root: 'sysop', ada: 'issue curator', ben: 'issue curator', max: 'issue manager' }),
  );

  test('is for one’s own claim; others’ only by who assigns work, or when it has expired', async () => {
    const id = await givenQuestion(own);
    await expect(release(as('ada'), id)).rejects.toThrow(`pipeline ${id} is claimed by nobody`);
    await claim(as('ada'), id);
    await expect(release(as('ben'), id)).rejects.toThrow(
      /is claimed by ada until .* \(only its owner or somebody who may assign work releases it\)$/,
    );
    await release(as('ada'), id);
    expect(await pipelineRow(own, id)).toMatchObject({ assignee: null, assigned_until: null });
    await claim(as('ada'), id);
    await release(as('max'), id);
    await claim(as('ada'), id);
    await expireClaim(own, id);
    await release(as('ben'), id);
    expect(await rows(own, `select actor, detail from events where kind = 'released' order by id`)).toEqual([
      { actor: 'ada', detail: { hold_rev: 1 } },
      { actor: 'max', detail: { hold_rev: 1, from: 'ada' } },
      { actor: 'ben', detail: { hold_rev: 1, from: 'ada' } },
    ]);
  });
});

describe('assign', () => {
  beforeEach(() =>
    givenUsers(own, {
      root: 'sysop',
      rea: 'issue reviewer',
      rob: 'issue reviewer',
      tim: 'title manager',
      max: 'issue manager',
    }),
  );

  test('is for managers, and puts it on the desk of somebody who may answer it', async () => {
    const id = await givenQuestion(own, { action: 'review', payload: { enteredBy: 'rob' } });
    await expect(assign(as('rea'), id, 'rea')).rejects.toThrow(
      /^rea may not assign work \(that takes the role issue manager/,
    );
    await expect(assign(as('max'), id, 'tim')).rejects.toThrow(/^tim may not review metadata/);
    await expect(assign(as('max'), id, 'rob')).rejects.toThrow(/is rob's own work/);
    await expect(assign(as('max'), id, 'nobody')).rejects.toThrow('nobody is no user here');
    await assign(as('max'), id, 'rea');
    expect(await pipelineRow(own, id)).toMatchObject({ assignee: 'rea' });
    await expect(claim(as('max'), id)).rejects.toThrow(/is claimed by rea/);
    expect(
      await decide(own.database.kysely, registry, id, {
        holdRev: 1,
        verb: 'approve',
        params: {},
        actor: 'rea',
        via: 'cli',
      }),
    ).toBe('pending');
  });

  test('takes it from whoever had it; psql cannot assign to one who is no active user', async () => {
    const id = await givenQuestion(own);
    await claim(as('rob'), id);
    await assign(as('max'), id, 'rea');
    expect(await rows(own, `select detail from events where kind = 'assigned'`)).toEqual([
      { detail: { hold_rev: 1, to: 'rea', from: 'rob' } },
    ]);
    expect(await verb(own, `assign_pipeline($1, 'ghost', 'psql')`, [id])).toMatchObject({
      code: 'PM404',
      hint: 'users list shows them',
    });
    expect(await verb(own, `assign_pipeline($1, 'rob', 'psql')`, [id])).toEqual({ status: 'rob' });
    expect(await verb(own, `claim_pipeline($1, 'rea')`, [id])).toMatchObject({ code: 'PM409' });
    expect(await verb(own, `release_pipeline($1, 'psql', true)`, [id])).toEqual({ status: 'released' });
  });
});

describe('snooze', () => {
  const shown = async (filter = {}) =>
    (await listHeld(own.database.kysely, registry, { limit: 100, ...filter })).held.map((held) => held.id);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);

  test('hides it until then; who asks for what is put off sees it, and why', async () => {
    const [id, other] = [await givenQuestion(own), await givenQuestion(own)];
    await snooze(as('ada'), id, { until: inDays(3), reason: 'the vendor rescans page 5' });
    expect([await shown(), await shown({ snoozed: true }), (await shown({ all: true })).sort()]).toEqual([
      [other],
      [id],
      [id, other].sort(),
    ]);
    const { held } = await listHeld(own.database.kysely, registry, { snoozed: true, limit: 1 });
    expect(held).toMatchObject([{ snooze_reason: 'the vendor rescans page 5' }]);
    await rows(own, `update pipelines set snoozed_until = now() - interval '1 second' where id = $1`, [id]);
    expect((await shown()).sort()).toEqual([id, other].sort());
  });

  test('is ended, and ends with the question', async () => {
    const id = await givenQuestion(own);
    await snooze(as('ada'), id, { until: inDays(3), reason: 'r' });
    await snooze(as('ben'), id, undefined);
    expect(await shown()).toEqual([id]);
    await snooze(as('ada'), id, { until: inDays(3), reason: 'r' });
    await rows(own, 'update pipelines set hold_rev = 2 where id = $1', [id]); // its job asks something else
    expect(await shown()).toEqual([id]);
    expect(await eventKinds(own, id)).toEqual(['snoozed', 'unsnoozed', 'snoozed']);
  });

  test('the job goes on looking again by itself, and what is put off stays so', async () => {
    const stage = new Stage();
    stage.on('ask', () =>
      Promise.resolve(hold({ kind: 'person', action: 'look', message: 'look', wakeAfter: '5 min' })),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'ask')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    await snooze(as('ada'), id, { until: inDays(3), reason: 'r' });
    await makeHeldDue(own);
    await until('it looked again', () => stage.count('ask') === 2);
    await untilStatus(own, id, 'held');
    expect(await shown()).toEqual([]);
  });

  test('needs a time to come, a reason, and something that is held', async () => {
    const id = await givenQuestion(own);
    await expect(snooze(as('ada'), id, { until: inDays(-1), reason: 'r' })).rejects.toThrow(
      /that is past \(name a time to come\)$/,
    );
    await expect(snooze(as('ada'), id, { until: inDays(1), reason: ' ' })).rejects.toThrow(/without a reason/);
    await rows(own, `update pipelines set status = 'failed', hold_kind = null, hold_action = null where id = $1`, [id]);
    await expect(snooze(as('ada'), id, { until: inDays(1), reason: 'r' })).rejects.toThrow(
      `pipeline ${id} cannot be snoozed: it is failed (only what is held can be; requeue or cancel what failed)`,
    );
  });

  test('and wake are for who may answer, and for who operates pipelines', async () => {
    await givenUsers(own, { root: 'sysop', rea: 'issue reviewer', tim: 'title manager' });
    const [id, timer] = [
      await givenQuestion(own, { action: 'review' }),
      await givenQuestion(own, { action: '', kind: 'timer' }),
    ];
    for (const act of [
      wake,
      (by: ReturnType<typeof as>, which: number) => snooze(by, which, { until: inDays(1), reason: 'r' }),
    ]) {
      await expect(act(as('tim'), id)).rejects.toThrow(/^tim may not review metadata/);
      await expect(act(as('rea'), timer)).rejects.toThrow(/^rea may not operate pipelines/);
    }
    expect(await snooze(as('rea'), id, { until: inDays(1), reason: 'r' })).toBe('snoozed');
    expect(await snooze(as('root'), timer, { until: inDays(1), reason: 'r' })).toBe('snoozed');
    expect(await wake(as('rea'), id)).toBe('pending');
    expect(await wake(as('root'), timer)).toBe('pending');
  });
});
