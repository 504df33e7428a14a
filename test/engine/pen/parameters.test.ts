/** Verbs and parameters of answers: what is refused, and what would be right. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkAnswer, describeVerbs, wholeNumber } from '../../../src/engine/pen/parameters.js';
import { Roles } from '../../../src/engine/roles.js';
import { newspaperRoles } from '../../../src/newspapers/roles.js';
import { look, review } from '../people.js';

test('a good answer is read by its schema', () => {
  expect(checkAnswer(look, 'reject', { why: 'page 3 is missing' })).toEqual({ why: 'page 3 is missing' });
  expect(checkAnswer(look, 'approve', {})).toEqual({});
});

test.each([
  ['approv', {}, 'approv is no answer to look (did you mean approve? it takes: approve, reject)'],
  ['constructor', {}, 'constructor is no answer to look (it takes: approve, reject)'],
  ['reject', {}, /^the parameters do not fit reject \(why: .*; it takes: why \(what is wrong\)\)$/],
  ['reject', { why: '' }, 'the parameters do not fit reject (why: it must say why; it takes: why (what is wrong))'],
  ['approve', { nota: 'x' }, /^the parameters do not fit approve \(.*"nota"; it takes: note \(for the next one\)\)$/],
  ['approve', [1], /^the parameters do not fit approve/],
])('%s %j is refused with what would be right', (verb, params, message) => {
  expect(() => checkAnswer(look, verb, params)).toThrow(message);
});

test('verbs are described with what they do and take, and whom they take', () => {
  expect(describeVerbs(look, new Roles(newspaperRoles))).toEqual([
    {
      verb: 'approve',
      effect: 'it goes on',
      roles: [],
      parameters: [{ name: 'note', required: false, meaning: 'for the next one' }],
    },
    {
      verb: 'reject',
      effect: 'it goes back',
      roles: [],
      parameters: [{ name: 'why', required: true, meaning: 'what is wrong' }],
    },
  ]);
  expect(describeVerbs(review, new Roles(newspaperRoles))[1]).toMatchObject({
    verb: 'scrap',
    roles: ['issue manager'],
  });
});

describe('a whole number', () => {
  const schema = z.object({ n: wholeNumber(0) });
  test.each([
    ['0', 0],
    ['12', 12],
    [' 3 ', 3],
    [4, 4],
  ])('%j is %j', (given, n) => {
    expect(schema.parse({ n: given })).toEqual({ n });
  });
  test.each(['', ' ', '-1', '1.5', 1.5, -1, 'two', '1e2', null, true, NaN])(
    '%j is none: an empty text is not 0',
    (given) => {
      expect(schema.safeParse({ n: given }).success).toBe(false);
    },
  );
});
