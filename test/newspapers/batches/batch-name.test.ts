/** What batches are called (newspapers spec 5.8, 11.3 "Batch names"). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatBatchName,
  InvalidBatchName,
  nameOfBatch,
  parseBatchName,
  ROUND,
} from '../../../src/newspapers/batches/batch-name.js';

const SITE = 'https://news.somewhere.edu';

describe('full names', () => {
  test.each([
    ['batch_oru_fluffythedog_ver1302', { orgCode: 'oru', keyword: 'fluffythedog', version: 1302 }],
    ['batch_oru_courage_3_ver01', { orgCode: 'oru', keyword: 'courage_3', version: 1 }],
  ])('%s is taken apart and put together again', (text, parts) => {
    expect(parseBatchName(text)).toEqual(parts);
    expect(formatBatchName(parts)).toBe(text);
  });

  test.each([
    'batch_oru_ver01',
    'batch_oru_x_ver00',
    'batch_oru_x',
    'oru_x_ver01',
    'batch__x_ver01',
    'batch_oru_x_ver01.bak',
    'batch_oru_../x_ver01',
  ])('%s is none', (text) => expect(() => parseBatchName(text)).toThrow(InvalidBatchName));

  test('every name that we make is one that we read', () => {
    const parts = fc.record({ orgCode: fc.stringMatching(/^[A-Za-z0-9]{1,10}$/), number: fc.nat(), version: fc.integer({ min: 1, max: 9999 }) }); // prettier-ignore
    fc.assert(
      fc.property(parts, ({ orgCode, number, version }) => {
        const name = { orgCode, keyword: `20260102${nameOfBatch(number, SITE)}`, version };
        expect(parseBatchName(formatBatchName(name))).toEqual(name);
      }),
    );
  });
});

describe('random names', () => {
  test('are letters and one digit: letter, digit, material, creature, connector, plant', () => {
    for (let n = 1; n < 100; n++) expect(nameOfBatch(n, SITE)).toMatch(/^[B-Z]\d([A-Z][a-z]+){4}$/);
  });

  test('do not repeat within a round of 30, nor the creature in them, for 1000 rounds; nor anywhere in these', () => {
    const all = new Set<string>();
    for (let round = 0; round < 1000; round++) {
      const names = Array.from({ length: ROUND }, (_, i) => nameOfBatch(round * ROUND + i, ''));
      const creatures = names.map((name) => name.match(/[A-Z][a-z]+/g)?.[1]);
      // A round need not begin where ours does: any 30 in a row have 30 creatures.
      expect(new Set(creatures).size).toBe(ROUND);
      for (const name of names) all.add(name);
    }
    expect(all.size).toBe(30_000);
  });

  test('are always the same for a number, and others on another site', () => {
    expect(nameOfBatch(5073, SITE)).toBe(nameOfBatch(5073, SITE));
    expect(nameOfBatch(5073, SITE)).toMatchInlineSnapshot(`"M4FlintPuffinAdmiringHeather"`);
    expect(nameOfBatch(5073, 'https://elsewhere.edu')).not.toBe(nameOfBatch(5073, SITE));
  });
});
