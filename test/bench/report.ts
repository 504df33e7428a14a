import Table from 'cli-table3';
import type { Part } from './part.js';

/** A part as people read it. */
export function partText({ title, rows, aims, notes }: Part): string {
  const [first] = rows;
  if (first === undefined) return [`${title}: not measured`, ...notes, ''].join('\n');
  const table = new Table({ head: Object.keys(first), style: { head: [], border: [] }, wordWrap: true });
  table.push(...rows.map((row) => Object.values(row)));
  return [
    '',
    title,
    table.toString(),
    ...aims.map(({ aim, measured, met }) => `${met ? 'met' : 'NOT MET'}: ${aim}: ${measured}`),
    ...notes,
    '',
  ].join('\n');
}
