/** Who may answer a question, and what is no answer (newspapers spec 9, holding-pen spec 8 and 9). */
import { beforeEach, describe, expect, test } from 'vitest';
import { claim } from '../../../src/engine/pen/claims.js';
import { decide } from '../../../src/engine/pen/decide.js';
import { expireClaim, givenQuestion, givenUsers, makePenRegistry } from '../people.js';
import { pipelineRow, rows, useDatabase } from '../support.js';

const own = useDatabase();
beforeEach(() => rows(own, 'truncate users'));
const registry = makePenRegistry();
const answer = (id: number, actor: string, verb = 'approve', more: object = {}) =>
  decide(own.database.kysely, registry, id, { holdRev: 1, verb, params: {}, actor, via: 'cli', ...more });
const claimAs = (actor: string, id: number) => claim({ db: own.database.kysely, registry, actor }, id);
const decisions = () => rows(own, 'select pipeline_id, verb, actor from decisions');

describe('without users', () => {
  test('everybody answers', async () => {
    const id = await givenQuestion(own);
    expect(await answer(id, 'anybody')).toBe('pending');
  });

  test('the question that is asked now is answered when none is named', async () => {
    const id = await givenQuestion(own);
    expect(await answer(id, 'ada', 'approve', { holdRev: undefined })).toBe('pending');
    expect(await rows(own, 'select hold_rev from decisions')).toEqual([{ hold_rev: 1 }]);
  });

  test('an unknown verb, bad parameters, an old question: nothing is written', async () => {
    const id = await givenQuestion(own);
    await expect(answer(id, 'ada', 'aprove')).rejects.toThrow(/did you mean approve/);
    await expect(answer(id, 'ada', 'reject')).rejects.toThrow(/do not fit reject/);
    await expect(answer(id, 'ada', 'approve', { holdRev: 7 })).rejects.toThrow(/question 7 .* is out of date/);
    await expect(answer(999, 'ada')).rejects.toThrow('there is no pipeline 999');
    expect(await decisions()).toEqual([]);
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'held', hold_rev: 1 });
  });

  test('a question of another version is not answered', async () => {
    const id = await givenQuestion(own, { action: 'of_the_future' });
    await expect(answer(id, 'ada')).rejects.toThrow('this program does not know the question of_the_future');
  });
});

describe('with users', () => {
  beforeEach(() =>
    givenUsers(own, {
      root: 'sysop',
      rea: 'issue reviewer',
      rob: 'issue reviewer',
      tim: 'title manager',
      max: 'issue manager',
    }),
  );

  test('only those whose roles allow it answer; others are told who can grant that', async () => {
    const id = await givenQuestion(own, { action: 'review' });
    await expect(answer(id, 'tim')).rejects.toThrow(
      'tim may not review metadata (that takes the role issue manager or issue reviewer; any sysop can grant it: users grant tim "issue manager")',
    );
    await expect(answer(id, 'nobody')).rejects.toThrow('nobody is no user here');
    await claimAs('rea', id);
    expect(await answer(id, 'rea')).toBe('pending');
    expect(await decisions()).toEqual([{ pipeline_id: id, verb: 'approve', actor: 'rea' }]);
  });

  test('a verb may take more than the action does', async () => {
    const id = await givenQuestion(own, { action: 'review' });
    await claimAs('rea', id);
    await expect(answer(id, 'rea', 'scrap')).rejects.toThrow(/^rea may not work on unfixable errors/);
    expect(await decisions()).toEqual([]);
    await expireClaim(own, id);
    await claimAs('max', id);
    expect(await answer(id, 'max', 'scrap')).toBe('pending');
  });

  test('the engine’s own question is the sysop’s', async () => {
    const id = await givenQuestion(own, { action: 'runner_died' });
    await expect(answer(id, 'max', 'retry')).rejects.toThrow('max may not operate pipelines (only a sysop may)');
    expect(await answer(id, 'root', 'retry')).toBe('pending');
  });

  test('an action without a privilege is answered by every active user, and by nobody else', async () => {
    const id = await givenQuestion(own);
    await rows(own, `update users set deactivated_at = now() where login = 'tim'`);
    await expect(answer(id, 'tim')).rejects.toThrow('tim was deactivated');
    expect(await answer(id, 'max')).toBe('pending');
  });

  test('a rule of the site needs no role', async () => {
    const id = await givenQuestion(own, { action: 'review' });
    expect(await answer(id, 'auto-accept', 'approve', { via: 'rule' })).toBe('pending');
  });

  describe('what must be claimed', () => {
    test('is refused without a claim, and with an expired one', async () => {
      const id = await givenQuestion(own, { action: 'review' });
      const refusal = `pipeline ${id} must be claimed before it is answered (claim it first: holding-pen claim ${id})`;
      await expect(answer(id, 'rea')).rejects.toThrow(refusal);
      await claimAs('rea', id);
      await expireClaim(own, id);
      await expect(answer(id, 'rea')).rejects.toThrow(refusal);
      await claimAs('rea', id);
      expect(await answer(id, 'rea')).toBe('pending');
    });

    test('is refused when somebody else has claimed it, by whom and until when', async () => {
      const id = await givenQuestion(own, { action: 'review' });
      await claimAs('rea', id);
      await expect(answer(id, 'rob')).rejects.toThrow(new RegExp(`^pipeline ${id} is claimed by rea until `));
      await expect(answer(id, 'max')).rejects.toThrow(/is claimed by rea/);
    });

    test('whoever answers it has it no longer', async () => {
      const id = await givenQuestion(own, { action: 'review' });
      await claimAs('rea', id);
      await answer(id, 'rea');
      expect(await pipelineRow(own, id)).toMatchObject({ assignee: null, assigned_until: null });
    });
  });

  describe('four eyes', () => {
    test('who entered it neither claims nor reviews it', async () => {
      const id = await givenQuestion(own, { action: 'review', payload: { enteredBy: 'rea' } });
      await expect(claimAs('rea', id)).rejects.toThrow(
        new RegExp(
          `^pipeline ${id} is rea's own work, which somebody else must look at \\(rea may not review own metadata \\(that takes the role issue manager; `,
        ),
      );
      await rows(
        own,
        `update pipelines set assignee = 'rea', assigned_until = now() + interval '1 day' where id = $1`,
        [id],
      );
      await expect(answer(id, 'rea')).rejects.toThrow(/own work/);
      await expireClaim(own, id);
      await claimAs('rob', id);
      expect(await answer(id, 'rob')).toBe('pending');
    });

    test('unless they may review their own', async () => {
      const id = await givenQuestion(own, { action: 'review', payload: { enteredBy: 'max' } });
      await claimAs('max', id);
      expect(await answer(id, 'max')).toBe('pending');
    });
  });
});
