import Table from 'cli-table3';
import { printable } from './printable.js';

/** What stands in a cell. */
export type Cell = string | number | null | undefined;

/** A table for people: no borders, columns two spaces apart, control characters made visible. An empty one says so. */
export function table(head: string[], rows: Cell[][], empty = 'none'): string {
  if (rows.length === 0) return empty;
  const none = [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ];
  const made = new Table({
    head: head.map((cell) => cell.toUpperCase()),
    chars: { ...Object.fromEntries(none.map((part) => [part, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  made.push(...rows.map((row) => row.map((cell) => visible(String(cell ?? '-')))));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A text from outside on one line, safe for a terminal. */
export const visible = (text: string): string => printable(text.replace(/\s*\n\s*/g, ' '));

/** A span of time for people: "40 ms", "12 s", "5 min", "3 h", "2 d". */
export function span(seconds: number | null | undefined): string {
  if (seconds == null) return '-';
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 100) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** How long ago, for people. */
export const ago = (at: Date | null | undefined): string =>
  at == null ? '-' : `${span((Date.now() - at.getTime()) / 1000)} ago`;
