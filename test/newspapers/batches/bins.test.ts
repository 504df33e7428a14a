/** Which ready issues go into which batch (newspapers spec 7.1, 11.3 "Batching"). */
import { describe, expect, test } from 'vitest';
import { batchSizes, InvalidBatchSizes } from '../../../src/newspapers/batches/batch-sizes.js';
import {
  planBins,
  sortCandidates,
  splitIntoBins,
  type Candidate,
  type ReadyIssue,
} from '../../../src/newspapers/batches/bins.js';
import { parseIssueDate } from '../../../src/newspapers/issue-date.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);
const dateOf = (day: Date) => {
  const date = parseIssueDate(day.toISOString().slice(0, 10));
  if (!date) throw new Error('no date');
  return date;
};

let ids = 0;
function candidate(more: Partial<Candidate> = {}): Candidate {
  const id = ++ids;
  return {
    ...{
      id,
      key: `sn1/18560510${String((id % 99) + 1).padStart(2, '0')}`,
      date: dateOf(new Date('1856-05-10')),
      pages: 4,
    },
    ...{ title: { isValidated: true, embargo: null }, approvedAt: daysAgo(20), location: '/workflow/x' },
    ...{ isRecorded: true, hasMets: true, elsewhere: null, ...more },
  };
}
const sort = (...candidates: Candidate[]) => sortCandidates('oru', candidates, NOW);
const embargo = (text: string) => ({ isValidated: true, embargo: text });

describe('wrapping an issue', () => {
  test('a title with a 30-day embargo and an issue 10 days old: embargoed', () => {
    const { ready, embargoed } = sort(candidate({ title: embargo('30 days'), date: dateOf(daysAgo(10)) }));
    expect(ready).toEqual([]);
    expect(embargoed).toMatchObject([{ until: new Date('2026-03-21T00:00:00Z') }]);
  });

  test('the embargo ends at midnight UTC of its last day', () => {
    const issue = candidate({ title: embargo('30 days'), date: dateOf(new Date('2026-01-30')) });
    expect(sortCandidates('oru', [issue], new Date('2026-02-28T23:59:59Z')).embargoed).toHaveLength(1);
    expect(sortCandidates('oru', [issue], new Date('2026-03-01T00:00:00Z')).ready).toHaveLength(1);
  });

  test('approved 20 days ago: stale for 20', () => {
    expect(sort(candidate()).ready).toMatchObject([{ staleDays: 20 }]);
  });

  test('approved ten years ago under a 30-day embargo: stale since that was lifted', () => {
    const issue = candidate({ approvedAt: daysAgo(3650), title: embargo('30 days'), date: dateOf(daysAgo(100)) });
    expect(sort(issue).ready).toMatchObject([{ staleDays: 70 }]);
  });

  test.each<[string, Partial<Candidate>, RegExp]>([
    ['unknown title', { title: null }, /its title is unknown: add it with "bin\/titles add/],
    [
      'unvalidated title',
      { title: { isValidated: false, embargo: null } },
      /not validated: Open ONI needs its MARC record/,
    ],
    [
      'bad embargo',
      { title: embargo('one year') },
      /the embargo of its title: "one year" is no embargo period.*titles set sn1 /,
    ],
    ['no pages', { pages: 0 }, /it has no pages/],
    ['no location', { location: null }, /it has no location/],
    ['unrecorded files', { isRecorded: false }, /sums of its files are not recorded.*verify .* --accept/],
    ['no METS', { hasMets: false }, /it has no METS/],
    ['a twin in a batch', { elsewhere: 'batch_oru_x_ver01' }, /another issue of this key is in batch_oru_x_ver01/],
  ])('%s: rejected with the reason, and the others are not kept back (W30)', (_what, wrong, reason) => {
    const { ready, rejected } = sort(candidate(wrong), candidate());
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.reason).toMatch(reason);
    expect(ready).toHaveLength(1);
  });

  test.each(['o_u', 'o-u'])('Open ONI cannot take the organisation %s', (org) => {
    expect(sortCandidates(org, [candidate()], NOW).rejected).toMatchObject([
      { reason: expect.stringContaining(`cannot read the organisation code "${org}"`) as unknown },
    ]);
  });
});

test('appending: two editions make 2 issues of 21 pages; a third with a key that was seen is rejected, not dropped (W30)', () => {
  const [one, two, three] = [candidate({ pages: 10 }), candidate({ pages: 11 }), candidate({ pages: 12 })];
  const { ready, rejected } = sort(one, two, { ...three, key: one.key });
  expect(ready.map(({ pages }) => pages)).toEqual([10, 11]);
  expect(rejected).toEqual([{ id: three.id, key: one.key, reason: expect.stringMatching(`issue ${one.id} has the same key`) as unknown }]); // prettier-ignore
});

test('an embargoed issue does not keep another of its key back, nor does a rejected one', () => {
  const bad = candidate({ pages: 0 });
  const good = candidate({ key: bad.key });
  expect(sort(bad, good).ready).toMatchObject([{ id: good.id }]);
});

const ready = (pages: number[], staleDays = 0): ReadyIssue[] =>
  pages.map((count, i) => ({
    id: i + 1,
    key: `sn1/18560510${String(i + 1).padStart(2, '0')}`,
    pages: count,
    staleDays,
  }));

describe('splitting into bins', () => {
  test.each([
    [[5, 6, 7, 8, 9, 11], 20, [16, 15, 15]],
    [[4, 7, 4, 6, 4, 8, 4, 8, 6, 6, 8, 8, 1, 8, 6, 7, 5, 5, 4, 4], 40, [40, 37, 36]],
    [[5], 20, [5]],
    [[50, 1], 20, [50, 1]],
    [[], 20, []],
  ])('%j, at most %d, makes %j', (pages, max, expected) => {
    const bins = splitIntoBins(ready(pages), max);
    expect(bins.map((bin) => bin.pages).sort((a, b) => b - a)).toEqual(expected);
    expect(bins.map((bin) => bin.pages)).toEqual(
      bins.map((bin) => bin.issues.reduce((sum, issue) => sum + issue.pages, 0)),
    );
    expect(bins.flatMap((bin) => bin.issues.map(({ id }) => id)).sort((a, b) => a - b)).toEqual(
      pages.map((_, i) => i + 1),
    );
  });
});

describe('planning an organisation', () => {
  const sizes = { min: 50, max: 100 };

  test('too few pages wait, unless one of them has waited for 30 days', () => {
    expect(planBins(ready([10, 20], 29), sizes)).toMatchObject({ tooSmall: { pages: 30, staleDays: 29 } });
    expect(planBins([...ready([10, 20], 0), ...ready([1], 30)], sizes)).toMatchObject({ bins: [{ pages: 31 }] });
  });

  test('enough pages make a batch, more than the most several', () => {
    expect(planBins(ready([50]), sizes)).toMatchObject({ bins: [{ pages: 50 }] });
    expect(planBins(ready([50, 50, 1]), sizes)).toMatchObject({ bins: [{ pages: 51 }, { pages: 50 }] });
  });

  test('nothing makes nothing', () => expect(planBins([], sizes)).toBeUndefined());
});

describe('the sizes that count (W21)', () => {
  const settings = { MIN_BATCH_SIZE: 5000, MAX_BATCH_SIZE: 10_000 };

  test('either option alone is taken with the other setting', () => {
    expect(batchSizes({ min: 1 }, settings)).toEqual({ min: 1, max: 10_000 });
    expect(batchSizes({ max: 6000 }, settings)).toEqual({ min: 5000, max: 6000 });
    expect(batchSizes({}, settings)).toEqual({ min: 5000, max: 10_000 });
  });

  test('two that clash are refused, naming where each comes from', () => {
    expect(() => batchSizes({ min: 20_000 }, settings)).toThrow(InvalidBatchSizes);
    expect(() => batchSizes({ min: 20_000 }, settings)).toThrow(
      'at least 20000 pages (--min-batch-size) and at most 10000 (MAX_BATCH_SIZE) cannot be',
    );
    expect(() => batchSizes({ max: 100 }, settings)).toThrow(
      'at least 5000 pages (MIN_BATCH_SIZE) and at most 100 (--max-batch-size)',
    );
  });
});
