import { symlinkSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareNumerically, listNumerically } from '../../src/files/list-numerically.js';
import { UnsafeEntries } from '../../src/files/read-directory.js';
import { fileName, makeTree, scratch } from './trees.js';

const { at } = scratch();
const sorted = (...names: string[]) => [...names].sort(compareNumerically);

describe('numeric order (spec 5.3)', () => {
  test('by the leading number, equal numbers by spelling', () => {
    expect(sorted('10.tif', '9', '000002', '1.pdf', '009.tif')).toEqual(['1.pdf', '000002', '009.tif', '9', '10.tif']);
  });

  test('the pages of oru-2013202554 (spec 11.5)', () => {
    const first = ['0001', '0002', '0003', '0006', '0007', '0008', '0009', '00028', '032'];
    const rest = ['0040', '0041', '0042', '0043', '0044', '0045', '0046', '0047', '48', '0049', '0050'];
    const pages = [...first, ...rest].map((page) => `${page}.tiff`);
    expect(sorted(...pages.toReversed())).toEqual(pages);
  });

  test('a long name counts by its number as well (W8); names without a number come last; signs count', () => {
    expect(sorted('00028.tiff', '0009.tif', '0030.tif')).toEqual(['0009.tif', '00028.tiff', '0030.tif']);
    expect(sorted('cover.pdf', '-1.pdf', '0.pdf', '99999999999999999999.pdf', 'a1.pdf', '+2.pdf')).toEqual([
      ...['-1.pdf', '0.pdf', '+2.pdf', '99999999999999999999.pdf', 'a1.pdf', 'cover.pdf'],
    ]);
  });

  test('is a total order: antisymmetric, transitive, equal only for equal names', () => {
    const name = fc.oneof(
      fileName,
      fc.stringMatching(/^[-+]?0{0,3}\d{1,3}[ab]?(\.(pdf|tiff))?$/),
      fc.stringMatching(/^[0-9a-]{0,12}$/),
    );
    const sign = (a: string, b: string) => Math.sign(compareNumerically(a, b));
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(sign(a, b)).toBe(0 - sign(b, a));
        expect(sign(a, b) === 0).toBe(a === b);
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a directory', () => {
  test('lists its files in that order, without sub-directories and rests of killed runs', async () => {
    makeTree(at('issue'), {
      '10.pdf': '',
      '9.pdf': '',
      'deep/1.pdf': '',
      '.pressmark-0123abcd-0123456789abcdef.pdf': '',
    });
    expect(await listNumerically(at('issue'))).toEqual(['9.pdf', '10.pdf']);
  });

  test('with a symlink in it is refused by name', async () => {
    makeTree(at('issue'), { '1.pdf': '' });
    symlinkSync('1.pdf', at('issue', '2.pdf'));
    await expect(listNumerically(at('issue'))).rejects.toBeInstanceOf(UnsafeEntries);
    await expect(listNumerically(at('issue'))).rejects.toThrow(/2\.pdf" \(symlink\)/);
  });
});
