/** The day an issue is dated, a real day of the calendar written YYYY-MM-DD; no time zone belongs to it. */
declare const issueDate: unique symbol;

/** Made by `parseIssueDate` and `issueDateOf` only. */
export type IssueDate = string & { readonly [issueDate]: true };

/** Reads YYYY-MM-DD; undefined when it is written otherwise or no such day exists (newspapers spec 5.1, 5.4 row 5). */
export function parseIssueDate(text: string): IssueDate | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return parts ? issueDateOf(Number(parts[1]), Number(parts[2]), Number(parts[3])) : undefined;
}

/** The date of a year, month and day; undefined when no such day exists. Year 0 counts as none: no issue key can name it. */
export function issueDateOf(year: number, month: number, day: number): IssueDate | undefined {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}` as IssueDate; // checked above
}

/** Days in a month of the Gregorian calendar. */
export function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

/** A number with leading zeros. */
export const digits = (value: number, width: number): string => String(value).padStart(width, '0');
