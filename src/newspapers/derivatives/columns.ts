/** Finds the white between columns, where poppler sees one long line when the gutter is narrow. */
import type { Box } from './page-text.js';

/** A line from the top of a part of a page to its bottom. Pages are scanned askew: it may lean. */
export interface Gutter {
  /** Where it stands at the height `y`. */
  x: number;
  y: number;
  /** How far it goes to the right for each step down. */
  lean: number;
}

/** Bins per em. */
const FINENESS = 10;
/** A page of specks has no columns. */
const MOST_BINS = 100_000;
/** Larger print than that is a headline: no gutter runs through it, though it may run between two of its words. */
const HEADLINE = 1.3;
/** Words of a headline have no more white between them than this share of their height. */
const HEADLINE_SPACE = 0.6;
/** The share of lines that may reach into a gutter: words whose boxes are too wide, a rule that was taken for a letter. */
const TOUCHING = 0.08;
/** The share of lines that may go right across it, by more than the edge of a word. */
const CROSSING = 0.02;
/** Ems of a word that are its edge. */
const EDGE = 0.5;
/** The least width of a gutter in ems, by how many lines stand beside it: chance leaves no white through many. */
const WIDTHS: [lines: number, ems: number][] = [
  [10, 0.19],
  [6, 0.4],
  [3, 1.5],
  [1, 3],
];
/** A column has print there on more than this share of its lines: what has less may be a gutter with something across it. */
const BLOCKED = 0.3;
/** A scan lies askew by two hundredths (1.1 degrees) at most; what leans more was not straightened by anybody. */
const MOST_LEAN = 0.02;
const LEAN_STEP = 0.0015;

/** What the print is measured by: half of the words are higher than that, half are lower. */
export function emOf(words: readonly Box[]): number {
  return median(words.map(({ yMin, yMax }) => yMax - yMin)) || 1;
}

/** Where a word stands with regard to a gutter: negative left of it. */
export function beside({ x, y, lean }: Gutter, place: { x: number; y: number }): number {
  return place.x - x - lean * (place.y - y);
}

const known = new WeakMap<readonly Box[], Gutter[]>();

/** White from top to bottom through all the words, from left to right: at the lean that shows most of it. */
export function guttersOf(words: readonly Box[]): Gutter[] {
  const gutters = known.get(words) ?? findGutters(new Print(words));
  known.set(words, gutters);
  return gutters;
}

function findGutters(print: Print): Gutter[] {
  let best: { gutters: Gutter[]; white: number } = { gutters: [], white: 0 };
  for (const lean of print.leans()) {
    const coverage = print.coverage(lean);
    const { lines, cores, headlines, most } = coverage;
    const [touching, crossing] = [Math.floor(most * TOUCHING), Math.floor(most * CROSSING)];
    const [, ems = Infinity] = WIDTHS.find(([least]) => most >= least) ?? [];
    const isWhite = (index: number) =>
      (lines[index] ?? 0) <= touching && (cores[index] ?? 0) <= crossing && headlines[index] === 0;
    const wide = whites(coverage, isWhite).filter(({ from, to }) => to - from >= ems * print.em);
    const white = wide.reduce((sum, { from, to }) => sum + to - from, 0);
    if (white > best.white)
      best = { white, gutters: wide.map(({ from, to }) => ({ x: (from + to) / 2, y: print.y, lean })) };
  }
  return best.gutters;
}

/** Where a gutter would be but for some lines across it: the place with the fewest. */
export function blockedGutter(words: readonly Box[]): Gutter | undefined {
  const print = new Print(words);
  let best: (Gutter & { blocks: number }) | undefined;
  for (const lean of print.leans()) {
    const coverage = print.coverage(lean);
    const { lines, most } = coverage;
    if (most < 3) continue;
    for (const { from, to } of whites(coverage, (index) => (lines[index] ?? 0) <= most * BLOCKED)) {
      const place = fewest(coverage, from, to);
      if (!best || place.blocks < best.blocks) best = { ...place, y: print.y, lean };
    }
  }
  return best;
}

/** The place with the least print; of several the one in the middle. */
function fewest({ left, bin, lines }: Coverage, from: number, to: number): { x: number; blocks: number } {
  const index = (x: number) => Math.round((x - left) / bin);
  const middle = index((from + to) / 2);
  let at = middle;
  for (let each = index(from); each < index(to); each++) {
    const fewer = (lines[each] ?? 0) - (lines[at] ?? 0);
    if (fewer < 0 || (fewer === 0 && Math.abs(each - middle) < Math.abs(at - middle))) at = each;
  }
  return { x: left + (at + 0.5) * bin, blocks: lines[at] ?? 0 };
}

interface Coverage {
  left: number;
  bin: number;
  /** How many words stand at each place from left to right. */
  lines: Int32Array;
  /** The same without the edges of words. */
  cores: Int32Array;
  /** The same for headlines, with the spaces between their words. */
  headlines: Int32Array;
  most: number;
}

/** A part of a page, prepared for being looked at from several leans. */
class Print {
  readonly em: number;
  /** The height at which places are told. */
  readonly y: number;
  private readonly height: number;
  private readonly boxes: Float64Array;
  private readonly headlines: Float64Array;

  constructor(words: readonly Box[]) {
    this.em = emOf(words);
    let [top, bottom] = [Infinity, -Infinity];
    for (const { yMin, yMax } of words) {
      top = Math.min(top, yMin);
      bottom = Math.max(bottom, yMax);
    }
    this.y = (top + bottom) / 2;
    this.height = bottom - top;
    this.boxes = flat(words, this.y);
    this.headlines = flat(headlineSpans(words.filter(({ yMin, yMax }) => yMax - yMin > this.em * HEADLINE)), this.y);
  }

  /** Upright first; others where they matter: half an em from top to bottom. */
  leans(): number[] {
    const leans = [0];
    if (this.height * MOST_LEAN < this.em / 2) return leans;
    for (let lean = LEAN_STEP; lean <= MOST_LEAN; lean += LEAN_STEP) leans.push(lean, -lean);
    return leans;
  }

  coverage(lean: number): Coverage {
    const { em, boxes } = this;
    let [left, right] = [Infinity, -Infinity];
    for (let at = 0; at < boxes.length; at += 3) {
      const off = lean * (boxes[at + 2] ?? 0);
      left = Math.min(left, (boxes[at] ?? 0) - off);
      right = Math.max(right, (boxes[at + 1] ?? 0) - off);
    }
    const bin = em / FINENESS;
    const size = Math.min(MOST_BINS, Math.max(1, Math.ceil((right - left) / bin)));
    const counted = (spans: Float64Array, edge: number) => {
      const counts = new Int32Array(size + 1);
      for (let at = 0; at < spans.length; at += 3) {
        const off = lean * (spans[at + 2] ?? 0) + left;
        const from = Math.max(0, Math.floor(((spans[at] ?? 0) - off + edge) / bin));
        const to = Math.min(size, Math.ceil(((spans[at + 1] ?? 0) - off - edge) / bin));
        if (from >= to) continue;
        counts[from] = (counts[from] ?? 0) + 1;
        counts[to] = (counts[to] ?? 0) - 1;
      }
      for (let index = 1; index < size; index++) counts[index] = (counts[index] ?? 0) + (counts[index - 1] ?? 0);
      return counts.subarray(0, size);
    };
    const lines = counted(boxes, 0);
    const most = lines.reduce((highest, count) => Math.max(highest, count), 0);
    return { left, bin, lines, cores: counted(boxes, EDGE * em), headlines: counted(this.headlines, 0), most };
  }
}

/** Left, right, and how far below the middle, of each. */
function flat(boxes: readonly Box[], y: number): Float64Array {
  const numbers = new Float64Array(boxes.length * 3);
  for (const [index, { xMin, yMin, xMax, yMax }] of boxes.entries())
    numbers.set([xMin, xMax, (yMin + yMax) / 2 - y], index * 3);
  return numbers;
}

/** Words of large print beside each other are one thing. */
function headlineSpans(words: readonly Box[]): Box[] {
  const spans: Box[] = [];
  for (const word of [...words].sort((a, b) => a.xMin - b.xMin)) {
    const height = word.yMax - word.yMin;
    const before = spans.find(
      (span) =>
        word.xMin - span.xMax < HEADLINE_SPACE * height &&
        Math.min(word.yMax, span.yMax) - Math.max(word.yMin, span.yMin) > 0.5 * height &&
        Math.abs(span.yMax - span.yMin - height) < 0.4 * height,
    );
    if (before) before.xMax = Math.max(before.xMax, word.xMax);
    else spans.push({ ...word });
  }
  return spans;
}

/** Runs of places that pass, but for the margins. */
function whites({ left, bin, lines }: Coverage, isWhite: (index: number) => boolean): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let begin: number | undefined;
  for (let index = 0; index <= lines.length; index++) {
    const white = index < lines.length && isWhite(index);
    if (white) begin ??= index;
    else if (begin !== undefined) {
      if (begin > 0 && index < lines.length) found.push({ from: left + begin * bin, to: left + index * bin });
      begin = undefined;
    }
  }
  return found;
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
