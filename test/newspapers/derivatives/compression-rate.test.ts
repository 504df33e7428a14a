import { expect, test } from 'vitest';
import { compressionRate, greyRate } from '../../../src/newspapers/derivatives/compression-rate.js';

test.each([
  [62.5, 27.5],
  [40, 56.25],
  [100, 2.25],
  [70, 20.25],
  [61, 29.125],
  [115, 1],
])('QUALITY %d is the rate %d (newspapers 11.5)', (quality, rate) => {
  expect(compressionRate(quality)).toBe(rate);
});

test('a colourless page in 24 bits gets as many bytes in 8 bits', () => {
  expect(greyRate(27.5)).toBe(9.125);
  expect(greyRate(2.25)).toBe(1);
});
