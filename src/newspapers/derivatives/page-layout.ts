/** From the words that poppler found to blocks as a reader goes through them. */
import type { Block, Box, Word } from './page-text.js';
import { inReadingOrder } from './reading-order.js';
import type { Direction, Shown, TextStyle } from './typography/word-styles.js';

/** A word in its place, with its style where that is known. */
export interface SetWord extends Word {
  style?: TextStyle;
}

export interface PageLayout {
  blocks: SetWord[][][];
  /** Words printed twice at one place, to look bold or shadowed: the second ones. */
  repeated: number;
  /** Words at an angle: poppler takes them apart letter by letter, and their boxes hold no words. They are left out. */
  askew: number;
}

/** A second print is so near to the first, in heights of the word. */
const NEAR = 0.3;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}]/u;

/**
 * Lays out a page: words printed twice become one, upright text comes in reading order, then text that stands on its
 * side or head, each in its own reading order.
 *
 * @param shownAt what the page shows in a box; without it all text counts as upright, and no style is told
 */
export function layOut(
  blocks: readonly Block[],
  shownAt: (box: Box) => Shown | undefined = () => undefined,
): PageLayout {
  const ways = new Map<Exclude<Direction, 'askew'>, SetWord[]>();
  const words = blocks.flat(2);
  const once = withoutRepeats(words);
  let askew = 0;
  for (const word of once) {
    const shown = shownAt(word);
    if (shown?.direction === 'askew') {
      askew++;
      continue;
    }
    const way = shown?.direction ?? 'right';
    const set = shown && shown.style.size > 0 ? { ...word, style: shown.style } : word;
    const same = ways.get(way);
    if (same) same.push(set);
    else ways.set(way, [set]);
  }
  const ordered = [...ways].sort(([, a], [, b]) => b.length - a.length);
  return {
    blocks: ordered.flatMap(([way, those]) => inOrder(those, way)),
    repeated: words.length - once.length,
    askew,
  };
}

function inOrder(words: readonly SetWord[], way: Exclude<Direction, 'askew'>): SetWord[][][] {
  const mirrored = words.filter(({ text }) => RIGHT_TO_LEFT.test(text)).length * 2 > words.length;
  const turned = words.map((word) => {
    const box = upright(word, way);
    return mirrored
      ? { ...box, xMin: -box.xMax, xMax: -box.xMin, text: word.text, word }
      : { ...box, text: word.text, word };
  });
  return inReadingOrder(turned).map((lines) => lines.map((line) => line.map(({ word }) => word)));
}

/** The box as it lies when the text goes from left to right. */
function upright({ xMin, yMin, xMax, yMax }: Box, way: Exclude<Direction, 'askew'>): Box {
  switch (way) {
    case 'right':
      return { xMin, yMin, xMax, yMax };
    case 'left':
      return { xMin: -xMax, yMin: -yMax, xMax: -xMin, yMax: -yMin };
    case 'up':
      return { xMin: -yMax, yMin: xMin, xMax: -yMin, yMax: xMax };
    case 'down':
      return { xMin: yMin, yMin: -xMax, xMax: yMax, yMax: -xMin };
  }
}

/** Poppler finds most repeats itself, but not a shadow that is further off than a tenth of the size. */
function withoutRepeats(words: readonly Word[]): Word[] {
  const kept = new Map<string, Word[]>();
  return words.filter((word) => {
    const near = NEAR * Math.min(word.yMax - word.yMin, word.xMax - word.xMin);
    const same = kept.get(word.text) ?? [];
    if (same.some((other) => Math.abs(other.xMin - word.xMin) < near && Math.abs(other.yMin - word.yMin) < near))
      return false;
    same.push(word);
    kept.set(word.text, same);
    return true;
  });
}
