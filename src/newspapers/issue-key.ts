/**
 * What an issue is called everywhere: `LCCN/YYYYMMDDEE`, the title, the day and the edition; and the search keys that stop
 * short of that (newspapers spec 5.2).
 */
import { daysIn, digits, issueDateOf, type IssueDate } from './issue-date.js';
import { parseLccn, type Lccn } from './lccn.js';

/** One edition of one title on one day. */
export interface IssueKey {
  lccn: Lccn;
  date: IssueDate;
  /** From 1 to 99. */
  edition: number;
}

/** Any issue of a title, of a year, month or day of it, or one edition. */
export interface SearchKey {
  lccn: Lccn;
  year?: number;
  month?: number;
  day?: number;
  edition?: number;
}

/** The reasons are NCA's texts, so that people who know them find them; its "date string is non-canonical" cannot happen to bare digits. */
export class InvalidIssueKey extends Error {
  override name = 'InvalidIssueKey';
  constructor(
    readonly text: string,
    readonly reason:
      'invalid issue key format' | 'incorrect number of date/edition digits' | 'invalid date' | 'not a full issue key',
  ) {
    super(
      `${JSON.stringify(text)}: ${reason}; a key is LCCN/YYYYMMDDEE, e.g. sn93059126/1856051001, and a search may stop after any part`,
    );
  }
}

/**
 * Reads a key that may stop after the LCCN, the year, the month or the day.
 *
 * @throws InvalidIssueKey
 */
export function parseSearchKey(text: string): SearchKey {
  const grammar = /^(\w+)(?:\/(\d+))?$/.exec(text);
  const lccn = grammar?.[1];
  if (lccn === undefined || lccn.length > 20) throw new InvalidIssueKey(text, 'invalid issue key format');
  const rest = grammar?.[2];
  if (rest === undefined) return { lccn: parseLccn(lccn) };
  if (![4, 6, 8, 10].includes(rest.length)) throw new InvalidIssueKey(text, 'incorrect number of date/edition digits');
  const part = (from: number, to: number) => (rest.length < to ? undefined : Number(rest.slice(from, to)));
  const [year = 0, month, day, edition] = [part(0, 4), part(4, 6), part(6, 8), part(8, 10)];
  if (!issueDateOf(year, month ?? 1, day ?? 1)) throw new InvalidIssueKey(text, 'invalid date');
  return {
    lccn: parseLccn(lccn),
    year,
    ...(month !== undefined && { month }),
    ...(day !== undefined && { day }),
    ...(edition !== undefined && { edition }),
  };
}

/**
 * Reads a full key: none of its five parts may be missing or zero.
 *
 * @throws InvalidIssueKey
 */
export function parseIssueKey(text: string): IssueKey {
  const { lccn, year = 0, month = 0, day = 0, edition = 0 } = parseSearchKey(text);
  const date = issueDateOf(year, month, day);
  if (!date || edition === 0) throw new InvalidIssueKey(text, 'not a full issue key');
  return { lccn, date, edition };
}

/** `LCCN/YYYYMMDDEE`. */
export const formatIssueKey = ({ lccn, date, edition }: { lccn: string; date: string; edition: number }): string =>
  `${lccn}/${dateEdition(date, edition)}`;

/** `YYYYMMDDEE`: an issue's directory and METS name within its title. */
export const dateEdition = (date: string, edition: number): string => date.replaceAll('-', '') + digits(edition, 2);

/** Whether an issue is one of those that a search key names. */
export function keyMatches(search: SearchKey, key: IssueKey): boolean {
  const { from, to } = searchDates(search);
  const edition = search.edition === undefined || search.edition === key.edition;
  return search.lccn === key.lccn && edition && from <= key.date && key.date <= to;
}

/** First and last day, both included, of what a search key names: dates written so sort as text. */
export function searchDates({ year, month, day }: SearchKey): { from: string; to: string } {
  const date = (y: number, m: number, d: number) => `${digits(y, 4)}-${digits(m, 2)}-${digits(d, 2)}`;
  if (year === undefined) return { from: '0001-01-01', to: '9999-12-31' };
  const lastMonth = month ?? 12;
  return { from: date(year, month ?? 1, day ?? 1), to: date(year, lastMonth, day ?? daysIn(year, lastMonth)) };
}
