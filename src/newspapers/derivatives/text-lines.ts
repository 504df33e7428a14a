/** Lines and paragraphs of a piece of one column. */
import { median } from './columns.js';
import type { Box } from './page-text.js';

/** White of this height between two lines, in heights of them, begins another block; and so does print so much larger. */
const BLOCK_GAP = 0.8;
const BLOCK_SIZE = 1.4;

/** Groups words into lines, from top to bottom, each from left to right. */
export function linesOf<W extends Box>(words: readonly W[]): W[][] {
  const lines: { words: W[]; top: number; bottom: number }[] = [];
  for (const word of [...words].sort((a, b) => a.yMin + a.yMax - b.yMin - b.yMax)) {
    const middle = (word.yMin + word.yMax) / 2;
    // a speck goes with the line it lies in; a taller word is not drawn into a small one
    const line = lines.findLast(({ top, bottom }) => middle > top && middle < bottom && (top + bottom) / 2 > word.yMin);
    if (!line) lines.push({ words: [word], top: word.yMin, bottom: word.yMax });
    else line.words.push(word);
  }
  return lines.map(({ words: line }) => line.sort((a, b) => a.xMin - b.xMin));
}

/** Groups lines into blocks: white, or print of another size, parts them. */
export function paragraphsOf<W extends Box>(lines: readonly W[][]): W[][][] {
  const blocks: W[][][] = [];
  let above: { bottom: number; height: number } | undefined;
  for (const line of lines) {
    const height = median(line.map(({ yMin, yMax }) => yMax - yMin));
    const top = median(line.map(({ yMin }) => yMin));
    const near =
      above !== undefined &&
      top - above.bottom < BLOCK_GAP * Math.min(height, above.height) &&
      Math.max(height, above.height) < BLOCK_SIZE * Math.min(height, above.height);
    if (near) blocks.at(-1)?.push(line);
    else blocks.push([line]);
    above = { bottom: median(line.map(({ yMax }) => yMax)), height };
  }
  return blocks;
}
