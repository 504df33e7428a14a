/** How long after its date an issue stays unpublished (newspapers spec 7.1, 11.3 durations). */
import type { IssueDate } from './issue-date.js';

/** Years, months, weeks and days of the calendar: how many days that is depends on where they are counted from. */
export interface EmbargoPeriod {
  years: number;
  months: number;
  weeks: number;
  days: number;
}

/** In the order in which they are written. */
const UNITS = ['years', 'months', 'weeks', 'days'] as const;
type Unit = (typeof UNITS)[number];

/** "y", "year" and "years" alike. */
const UNIT_BY_NAME: ReadonlyMap<string, Unit> = new Map(
  UNITS.flatMap((unit) => [unit.slice(0, 1), unit.slice(0, -1), unit].map((name) => [name, unit] as const)),
);

const NONE: EmbargoPeriod = { years: 0, months: 0, weeks: 0, days: 0 };

/** Dates of calendars end there. */
const MOST = 9999;

export class InvalidEmbargo extends Error {
  override name = 'InvalidEmbargo';
  constructor(
    readonly text: string,
    readonly reason: string,
  ) {
    super(
      `${JSON.stringify(text)} is no embargo period: ${reason}; write it like "1 year 6 months" or "90 days", or 0 for none`,
    );
  }
}

/**
 * Reads an embargo text: any number of `<digits><unit>`, each unit once, in any order; case and spaces do not count.
 * "" and "0" are none.
 *
 * @throws InvalidEmbargo
 */
export function parseEmbargo(text: string): EmbargoPeriod {
  const compact = text.replace(/\s+/g, '').toLowerCase();
  if (compact === '' || compact === '0') return NONE;
  if (!/^(\d+[a-z]+)+$/.test(compact)) throw new InvalidEmbargo(text, 'it must be numbers, each with its unit');
  const period = { ...NONE };
  const seen = new Set<Unit>();
  for (const [, amount = '', name = ''] of compact.matchAll(/(\d+)([a-z]+)/g)) {
    const unit = UNIT_BY_NAME.get(name);
    if (unit === undefined)
      throw new InvalidEmbargo(text, `"${name}" is no unit; there are days, weeks, months, years`);
    if (seen.has(unit)) throw new InvalidEmbargo(text, `${unit} specified more than once`);
    if (Number(amount) > MOST) throw new InvalidEmbargo(text, `more than ${MOST} ${unit}`);
    seen.add(unit);
    period[unit] = Number(amount);
  }
  return period;
}

/** The normal form, as it is stored: "3 years 1 month 2 weeks 4 days"; none is "0 days". */
export function formatEmbargo(period: EmbargoPeriod): string {
  const parts = UNITS.filter((unit) => period[unit] > 0).map(
    (unit) => `${period[unit]} ${period[unit] === 1 ? unit.slice(0, -1) : unit}`,
  );
  return parts.length === 0 ? '0 days' : parts.join(' ');
}

/** As ISO 8601 writes it, which has weeks only when there is nothing else: P3W, P1Y35D, P0D. */
export function isoEmbargo({ years, months, weeks, days }: EmbargoPeriod): string {
  if (weeks > 0 && years + months + days === 0) return `P${weeks}W`;
  const parts = [[years, 'Y'], [months, 'M'], [weeks * 7 + days, 'D']] as const; // prettier-ignore
  const written = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount}${unit}`);
  return written.length === 0 ? 'P0D' : `P${written.join('')}`;
}

/** Days of so many years, months of the Julian calendar, whole ones. */
const daysOfYears = (years: number) => Math.floor(years * 365.25);
const daysOfMonths = (months: number) => Math.floor((months * 365.25) / 12);

/** A number of days in the largest units that fit, a year being 365.25 days: 745 is "2 years 2 weeks 1 day". */
export function embargoFromDays(total: number): EmbargoPeriod {
  const years = mostWithin(total, daysOfYears);
  const months = Math.min(11, mostWithin(total - daysOfYears(years), daysOfMonths)); // 365 days are not quite a year
  const rest = total - daysOfYears(years) - daysOfMonths(months);
  return { years, months, weeks: Math.floor(rest / 7), days: rest % 7 };
}

function mostWithin(days: number, daysOf: (count: number) => number): number {
  let count = 0;
  while (daysOf(count + 1) <= days) count++;
  return count;
}

export const isNoEmbargo = (period: EmbargoPeriod): boolean => UNITS.every((unit) => period[unit] === 0);

/**
 * When the embargo of an issue ends, at midnight UTC; undefined without embargo: it never was under one. Years, months
 * and days are added to the date and what overflows a month runs into the next: January 31 and one month is March 3.
 */
export function liftDate(date: IssueDate, period: EmbargoPeriod): Date | undefined {
  if (isNoEmbargo(period)) return undefined;
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const lifted = new Date(0);
  lifted.setUTCFullYear(year + period.years, month - 1 + period.months, day + period.weeks * 7 + period.days);
  return lifted;
}

/** Whether an issue is still under its title's embargo. */
export function isEmbargoed(date: IssueDate, period: EmbargoPeriod, now: Date): boolean {
  const lifted = liftDate(date, period);
  return lifted !== undefined && lifted > now;
}
