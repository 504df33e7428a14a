/** What of an NCA database cannot be taken over (newspapers spec W1: there nothing checks its rows). */
import type { NcaTable } from './tables.js';

/** A value that cannot be taken over. A person mends it in NCA. */
export interface BadRow {
  table: NcaTable;
  /** NCA's number of the row. */
  id: string;
  column: string;
  value: string | null;
  reason: string;
}

/** So many are enough to mend for one day; a dump of something else has as many as rows. */
export const MOST_BAD_ROWS = 10_000;

/** There are so many that there is no sense in looking for more. */
export class TooManyBadRows extends Error {
  override name = 'TooManyBadRows';
}

/** Collects them, so that a person sees all at once. */
export class BadRows {
  readonly rows: BadRow[] = [];

  get count(): number {
    return this.rows.length;
  }

  /** @throws TooManyBadRows */
  add(row: BadRow): void {
    this.rows.push(row);
    if (this.rows.length >= MOST_BAD_ROWS) throw new TooManyBadRows();
  }
}

/** `issues 12, date "1906-02-31": it must be a day of the calendar`. */
export function toldBadRow({ table, id, column, value, reason }: BadRow): string {
  const text = value === null ? 'NULL' : JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  return `${table} ${id}, ${column} ${text}: ${reason}`;
}
