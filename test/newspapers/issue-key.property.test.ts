/** Issue keys, dates, LCCNs and directory names, whatever is typed (newspapers spec 5.1, 5.2). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { daysIn, issueDateOf, parseIssueDate } from '../../src/newspapers/issue-date.js';
import { dateEdition, formatIssueKey, InvalidIssueKey, keyMatches, parseIssueKey, parseSearchKey, searchDates } from '../../src/newspapers/issue-key.js'; // prettier-ignore
import { InvalidLccn, parseLccn } from '../../src/newspapers/lccn.js';
import { parseDirectoryName } from '../../src/newspapers/uploads/directory-name.js';
import { anyText, ODD, runs, spoilt } from '../support/odd-text.js';

/** Years where calendars are odd come often. */
const years = fc.oneof(fc.constantFrom(0, 1, 4, 99, 100, 400, 1600, 1700, 1899, 1900, 1999, 2000, 2023, 2024, 9999), fc.integer({ min: 0, max: 9999 })); // prettier-ignore
const numbers = fc.record({
  year: years,
  month: fc.oneof(fc.constantFrom(2, 2, 12), fc.integer({ min: 0, max: 13 })),
  day: fc.oneof(fc.integer({ min: 28, max: 31 }), fc.integer({ min: 0, max: 32 })),
});
const pad = (value: number, width: number) => String(value).padStart(width, '0');

/** JavaScript's own calendar, proleptic Gregorian as ours: a day is real when nothing of it overflows. */
function isReal({ year, month, day }: { year: number; month: number; day: number }): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return year > 0 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const realDates = numbers.filter(isReal).map(({ year, month, day }) => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`); // prettier-ignore
const keys = fc
  .record({
    lccn: fc.stringMatching(/^[A-Za-z0-9_]{1,20}$/),
    date: realDates,
    edition: fc.integer({ min: 1, max: 99 }),
  })
  .map(({ lccn, date, edition }) => formatIssueKey({ lccn, date, edition }));

/** What was thrown, if it was one of ours; anything else breaks the test. */
function refusal<T>(kind: new (...args: never[]) => Error, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof kind)) throw error;
    return undefined;
  }
}

test('a day is taken when it is in the calendar of another program, and no other: years 0 to 9999, months and days beyond their ends', () => {
  fc.assert(
    fc.property(numbers, ({ year, month, day }) => {
      const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
      const real = isReal({ year, month, day });
      expect(parseIssueDate(text)).toBe(real ? text : undefined);
      expect(issueDateOf(year, month, day)).toBe(real ? text : undefined);
      if (real) expect(daysIn(year, month)).toBeGreaterThanOrEqual(day);
    }),
    runs(2000),
  );
});

test('whatever is typed is a key, which is written as it was read, or is refused as no key', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, spoilt(keys), keys), (text) => {
      const search = refusal(InvalidIssueKey, () => parseSearchKey(text));
      const key = refusal(InvalidIssueKey, () => parseIssueKey(text));
      if (key) {
        expect(formatIssueKey(key)).toBe(text);
        expect(/^[A-Za-z0-9_]{1,20}\/\d{10}$/.test(text)).toBe(true); // safe as a path and as a directory
      }
      if (key) expect(search).toBeDefined();
      if (!search) return;
      const { from, to } = searchDates(search);
      expect(from <= to && [from, to].every((date) => parseIssueDate(date) === date)).toBe(true);
      if (key) expect(keyMatches(search, key)).toBe(true);
    }),
    runs(1500),
  );
});

test('a refusal of a key, an LCCN says what was typed and what would be right', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const [read, right] of [
        [parseIssueKey, 'LCCN/YYYYMMDDEE'],
        [parseLccn, 'sn93059126'],
      ] as const) {
        // prettier-ignore
        let message: string | undefined;
        try {
          read(text);
        } catch (error) {
          ({ message } = error as Error);
        }
        if (message === undefined) continue;
        expect(message).toContain(JSON.stringify(text));
        expect(message).toContain(right);
      }
    }),
    runs(300),
  );
});

test('an LCCN is safe as a name, and is read as itself', () => {
  const catalogued = fc.tuple(fc.constantFrom('', ' ', '   ', 'sn ', '  n'), fc.stringMatching(/^\d{8}$/), fc.constantFrom('', ' ', '//r86', ' /AC', '/\n')).map((parts) => parts.join('')); // prettier-ignore
  fc.assert(
    fc.property(fc.oneof(anyText, spoilt(catalogued), catalogued), (text) => {
      const lccn = refusal(InvalidLccn, () => parseLccn(text));
      if (lccn === undefined) return;
      expect(lccn).toMatch(/^[A-Za-z0-9_]{1,20}$/);
      expect(parseLccn(lccn)).toBe(lccn);
    }),
    runs(1000),
  );
});

test('a directory of an upload is named for exactly one date and edition, or has a problem', () => {
  const named = fc.tuple(realDates, fc.oneof(fc.constant(''), fc.integer({ min: 0, max: 99 }).map((edition) => `_${pad(edition, 2)}`)), fc.constantFrom('', '', '-error')).map((parts) => parts.join('')); // prettier-ignore
  fc.assert(
    fc.property(fc.oneof(anyText, spoilt(named), named, fc.constantFrom(...ODD)), (name) => {
      const { date, edition, problems } = parseDirectoryName(name);
      expect(problems.every(({ message }) => message.includes(';'))).toBe(true); // each with its remedy
      if (problems.length > 0) return;
      expect(date !== undefined && edition !== undefined).toBe(true);
      const written = dateEdition(date ?? '', edition ?? 0);
      expect(formatIssueKey(parseIssueKey(`sn1/${written}`))).toBe(`sn1/${written}`);
      expect(name.startsWith(date ?? 'x')).toBe(true);
      if (name.length === 10) expect(edition).toBe(1);
      else expect(name.slice(11)).toBe(pad(edition ?? 0, 2));
    }),
    runs(1500),
  );
});
