/** Tells the style of every word that poppler found, by what the page shows at its place. */
import type { Box } from '../page-text.js';
import type { ShownText } from './shown-text.js';

/** Of a word, as a reader sees it. */
export interface TextStyle {
  /** In points, to a tenth. */
  size: number;
  family: string | undefined;
  bold: boolean;
  italic: boolean;
  serif: boolean | undefined;
  fixed: boolean;
}

/** Where a word's letters go: to the right, down, to the left (it stands on its head), up; or askew. */
export type Direction = 'right' | 'down' | 'left' | 'up' | 'askew';

export interface Shown {
  style: TextStyle;
  direction: Direction;
}

/** Points per row of the index. */
const ROW = 16;
/** Poppler takes text apart that leans by more than some degrees. A scan that lies askew leans by one. */
const MOST_LEAN = (4 * Math.PI) / 180;
/** The share of what is shown that makes it a whole word: recognised text is shown word by word, some of it at odd angles. */
const WHOLE = 0.7;
const DIRECTIONS = ['right', 'down', 'left', 'up'] as const;

/**
 * A lookup of what is shown in a box: the text whose base line goes furthest through it. Undefined where nothing is.
 */
export function styleFinder(texts: readonly ShownText[]): (box: Box) => Shown | undefined {
  const rows = new Map<number, ShownText[]>();
  for (const text of texts) {
    const [top, bottom] = [Math.min(text.from.y, text.to.y), Math.max(text.from.y, text.to.y)];
    if (!Number.isFinite(top) || !Number.isFinite(bottom) || bottom - top > 1e5) continue;
    for (let row = Math.floor(top / ROW); row <= Math.floor(bottom / ROW); row++) {
      const there = rows.get(row);
      if (there) there.push(text);
      else rows.set(row, [text]);
    }
  }
  const described = new Map<ShownText, Shown>();
  return (box) => {
    let longest = 0;
    let found: ShownText | undefined;
    for (let row = Math.floor(box.yMin / ROW); row <= Math.floor(box.yMax / ROW); row++)
      for (const text of rows.get(row) ?? []) {
        const length = lengthWithin(text, box);
        if (length > longest) [longest, found] = [length, text];
      }
    if (!found) return undefined;
    const known = described.get(found) ?? describe(found);
    described.set(found, known);
    const whole = longest >= WHOLE * Math.hypot(found.to.x - found.from.x, found.to.y - found.from.y);
    return known.direction === 'askew' && whole ? { ...known, direction: 'right' } : known;
  };
}

/** How much of the base line lies in the box. */
function lengthWithin({ from, to }: ShownText, box: Box): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  let [first, last] = [0, 1];
  for (const [start, step, least, most] of [
    [from.x, dx, box.xMin, box.xMax],
    [from.y, dy, box.yMin, box.yMax],
  ] as const) {
    if (step === 0) {
      if (start < least || start > most) return 0;
      continue;
    }
    const [one, other] = [(least - start) / step, (most - start) / step];
    first = Math.max(first, Math.min(one, other));
    last = Math.min(last, Math.max(one, other));
  }
  return last > first ? (last - first) * Math.hypot(dx, dy) : 0;
}

function describe({ from, to, size, typeface, invisible }: ShownText): Shown {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const quarter = Math.round(angle / (Math.PI / 2));
  const askew = Math.abs(angle - (quarter * Math.PI) / 2) > MOST_LEAN;
  const direction = askew ? 'askew' : (DIRECTIONS[(quarter + 4) % 4] ?? 'right');
  const { family, bold, italic, serif, fixed } = typeface;
  const points = Math.round(size * 10) / 10;
  // of recognised text under a picture only the size means something: the font is none that was printed
  const style = invisible
    ? { size: points, family: undefined, bold: false, italic: false, serif: undefined, fixed: false }
    : { size: points, family, bold, italic, serif, fixed };
  return { style, direction };
}
