/**
 * Columns that are filled one after the other with short matter, each to its foot: local items, letters, classified
 * advertisements, and most columns of an old paper. What is left at the foot goes between the items.
 */
import { breakLines, type ParagraphStyle } from '../typeset/lines.js';
import type { PageCanvas } from './canvas.js';

/** A thing of some height that is not broken. */
export interface Slug {
  height: number;
  draw?: (canvas: PageCanvas, x: number, y: number) => void;
  /** Never the last thing of a column: a heading, the first line of a paragraph. */
  keepWithNext?: boolean;
  /** White (perhaps with a dash in it) that may grow, and that vanishes at the head and the foot of a column. */
  gap?: boolean;
}

export interface ColumnBox {
  x: number;
  top: number;
  bottom: number;
}

/** Items that did not fit into the foot of the last column before the columns are taken as full. */
const MOST_MISSES = 14;
/** A gap grows by at most this many points; the rest goes between all lines. */
const MOST_GROWTH = 9;

/** Fills the columns, asking for one item after another; each item ends with its gap. */
export function fillColumns(canvas: PageCanvas, columns: readonly ColumnBox[], next: () => Slug[]): void {
  let waiting: Slug[] = [];
  let ahead = columns.reduce((sum, column) => sum + column.bottom - column.top, 0);
  let misses = 0;
  columns.forEach((column, i) => {
    const room = column.bottom - column.top;
    const last = i === columns.length - 1;
    if (last) waiting = withoutOverflow(waiting, room);
    while (height(waiting) < room && misses < MOST_MISSES) {
      const item = next();
      // what does not fit into all that is left is not begun
      if (height(trimmed([...waiting, ...item])) > (last ? room : ahead - room * 0.1)) misses++;
      else waiting.push(...item);
    }
    const taken = last ? waiting.length : fitting(waiting, room);
    drawColumn(canvas, column, trimmed(waiting.slice(0, taken)));
    waiting = trimmed(waiting.slice(taken), 'head');
    ahead -= room;
  });
}

/** Drops whole items from the end until the rest fits; what is left of a single long one is cut. */
function withoutOverflow(slugs: readonly Slug[], room: number): Slug[] {
  let kept = [...slugs];
  while (height(trimmed(kept)) > room) {
    const end = trimmed(kept).findLastIndex((slug) => slug.gap === true);
    if (end < 0) return kept.slice(0, fitting(kept, room));
    kept = kept.slice(0, end + 1);
  }
  return kept;
}

/** The lines of a paragraph as slugs; its first two and its last two stay together. */
export function paragraphSlugs(text: string, style: ParagraphStyle, leading: number): Slug[] {
  const lines = breakLines(text, style);
  return lines.map((line, i) => ({
    height: leading,
    draw: (canvas, x, y) => canvas.line(line, x, y + leading * 0.76),
    keepWithNext: lines.length > 1 && (i === 0 || i === lines.length - 2),
  }));
}

/** White of this height, with a short dash in its middle when a measure is given. */
export function gapSlug(points: number, dashIn?: { measure: number; length: number; weight: number }): Slug {
  const slug: Slug = { height: points, gap: true };
  if (dashIn !== undefined) {
    const { measure, length, weight } = dashIn;
    slug.draw = (canvas, x, y) => canvas.rule(x + (measure - length) / 2, y, x + (measure + length) / 2, y, weight);
  }
  return slug;
}

function height(slugs: readonly Slug[]): number {
  return slugs.reduce((sum, slug) => sum + slug.height, 0);
}

/** How many of the slugs go into the room, the last one being allowed to stand last. */
function fitting(slugs: readonly Slug[], room: number): number {
  let count = 0;
  for (let used = 0; count < slugs.length; count++) {
    used += slugs[count]?.height ?? 0;
    if (used > room && slugs[count]?.gap !== true) break;
    if (used > room + 20) break;
  }
  while (count > 1 && count < slugs.length && slugs[count - 1]?.keepWithNext === true) count--;
  return count;
}

function trimmed(slugs: readonly Slug[], where: 'head' | 'both' = 'both'): Slug[] {
  let from = 0;
  let to = slugs.length;
  while (from < to && slugs[from]?.gap === true) from++;
  while (where === 'both' && to > from && slugs[to - 1]?.gap === true) to--;
  return slugs.slice(from, to);
}

/** Draws a column whose foot stands exactly at its bottom. */
function drawColumn(canvas: PageCanvas, column: ColumnBox, slugs: readonly Slug[]): void {
  const spare = Math.max(0, column.bottom - column.top - height(slugs));
  const gaps = slugs.filter((slug) => slug.gap).length;
  const perGap = gaps === 0 ? 0 : Math.min(MOST_GROWTH, spare / gaps);
  const perSlug = slugs.length < 2 ? 0 : Math.min(1.2, (spare - perGap * gaps) / (slugs.length - 1));
  let y = column.top;
  for (const slug of slugs) {
    const grown = slug.height + (slug.gap ? perGap : 0);
    // a dash looks centred when it is a little high: the line above it has room below its letters
    slug.draw?.(canvas, column.x, slug.gap ? y + grown / 2 - 0.9 : y);
    y += grown + perSlug;
  }
}
