/** How reviewers name issues (newspapers spec 8.1). */
import { describe, expect, test } from 'vitest';
import { InvalidFlagInput, parseFlagInput, parseFlagInputs } from '../../../src/newspapers/batches/flag-input.js';

const ISSUE = { lccn: 'sn93059126', date: '1856-05-10', edition: 2 };

test.each([
  'sn93059126/1856051002',
  ' sn93059126/1856051002 ',
  'https://news.edu/lccn/sn93059126/1856-05-10/ed-2',
  'https://news.edu/lccn/sn93059126/1856-05-10/ed-2/',
  'http://staging.news.edu/oni/lccn/sn93059126/1856-05-10/ed-2/seq-1/?words=flood#top',
])('%s names the issue', (text) => expect(parseFlagInput(text)).toEqual(ISSUE));

describe('what names none says why', () => {
  test.each([
    ['', 'too short'],
    ['sn93059126', 'too short'],
    ['sn93059126/18560510', 'too short: ten digits'],
    ['sn93059126/185605100201', 'too long: ten digits'],
    ['the first issue of the gazette', 'too long'],
    ['sn93059126-1856051002', 'no issue key'],
    ['sn93059126/1856023001', '1856-02-30 is not a real date'],
    ['sn93059126/1856051000', 'edition is invalid'],
    ['/lccn/sn93059126/1856-05-10/ed-2', 'not a full URL: it must begin with https://'],
    ['news.edu/lccn/sn93059126/1856-05-10/ed-2', 'not a full URL'],
    ['ftp://news.edu/lccn/sn93059126/1856-05-10/ed-2', 'not a full URL'],
    ['https://news.edu/lccn/sn93059126/1856-05-10', 'not the full URL of an issue'],
    ['https://news.edu/lccn/sn93059126/1856-02-30/ed-2', '1856-02-30 is not a real date'],
    ['https://news.edu/lccn/sn93059126/1856-05-10/ed-', 'its edition "" is invalid'],
    ['https://news.edu/lccn/sn93059126/1856-05-10/ed-0', 'its edition "0" is invalid'],
    ['https://news.edu/lccn/sn93059126/1856-05-10/ed-two', 'its edition "two" is invalid'],
  ])('%j: %s', (text, reason) => {
    expect(() => parseFlagInput(text)).toThrow(InvalidFlagInput);
    expect(() => parseFlagInput(text)).toThrow(reason);
  });
});

test('several, each once', () => {
  const keys = parseFlagInputs(
    'sn93059126/1856051002, sn93059126/1856051001\nhttps://x.edu/lccn/sn93059126/1856-05-10/ed-2/',
  );
  expect(keys.map(({ edition }) => edition)).toEqual([2, 1]);
  expect(() => parseFlagInputs(' \n ')).toThrow('there is nothing');
});
