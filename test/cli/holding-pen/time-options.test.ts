import { expect, test } from 'vitest';
import { spanOption, timeOption } from '../../../src/cli/holding-pen/time-options.js';

test.each([
  ['30min', 1800],
  ['12h', 43_200],
  ['3d', 259_200],
  ['2w', 1_209_600],
])('%s is a span of %d s', (text, seconds) => {
  expect(spanOption(text)).toBe(seconds);
});
test.each(['', '0d', '3', 'd', '-1d', '1.5h', '3 d', '3m', '9999999d'])('%j is no span', (text) => {
  expect(() => spanOption(text)).toThrow('it must be a span like 30min, 12h, 3d or 2w');
});

test('a day begins at midnight, where the program runs', () => {
  expect(timeOption('2027-01-15')).toEqual(new Date(2027, 0, 15));
  expect(timeOption('2027-01-15 14:30')).toEqual(new Date(2027, 0, 15, 14, 30));
});
test.each(['', '2027-02-30', '2027-13-01', '15.1.2027', 'tomorrow', '2027-01-15 25:00', '2027-1-5'])(
  '%j is no time',
  (text) => {
    expect(() => timeOption(text)).toThrow('it must be a day like 2027-01-15');
  },
);
