/** Page labels as people type them (newspapers spec 9, W20). */
import { describe, expect, it } from 'vitest';
import { metadataDraft } from '../../../src/newspapers/actions/metadata.js';
import { checkLabels } from '../../../src/newspapers/metadata/labels.js';

const labels = (given: unknown) => metadataDraft.parse({ labels: given }).labels;

describe('labels are read', () => {
  it.each<[unknown, unknown]>([
    ['1,2,,4', ['1', '2', '', '4']],
    [' 1 , A2 ,0', ['1', 'A2', '0']],
    ['["1","A,1",null]', ['1', 'A,1', null]],
    ['[1],[2]', ['[1]', '[2]']],
    [
      ['1', 2, null],
      ['1', '2', null],
    ],
    ['', ['']],
    ['[]', []],
  ])('%j as %j', (given, read) => {
    expect(labels(given)).toEqual(read);
    expect(labels(read)).toEqual(read); // what is stored is read again
  });

  it.each([['["1",'], [{ 1: 'a' }], [['a\u0000b']], [7]])('not %j', (given) => {
    expect(() => labels(given)).toThrow();
  });
});

describe('labels of three pages (W20: no page passes unseen)', () => {
  it.each<[(string | null)[], RegExp | undefined]>([
    [['1', '2', '3'], undefined],
    [['1', '', '0'], undefined],
    [['0', '0', '0'], undefined],
    [['', '', ''], /all labels are empty/],
    [[null, null, null], /no page has a label yet/],
    [[], /no page has a label yet/],
    [['1', '2'], /2 of 3 pages have a label/],
    [['1', '2', null], /page 3 has no label yet/],
    [['1', '2', '3', '4'], /4 labels, but only 3 pages/],
  ])('%j: %s', (given, problem) => {
    const told = checkLabels(given, 3);
    if (problem) expect(told).toMatch(problem);
    else expect(told).toBeUndefined();
  });
});
