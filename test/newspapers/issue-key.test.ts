import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIssueDate } from '../../src/newspapers/issue-date.js';
import {
  formatIssueKey,
  InvalidIssueKey,
  keyMatches,
  parseIssueKey,
  parseSearchKey,
  searchDates,
} from '../../src/newspapers/issue-key.js';

const reasonOf = (parse: (text: string) => unknown, text: string): string => {
  try {
    return JSON.stringify(parse(text));
  } catch (error) {
    return error instanceof InvalidIssueKey ? error.reason : String(error);
  }
};

const dates = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const keys = fc.record({
  lccn: fc.stringMatching(/^[A-Za-z0-9_]{1,20}$/),
  date: dates,
  edition: fc.integer({ min: 1, max: 99 }),
});

/** Keys so alike that two of them often share a part. */
const alike = fc.record({
  lccn: fc.constantFrom('sn1', 'sn2'),
  date: fc.constantFrom('1856-05-10', '1856-05-11', '1856-06-10', '1857-05-10'),
  edition: fc.integer({ min: 1, max: 2 }),
});

describe('issue keys (newspapers spec 5.2, 11.3)', () => {
  it('reads title, date and edition', () => {
    expect(parseSearchKey('sn12345678/2011050201')).toEqual({
      lccn: 'sn12345678',
      year: 2011,
      month: 5,
      day: 2,
      edition: 1,
    });
    expect(parseIssueKey('sn12345678/2011050201')).toEqual({ lccn: 'sn12345678', date: '2011-05-02', edition: 1 });
  });

  it('lets a search stop after the title, the year, the month or the day', () => {
    expect(parseSearchKey('sn12345678')).toEqual({ lccn: 'sn12345678' });
    expect(parseSearchKey('sn12345678/2011')).toEqual({ lccn: 'sn12345678', year: 2011 });
    expect(parseSearchKey('sn12345678/201105')).toEqual({ lccn: 'sn12345678', year: 2011, month: 5 });
    expect(parseSearchKey('sn12345678/20110502')).toEqual({ lccn: 'sn12345678', year: 2011, month: 5, day: 2 });
  });

  it.each([
    ['sn12345678/A01', 'invalid issue key format'],
    ['', 'invalid issue key format'],
    ['sn12345678/', 'invalid issue key format'],
    ['sn12345678/2011-05-02', 'invalid issue key format'],
    ['../sn12345678/2011', 'invalid issue key format'],
    ['sn12345678/2011\n', 'invalid issue key format'],
    ['sn12345678/201', 'incorrect number of date/edition digits'],
    ['sn12345678/201105021', 'incorrect number of date/edition digits'],
    ['sn12345678/20110502010', 'incorrect number of date/edition digits'],
    ['sn12345678/2000019901', 'invalid date'],
    ['sn12345678/2000010001', 'invalid date'],
    ['sn12345678/200013', 'invalid date'],
    ['sn12345678/200000', 'invalid date'],
    ['sn12345678/0000', 'invalid date'],
    ['sn12345678/19000229', 'invalid date'],
  ])('refuses %j: %s', (text, reason) => {
    expect(reasonOf(parseSearchKey, text)).toBe(reason);
  });

  it.each(['sn12345678', 'sn12345678/2011', 'sn12345678/20110502', 'sn12345678/2011050200'])(
    '%s is not a full key',
    (text) => {
      expect(reasonOf(parseIssueKey, text)).toBe('not a full issue key');
    },
  );

  it('writes what it reads', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(parseIssueKey(formatIssueKey(key))).toEqual(key);
      }),
    );
  });

  it('finds an issue by each of its shortened keys, and by no other title, year, month, day or edition', () => {
    fc.assert(
      fc.property(alike, alike, (key, other) => {
        const full = formatIssueKey(key);
        const issue = parseIssueKey(formatIssueKey(other));
        const [digits = '', otherDigits = ''] = [full.split('/')[1], formatIssueKey(other).split('/')[1]];
        for (const length of [4, 6, 8, 10]) {
          const search = parseSearchKey(`${key.lccn}/${digits.slice(0, length)}`);
          expect(keyMatches(search, parseIssueKey(full))).toBe(true);
          expect(keyMatches(search, issue)).toBe(
            key.lccn === other.lccn && otherDigits.startsWith(digits.slice(0, length)),
          );
        }
      }),
    );
  });

  it('knows the first and last day of a search', () => {
    expect(searchDates(parseSearchKey('sn1'))).toEqual({ from: '0001-01-01', to: '9999-12-31' });
    expect(searchDates(parseSearchKey('sn1/1856'))).toEqual({ from: '1856-01-01', to: '1856-12-31' });
    expect(searchDates(parseSearchKey('sn1/185602'))).toEqual({ from: '1856-02-01', to: '1856-02-29' });
    expect(searchDates(parseSearchKey('sn1/18560503'))).toEqual({ from: '1856-05-03', to: '1856-05-03' });
  });
});

describe('dates of issues', () => {
  it('takes every real day, written YYYY-MM-DD', () => {
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseIssueDate(date)).toBe(date);
      }),
    );
  });

  it.each([
    '1856-02-30',
    '1900-02-29',
    '1856-13-01',
    '1856-00-01',
    '1856-01-00',
    '0000-01-01',
    '1856-5-10',
    '18560510',
    ' 1856-05-10',
    '1856-05-10\n',
    '１８５６-05-10',
  ])('refuses %j', (text) => {
    expect(parseIssueDate(text)).toBeUndefined();
  });
});
