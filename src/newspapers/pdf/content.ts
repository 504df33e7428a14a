/** Finds in a page's content what paints pictures: the coordinate system and what is painted in it (ISO 32000-1, 7.8.2). */
import {
  endsWord,
  isSpace,
  Name,
  NeedMore,
  NotPlain,
  ObjectLexer,
  Word,
  type Dictionary,
  type Value,
} from './objects.js';

/** a b c d of a coordinate system; where its origin lies does not matter to a resolution. */
export type Matrix = readonly [number, number, number, number];

export interface Painter {
  /** Do: paints the XObject of that name. */
  paint(name: string, matrix: Matrix): void;
  /** A picture within the content itself. */
  inline(picture: Dictionary, matrix: Matrix): void;
}

const MOST_SAVED = 10_000;

const OPERANDS_KEPT = 6;
const [PERCENT, SLASH, OPEN, LESS, MORE] = [0x25, 0x2f, 0x28, 0x3c, 0x3e];
const [UPPER_B, UPPER_D, UPPER_I, UPPER_Q, LOWER_C, LOWER_M, LOWER_O, LOWER_Q] = [
  0x42, 0x44, 0x49, 0x51, 0x63, 0x6d, 0x6f, 0x71,
];

/** Tells the painter what the content paints. Everything else in it, above all text, is passed over quickly. */
export function readContent(content: Buffer, start: Matrix, painter: Painter): void {
  const lexer = new ObjectLexer(content, 0, true);
  const saved: Matrix[] = [];
  let matrix = start;
  /** Where the last words that are no operators begin. */
  let operands: number[] = [];
  const numbers = () => operands.slice(-OPERANDS_KEPT).map((at) => valueAt(content, at));
  while (lexer.at < content.length) {
    const at = lexer.at;
    const byte = content[at] ?? 0;
    if (isSpace(byte)) lexer.at++;
    else if (byte === OPEN || byte === PERCENT || (byte === LESS && content[at + 1] !== LESS)) passOver(lexer);
    else if (byte === SLASH || isNumeric(byte)) {
      operands.push(at);
      lexer.at = endOfWord(content, at + 1);
    } else if (endsWord(byte))
      lexer.at++; // brackets: what is in them is passed over like everything
    else {
      const end = (lexer.at = endOfWord(content, at));
      const next = content[at + 1];
      if (end - at === 1) {
        if (byte === LOWER_Q && saved.length < MOST_SAVED) saved.push(matrix);
        else if (byte === UPPER_Q) matrix = saved.pop() ?? matrix;
      } else if (end - at === 2) {
        if (byte === LOWER_C && next === LOWER_M) matrix = multiplied(matrixOf(numbers()), matrix);
        else if (byte === UPPER_D && next === LOWER_O) {
          const name = operands.length > 0 ? valueAt(content, operands.at(-1) ?? 0) : undefined;
          if (name instanceof Name) painter.paint(name.text, matrix);
        } else if (byte === UPPER_B && next === UPPER_I) painter.inline(inlinePicture(lexer), matrix);
      }
      if (operands.length > 0) operands = [];
    }
  }
}

/** Whether it is worth reading: text has neither. */
export const mayPaint = (content: Buffer): boolean => content.includes('Do') || content.includes('BI');

/** 0 to 9, and what else a number may begin with. */
const isNumeric = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2e || byte === 0x2b;

function endOfWord(content: Buffer, from: number): number {
  let at = from;
  while (at < content.length && !endsWord(content[at] ?? 0)) at++;
  return at;
}

function valueAt(content: Buffer, at: number): Value {
  const value = new ObjectLexer(content, at, true).value();
  return value instanceof Word ? null : value;
}

/** Strings and comments. What does not end goes on to the end. */
function passOver(lexer: ObjectLexer): void {
  if (lexer.bytes[lexer.at] === LESS) {
    const end = lexer.bytes.indexOf(MORE, lexer.at);
    lexer.at = end < 0 ? lexer.bytes.length : end + 1;
  } else if (lexer.bytes[lexer.at] === OPEN) {
    if (next(lexer) === undefined) lexer.at = lexer.bytes.length;
  } else {
    while (lexer.at < lexer.bytes.length && lexer.bytes[lexer.at] !== 10 && lexer.bytes[lexer.at] !== 13) lexer.at++;
  }
}

/** The value that comes next; undefined at the end. What is broken there is passed over, as viewers do. */
function next(lexer: ObjectLexer): Value | Word | undefined {
  for (;;) {
    const before = lexer.at;
    try {
      return lexer.value();
    } catch (error) {
      if (error instanceof NeedMore) return undefined;
      if (!(error instanceof NotPlain)) throw error;
      lexer.at = Math.max(lexer.at, before + 1);
    }
  }
}

/** A matrix before another one: points go through `inner` first. */
export function multiplied(inner: Matrix, outer: Matrix): Matrix {
  const [a, b, c, d] = inner;
  const [e, f, g, h] = outer;
  return [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
}

/** Of "a b c d e f"; the identity where numbers are missing. */
export function matrixOf(values: readonly Value[] | undefined): Matrix {
  const [a, b, c, d] = (values ?? []).map((value) => (typeof value === 'number' ? value : 0));
  return a === undefined || b === undefined || c === undefined || d === undefined ? [1, 0, 0, 1] : [a, b, c, d];
}

const LONG_NAMES: Record<string, string> = { W: 'Width', H: 'Height' };

/** Reads a picture's dictionary behind BI and passes over its bytes. */
function inlinePicture(lexer: ObjectLexer): Dictionary {
  const picture: Dictionary = new Map();
  for (;;) {
    const key = next(lexer);
    if (key === undefined || (key instanceof Word && key.text === 'ID')) break;
    if (!(key instanceof Name)) continue;
    const value = next(lexer);
    if (value === undefined || value instanceof Word) break;
    picture.set(LONG_NAMES[key.text] ?? key.text, value);
  }
  lexer.at = endOfPicture(lexer.bytes, lexer.at + 1);
  return picture;
}

/** Behind the first EI that stands alone and is followed by text: the picture's own bytes may hold an EI too. */
function endOfPicture(content: Buffer, from: number): number {
  for (let at = content.indexOf('EI', from); at >= 0; at = content.indexOf('EI', at + 1)) {
    const [before, after] = [content[at - 1], content[at + 2]];
    if (before === undefined || !isSpace(before) || (after !== undefined && !endsWord(after))) continue;
    const following = content.subarray(at + 2, at + 16);
    if (following.every((byte) => isSpace(byte) || (byte >= 32 && byte < 127))) return at + 2;
  }
  return content.length;
}
