/** How long something has waited, for people (newspapers spec 11.3 "Wait text"). */
import { expect, test } from 'vitest';
import { waitText } from '../../../src/cli/holding-pen/wait-text.js';

const DAY = 86_400;
test.each([
  [1, 'a few minutes'],
  [3600, 'about an hour'],
  [5 * 3600, 'about 5 hours'],
  [DAY, 'about a day'],
  [10 * DAY, 'about 10 days'],
  [25 * DAY, 'about 25 days'],
  [30 * DAY, 'about a month'],
  [45 * DAY, 'about 6 weeks'],
  [59 * DAY, 'about 8 weeks'],
  [120 * DAY, 'about 4 months'],
  [800 * DAY, 'about 2 years'],
])('%d s is %s', (seconds, text) => {
  expect(waitText(seconds)).toBe(text);
});
