/** Embargo texts, whatever is typed, and their ends, with PostgreSQL's calendar as the judge (newspapers spec 7.1). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { embargoFromDays, formatEmbargo, InvalidEmbargo, isEmbargoed, isNoEmbargo, isoEmbargo, liftDate, parseEmbargo, type EmbargoPeriod } from '../../src/newspapers/embargo.js'; // prettier-ignore
import { parseIssueDate, type IssueDate } from '../../src/newspapers/issue-date.js';
import { rows, useDatabase } from '../engine/support.js';
import { anyText, runs, spoilt } from '../support/odd-text.js';

const own = useDatabase();

const amount = fc.oneof(fc.constantFrom(0, 1, 11, 12, 28, 31, 365, 366, 9999), fc.nat(9999));
const periods: fc.Arbitrary<EmbargoPeriod> = fc.record({ years: amount, months: amount, weeks: amount, days: amount });
const dates = fc
  .oneof(
    fc.constantFrom('0001-01-01', '0099-12-31', '1900-02-28', '2000-02-29', '2023-01-31', '2024-02-29', '9999-12-31'),
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)), // prettier-ignore
  )
  .map((text) => parseIssueDate(text) as IssueDate); // real days

/** As people write them: any spelling, order, case, blanks, leading zeros. */
const typed = fc
  .tuple(
    periods,
    fc.shuffledSubarray(['years', 'months', 'weeks', 'days'] as const, { minLength: 1 }),
    fc.array(
      fc.tuple(fc.constantFrom('', ' ', '\t', '\xa0 ', '\n'), fc.nat(2), fc.boolean(), fc.constantFrom('', '0', '00')),
      { minLength: 4, maxLength: 4 },
    ),
  ) // prettier-ignore
  .map(([period, units, manners]) => ({
    meant: Object.fromEntries(units.map((unit) => [unit, period[unit]])),
    text: units
      .map((unit, i) => {
        const [blank = '', spelling = 0, loud = false, zeros = ''] = manners[i] ?? [];
        const name = [unit.slice(0, 1), unit.slice(0, -1), unit][spelling] ?? unit;
        return `${blank}${zeros}${period[unit]}${blank}${loud ? name.toUpperCase() : name}${blank}`;
      })
      .join(''),
  }));

test('however it is typed, it is read as what was meant', () => {
  fc.assert(
    fc.property(typed, ({ text, meant }) => {
      expect(parseEmbargo(text)).toEqual({ years: 0, months: 0, weeks: 0, days: 0, ...meant });
    }),
    runs(500),
  );
});

test('whatever is typed is a period, with a normal form that is read alike, or is refused with its text and the remedy', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, spoilt(typed.map(({ text }) => text))), (text) => {
      let period: EmbargoPeriod;
      try {
        period = parseEmbargo(text);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidEmbargo);
        expect((error as Error).message).toContain(JSON.stringify(text));
        expect((error as Error).message).toContain('write it like');
        return;
      }
      expect(parseEmbargo(formatEmbargo(period))).toEqual(period);
      expect(formatEmbargo(parseEmbargo(formatEmbargo(period)))).toBe(formatEmbargo(period));
    }),
    runs(1500),
  );
});

test('ends where the calendar of PostgreSQL says: months from the first of the month, then the days', async () => {
  const some = periods.filter((period) => !isNoEmbargo(period));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(dates, some), { minLength: 20, maxLength: 40 }), async (cases) => {
      const asked = JSON.stringify(cases.map(([date, period]) => ({ date, ...period })));
      const judged = await rows<{ seconds: number }>(
        own,
        `select extract(epoch from date_trunc('month', x.date::timestamp) + make_interval(years => x.years, months => x.months)
           + make_interval(days => extract(day from x.date)::int - 1 + x.weeks * 7 + x.days))::float8 as seconds
         from rows from (jsonb_to_recordset($1::jsonb) as (date date, years int, months int, weeks int, days int))
           with ordinality as x (date, years, months, weeks, days, place) order by place`,
        [asked],
      );
      expect(cases.map(([date, period]) => (liftDate(date, period)?.getTime() ?? 0) / 1000)).toEqual(
        judged.map(({ seconds }) => seconds),
      );
    }),
    runs(15),
  );
});

test('is over at its end and not a moment before; none is never under one', () => {
  fc.assert(
    fc.property(dates, periods, (date, period) => {
      const end = liftDate(date, period);
      expect(end === undefined).toBe(isNoEmbargo(period));
      expect(isEmbargoed(date, period, new Date(0))).toBe((end ?? new Date(0)) > new Date(0));
      if (end === undefined) return;
      expect(isEmbargoed(date, period, end)).toBe(false);
      expect(isEmbargoed(date, period, new Date(end.getTime() - 1))).toBe(true);
    }),
    runs(300),
  );
});

test('PostgreSQL reads the ISO form as the same period', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(periods, { minLength: 20, maxLength: 40 }), async (all) => {
      const judged = await rows<{ same: boolean }>(
        own,
        `select x.iso::interval = make_interval(years => x.years, months => x.months, days => x.weeks * 7 + x.days) as same
         from jsonb_to_recordset($1::jsonb) as x (iso text, years int, months int, weeks int, days int)`,
        [JSON.stringify(all.map((period) => ({ iso: isoEmbargo(period), ...period })))],
      );
      expect(judged.every(({ same }) => same)).toBe(true);
    }),
    runs(5),
  );
});

test('a number of days becomes periods of as many days, in the largest units', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.nat(4000),
        fc.nat(400).map((years) => years * 365),
        fc.nat(3_000_000),
      ),
      (total) => {
        const { years, months, weeks, days } = embargoFromDays(total);
        expect(Math.floor(years * 365.25) + Math.floor((months * 365.25) / 12) + weeks * 7 + days).toBe(total);
        expect(months).toBeLessThan(12);
        expect(weeks * 7 + days).toBeLessThanOrEqual(31);
        expect(days).toBeLessThan(7);
      },
    ),
    runs(500),
  );
});

test('1460 days are not 3 years and 12 months', () => {
  expect(formatEmbargo(embargoFromDays(1460))).toBe('3 years 11 months 4 weeks 3 days');
});
