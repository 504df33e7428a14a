/** Divides a page, or what its advertisements leave of it, into the places of single stories. */
import type { Random } from '../random.js';
import type { Area } from './grid.js';

/** Lines of a story: at least this many, or its head would be larger than its text; more than that in one piece tires the eye. */
const LEAST_LINES = 22;
const MOST_LINES = 50;

export function divide(area: Area, random: Random): Area[] {
  const { column, columns, line, lines } = area;
  const across = (upper: number): Area[] => [
    ...divide({ ...area, lines: upper }, random),
    ...divide({ ...area, line: line + upper, lines: lines - upper }, random),
  ];
  const down = (left: number): Area[] => [
    ...divide({ ...area, columns: left }, random),
    ...divide({ ...area, column: column + left, columns: columns - left }, random),
  ];
  if (lines > MOST_LINES && lines >= 2 * LEAST_LINES) {
    const share = columns === 1 ? random.between(0.4, 0.6) : random.pick([0.42, 0.46, 0.54, 0.58]);
    return across(Math.min(lines - LEAST_LINES, Math.max(LEAST_LINES, Math.round(lines * share))));
  }
  if (columns >= 5) return down(random.pick([2, 3]));
  if (columns === 4 && random.chance(0.65)) return down(random.pick([1, 3, 2]));
  if (columns === 3 && lines > 34 && random.chance(0.35)) return down(random.pick([1, 2]));
  return [area];
}

/** What the blocks leave free of the columns, from the left, each from the top. */
export function freeColumns(whole: Area, blocks: readonly Area[]): Area[] {
  const free: Area[] = [];
  for (let column = whole.column; column < whole.column + whole.columns; column++) {
    const over = blocks
      .filter((block) => block.column <= column && column < block.column + block.columns)
      .sort((a, b) => a.line - b.line);
    let line = whole.line;
    for (const block of [...over, { line: whole.line + whole.lines, lines: 0 }]) {
      if (block.line - line >= 8) free.push({ column, columns: 1, line, lines: block.line - line });
      line = Math.max(line, block.line + block.lines);
    }
  }
  return free;
}
