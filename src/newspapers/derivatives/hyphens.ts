/** Words broken over two lines (newspapers 6.3): "De-" and "velopment" are one word to those who search. */
import type { SetWord } from './page-layout.js';
import type { Box } from './page-text.js';

/** A word as ALTO writes it. */
export interface AltoWord extends SetWord {
  /** It is a part of a broken word, which is this when whole. */
  part?: { type: 'HypPart1' | 'HypPart2'; whole: string };
  /** The hyphen that was taken off its end. */
  hyphen?: string;
}

const SOFT_HYPHEN = '\u00AD';
/** Ends in a hyphen that follows a letter: no dash, no bare hyphen. */
const BROKEN = /^(.*\p{L}\p{M}*)([-\u00AD])$/u;
/** Columns of one story are as wide as each other, and in print as large. */
const SAME_WIDTH = 0.8;
const SAME_SIZE = 0.85;

/**
 * Marks the words that are broken over two lines of a block, or over the end of a block and the beginning of the next
 * where plainly the column goes on there: the hyphen comes off the first part, both parts carry the whole word.
 *
 * A soft hyphen says so itself. A plain one counts when the next line goes on with a small letter, or with a capital
 * after nothing but capitals (a headline): "New-" and "York" stay two words.
 *
 * @param blocks in reading order
 */
export function markBrokenWords(blocks: readonly (readonly (readonly SetWord[])[])[]): AltoWord[][][] {
  const marked = blocks.map((block) => block.map((line) => line.map((word): AltoWord => ({ ...word }))));
  for (const [number, block] of marked.entries())
    for (const [index, line] of block.entries()) {
      const next = block[index + 1] ?? continuation(block, marked[number + 1]);
      const first = line.at(-1);
      const second = next?.[0];
      if (!first || !second || first.part) continue; // a part already: nothing can be part of two words
      const [, start, hyphen] = BROKEN.exec(first.text) ?? [];
      if (start === undefined || hyphen === undefined || !goesOn(start, hyphen, second.text)) continue;
      const whole = start + second.text;
      Object.assign(first, { text: start, hyphen, part: { type: 'HypPart1', whole } });
      Object.assign(second, { part: { type: 'HypPart2', whole } });
    }
  return marked;
}

function goesOn(start: string, hyphen: string, next: string): boolean {
  if (hyphen === SOFT_HYPHEN) return /^\p{L}/u.test(next);
  if (/^\p{Ll}/u.test(next)) return true;
  return /^\p{Lu}/u.test(next) && /^\P{Ll}*\p{Lu}\P{Ll}*$/u.test(start) && !/\p{Ll}/u.test(next);
}

/** The line that a block's last line goes on with in the next block: below it, or at the head of a column to the right. */
function continuation(block: readonly AltoWord[][], next: AltoWord[][] | undefined): AltoWord[] | undefined {
  const [last, first] = [block.at(-1), next?.[0]];
  if (!last || !first || !next) return undefined;
  const [here, there] = [around(block.flat()), around(next.flat())];
  const widths = [here.xMax - here.xMin, there.xMax - there.xMin];
  const sizes = [sizeOf(last), sizeOf(first)];
  if (ratio(sizes) < SAME_SIZE) return undefined;
  const shared = Math.min(here.xMax, there.xMax) - Math.max(here.xMin, there.xMin);
  const below = there.yMin >= here.yMax - Math.max(...sizes) && shared > SAME_WIDTH * Math.min(...widths);
  const beside = there.xMin > here.xMax - Math.max(...sizes) && there.yMin < here.yMax && ratio(widths) > SAME_WIDTH;
  return below || beside ? first : undefined;
}

function ratio(numbers: readonly number[]): number {
  return Math.min(...numbers) / Math.max(...numbers);
}

function sizeOf(line: readonly AltoWord[]): number {
  const heights = line.map(({ style, yMin, yMax }) => style?.size ?? yMax - yMin).sort((a, b) => a - b);
  return heights[Math.floor(heights.length / 2)] ?? 0;
}

function around(words: readonly Box[]): Box {
  return {
    xMin: Math.min(...words.map((box) => box.xMin)),
    yMin: Math.min(...words.map((box) => box.yMin)),
    xMax: Math.max(...words.map((box) => box.xMax)),
    yMax: Math.max(...words.map((box) => box.yMax)),
  };
}
