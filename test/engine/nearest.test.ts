import { expect, test } from 'vitest';
import { nearest } from '../../src/engine/nearest.js';

test.each([
  ['approv', 'approve'],
  ['APPROVE', 'approve'],
  ['aprpove', 'approve'],
  ['rejected', 'reject'],
  ['titel manager', 'title manager'],
  ['dnoe', 'done'],
  ['xyz', undefined],
  ['', undefined],
])('%j most likely means %j', (word, meant) => {
  expect(nearest(word, ['done', 'approve', 'reject', 'site manager', 'title manager'])).toBe(meant);
});
