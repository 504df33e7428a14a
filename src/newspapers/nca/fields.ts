/** One row of NCA, read value by value: what cannot be taken over is collected, and the rest of the row is looked at all the same. */
import type { BadRows } from './bad-rows.js';
import { NCA_TABLES, type NcaTable, type NcaValue } from './tables.js';

/** NCA's times are UTC, to the second or to the microsecond. */
const TIME = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(\.\d{1,6})?$/;

export class Fields<Table extends NcaTable = NcaTable> {
  /** NCA's number of the row. */
  readonly id: number;
  private isBad = false;

  constructor(
    private readonly bad: BadRows,
    private readonly table: Table,
    private readonly values: readonly NcaValue[],
  ) {
    this.id = this.whole('id', { from: 1, to: Number.MAX_SAFE_INTEGER }) ?? 0; // every table has one
  }

  /** Whether nothing was refused so far. */
  get isGood(): boolean {
    return !this.isBad;
  }

  /** As NCA has it; '' for NULL. */
  raw(column: Column<Table>): string {
    return this.value(column) ?? '';
  }

  /** A text; null when it is empty: NCA knows no other "none". */
  text(column: Column<Table>): string | null {
    const text = this.raw(column);
    return text.trim() === '' ? null : text;
  }

  /** A text that must not be blank. */
  required(column: Column<Table>): string | undefined {
    return this.known(column, this.text(column) ?? undefined, 'it must not be blank');
  }

  whole(column: Column<Table>, { from, to }: { from: number; to: number }): number | undefined {
    const text = this.raw(column);
    const number = /^-?\d+$/.test(text) ? Number(text) : NaN;
    const isRight = number >= from && number <= to;
    return this.known(column, isRight ? number : undefined, `it must be a whole number from ${from} to ${to}`);
  }

  /** The number of another row; null for NCA's "none", 0. */
  reference(column: Column<Table>): number | null | undefined {
    if (this.value(column) === null) return null;
    const number = this.whole(column, { from: 0, to: Number.MAX_SAFE_INTEGER });
    return number === 0 ? null : number;
  }

  /** Yes or no; NULL is no. */
  flag(column: Column<Table>): boolean | undefined {
    const text = this.value(column) ?? '0';
    return this.known(column, text === '1' || text === '0' ? text === '1' : undefined, 'it must be 0 or 1');
  }

  word<Word extends string>(column: Column<Table>, words: readonly Word[]): Word | undefined {
    const text = this.raw(column);
    const found = words.find((word) => word === text);
    return this.known(column, found, `it must be one of ${words.join(', ')}`);
  }

  /** A time in a form that PostgreSQL reads; null for none: NULL, or the zero times of MySQL and of Go. */
  time(column: Column<Table>): string | null | undefined {
    const text = this.value(column);
    if (text === null || /^000[01]-0[01]-0[01]( |$)/.test(text)) return null;
    const parts = TIME.exec(text);
    // What the calendar does not know, Date moves on: 31 February becomes 3 March.
    const [date, time] = [text.slice(0, 10), text.slice(11, 19)];
    const parsed = parts ? Date.parse(`${date}T${time}Z`) : NaN;
    const isReal = !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(`${date}T${time}`);
    return this.known(column, isReal ? `${text}+00` : undefined, 'it must be a time, YYYY-MM-DD hh:mm:ss');
  }

  /** An absolute directory; null for none. */
  directory(column: Column<Table>): string | null | undefined {
    const text = this.text(column);
    return this.known(column, text?.startsWith('/') === false ? undefined : text, 'it must be an absolute directory');
  }

  /** What became of a column's value; refused when that is nothing. */
  known<Value>(column: Column<Table>, value: Value | undefined, reason: string): Value | undefined {
    if (value === undefined) this.refuse(column, reason);
    return value;
  }

  refuse(column: Column<Table>, reason: string): void {
    this.isBad = true;
    const id = this.values[0] ?? 'NULL';
    this.bad.add({ table: this.table, id, column, value: this.value(column), reason });
  }

  private value(column: Column<Table>): NcaValue {
    return this.values[(NCA_TABLES[this.table] as readonly string[]).indexOf(column)] ?? null;
  }
}

type Column<Table extends NcaTable> = (typeof NCA_TABLES)[Table][number];
