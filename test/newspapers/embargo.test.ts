import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  embargoFromDays,
  formatEmbargo,
  InvalidEmbargo,
  isEmbargoed,
  isoEmbargo,
  liftDate,
  parseEmbargo,
  type EmbargoPeriod,
} from '../../src/newspapers/embargo.js';
import { parseIssueDate, type IssueDate } from '../../src/newspapers/issue-date.js';

const date = (text: string): IssueDate => {
  const parsed = parseIssueDate(text);
  if (!parsed) throw new Error(`${text} is no date`);
  return parsed;
};
const lifted = (issue: string, embargo: string) => liftDate(date(issue), parseEmbargo(embargo))?.toISOString();

describe('an embargo text (newspapers spec 7.1, 11.3 durations)', () => {
  it.each([
    ['1 month 3 years 2 weeks 4 days', '3 years 1 month 2 weeks 4 days'],
    ['1M 3yeAr2d', '3 years 1 month 2 days'],
    ['', '0 days'],
    ['0', '0 days'],
    ['0y', '0 days'],
    ['  ', '0 days'],
    ['90d', '90 days'],
    ['1 w', '1 week'],
    ['1weeks 0 years', '1 week'],
  ])('%j is %s', (text, normal) => {
    expect(formatEmbargo(parseEmbargo(text))).toBe(normal);
  });

  it.each([
    ['4 dayos', '"dayos" is no unit'],
    ['one year', 'numbers, each with its unit'],
    ['1', 'numbers, each with its unit'],
    ['-1 day', 'numbers, each with its unit'],
    ['1.5 years', 'numbers, each with its unit'],
    ['1 month 2 m', 'months specified more than once'],
    ['0y 0 years', 'years specified more than once'],
    ['10000 years', 'more than 9999 years'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseEmbargo(text)).toThrow(InvalidEmbargo);
    expect(() => parseEmbargo(text)).toThrow(reason);
    expect(() => parseEmbargo(text)).toThrow('"1 year 6 months"');
  });

  it.each([
    [0, '0 days'],
    [5, '5 days'],
    [12, '1 week 5 days'],
    [75, '2 months 2 weeks 1 day'],
    [361, '11 months 3 weeks 6 days'],
    [745, '2 years 2 weeks 1 day'],
    [3650, '9 years 11 months 4 weeks 1 day'],
  ])('of %i days is %s', (days, text) => {
    expect(formatEmbargo(embargoFromDays(days))).toBe(text);
  });

  it.each([
    ['0y', 'P0D'],
    ['1 year 5 weeks', 'P1Y35D'],
    ['1 month', 'P1M'],
    ['4 years 5 months 4 weeks 1 day', 'P4Y5M29D'],
    ['3w', 'P3W'],
  ])('%j is %s in ISO 8601', (text, iso) => {
    expect(isoEmbargo(parseEmbargo(text))).toBe(iso);
  });

  it('in its normal form is read as what it was', () => {
    const amount = fc.nat(9999);
    const periods = fc.record({ years: amount, months: amount, weeks: amount, days: amount });
    const same = (period: EmbargoPeriod) => {
      expect(parseEmbargo(formatEmbargo(period))).toEqual(period);
    };
    fc.assert(fc.property(periods, same));
  });
});

describe('the end of an embargo', () => {
  it.each([
    ['2023-05-06', '30 days', '2023-06-05T00:00:00.000Z'],
    ['2023-01-31', '1 month', '2023-03-03T00:00:00.000Z'],
    ['2024-01-31', '1 month', '2024-03-02T00:00:00.000Z'],
    ['2024-02-29', '1 year', '2025-03-01T00:00:00.000Z'],
    ['2023-12-31', '1y 2m 1w 1d', '2025-03-11T00:00:00.000Z'],
    ['0099-12-31', '1 day', '0100-01-01T00:00:00.000Z'],
  ])('of an issue of %s after %s is %s: what overflows a month runs into the next', (issue, embargo, end) => {
    expect(lifted(issue, embargo)).toBe(end);
  });

  it('is never, as there was none, without an embargo', () => {
    expect(lifted('2023-05-06', '0')).toBeUndefined();
    expect(isEmbargoed(date('2999-05-06'), parseEmbargo(''), new Date('2026-01-01'))).toBe(false);
  });

  it('is the moment from which the issue may be published', () => {
    const period = parseEmbargo('30d');
    expect(isEmbargoed(date('2026-01-01'), period, new Date('2026-01-30T23:59:59Z'))).toBe(true);
    expect(isEmbargoed(date('2026-01-01'), period, new Date('2026-01-31T00:00:00Z'))).toBe(false);
  });
});
