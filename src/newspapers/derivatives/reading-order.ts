/**
 * The order in which a page of columns is read. Poppler gives it well where gutters are wide; where they are narrow, as
 * in most newspapers before 1950, it reads across them (measured, README). So the words are laid out anew: the page is
 * cut along its gutters and between its stories, and again the parts, until nothing is left to cut.
 */
import { beside, blockedGutter, emOf, guttersOf } from './columns.js';
import { linesOf, paragraphsOf } from './text-lines.js';
import type { Box, Word } from './page-text.js';

/** White of this height (in ems, between the middles of letters) through the whole width parts one story from the next. */
const STORY_GAP = 1.25;
/** Fewer lines do not show their columns. */
const TELLING_LINES = 6;
const MOST_DEPTH = 40;

/** The words of upright text in reading order, as blocks of lines. */
export function inReadingOrder<W extends Word>(words: readonly W[]): W[][][] {
  return words.length === 0 ? [] : parts(words, 0).flatMap((part) => paragraphsOf(linesOf(part)));
}

/** Cuts until nothing is left to cut. */
function parts<W extends Box>(words: readonly W[], depth: number): W[][] {
  const pieces = depth < MOST_DEPTH ? cut(words) : [[...words]];
  if (pieces.length <= 1) return [[...words]];
  return pieces.flatMap((piece) => parts(piece, depth + 1));
}

function cut<W extends Box>(words: readonly W[]): W[][] {
  const gutters = guttersOf(words);
  const stories = rowsOf(words, STORY_GAP * emOf(words)); // white runs from the left to the right between them
  const columnsGoThrough = stories.every((story) => columnCount(story) <= gutters.length);
  if (gutters.length > 0 && columnsGoThrough) {
    const pieces = Array.from({ length: gutters.length + 1 }, (): W[] => []);
    for (const word of words) pieces[gutters.filter((gutter) => beside(gutter, middle(word)) >= 0).length]?.push(word);
    return pieces.filter((piece) => piece.length > 0);
  }
  const joined = joinedColumns(stories);
  return joined.length > 1 ? joined : aroundBlocks(words);
}

/** How many gutters a story has, when it has lines enough to tell. */
function columnCount(words: readonly Box[]): number {
  const height = Math.max(...words.map(({ yMax }) => yMax)) - Math.min(...words.map(({ yMin }) => yMin));
  return height < TELLING_LINES * emOf(words) ? 0 : guttersOf(words).length;
}

/** Stories whose columns go on below the white between them are one: it was an accident. */
function joinedColumns<W extends Box>(stories: readonly W[][]): W[][] {
  const joined: W[][] = [];
  for (const story of stories) {
    const above = joined.at(-1);
    const counts = above && [columnCount(above), columnCount(story)];
    const together = above && [...above, ...story];
    if (together && counts?.every((count) => count > 0) && columnCount(together) >= Math.max(...counts))
      joined[joined.length - 1] = together;
    else joined.push(story);
  }
  return joined;
}

/** Cuts above and below of what stands across a gutter, when that lays bare columns. */
function aroundBlocks<W extends Box>(words: readonly W[]): W[][] {
  const gutter = blockedGutter(words);
  if (!gutter) return [[...words]];
  const pieces: { blocks: boolean; words: W[] }[] = [];
  for (const row of rowsOf(words, 0)) {
    const blocks = row.some((word) => {
      const { y } = middle(word);
      return beside(gutter, { x: word.xMin, y }) < 0 && beside(gutter, { x: word.xMax, y }) > 0;
    });
    const last = pieces.at(-1);
    if (last?.blocks === blocks) last.words.push(...row);
    else pieces.push({ blocks, words: row });
  }
  const found = pieces.some((piece) => !piece.blocks && columnCount(piece.words) > 0);
  return found ? pieces.map((piece) => piece.words) : [[...words]];
}

/** Groups with more than so much white between the middles of their letters, from top to bottom. */
function rowsOf<W extends Box>(words: readonly W[], gap: number): W[][] {
  const rows: W[][] = [];
  let bottom = -Infinity;
  for (const { word, top, low } of words.map(core).sort((a, b) => a.top - b.top)) {
    const last = rows.at(-1);
    if (last && top - bottom <= gap) last.push(word);
    else rows.push([word]);
    bottom = Math.max(bottom, low);
  }
  return rows;
}

/** The boxes of many fonts reach into the next line; the middle of the letters does not. */
function core<W extends Box>(word: W) {
  const middle = (word.yMin + word.yMax) / 2;
  const reach = 0.3 * (word.yMax - word.yMin);
  return { word, top: middle - reach, low: middle + reach };
}

function middle({ xMin, yMin, xMax, yMax }: Box): { x: number; y: number } {
  return { x: (xMin + xMax) / 2, y: (yMin + yMax) / 2 };
}
