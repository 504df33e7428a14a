/** One row of an INSERT as mysqldump writes it, `(1,'O\'Neill',NULL,0x4F)`, from bytes to values. */
import type { NcaValue } from '../tables.js';

const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x28;
const CLOSE = 0x29;

/** The row goes on beyond the bytes at hand. */
export const UNFINISHED = -1;

export class MalformedRow extends Error {
  override name = 'MalformedRow';
  constructor(
    readonly reason: string,
    /** Where in the bytes. */
    readonly at: number,
  ) {
    super(reason);
  }
}

/** Throws at bytes that are no UTF-8 instead of putting "?" in their place. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a letter after a backslash stands for; any other stands for itself, but `\%` and `\_` keep the backslash. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  [['0', 0], ['b', 8], ['t', 9], ['n', 10], ['r', 13], ['Z', 26]].map(([letter, byte]) => [String(letter).charCodeAt(0), Number(byte)]), // prettier-ignore
);

/**
 * Reads one row, which begins at `from` with "(".
 *
 * @param wanted for each column of the table its place in `values`, or -1 when nobody wants it
 * @param values is filled
 * @returns where the row ends, after ")"; UNFINISHED when the bytes end before
 * @throws MalformedRow
 */
export function parseRow(bytes: Buffer, from: number, wanted: readonly number[], values: NcaValue[]): number {
  const end = bytes.length;
  if (bytes[from] !== OPEN) throw new MalformedRow('a row must begin with "("', from);
  let at = from + 1;
  for (let column = 0; ; column++) {
    const place = wanted[column];
    if (place === undefined) throw new MalformedRow(`the row has more than ${wanted.length} values`, at);
    const valueEnd = endOfValue(bytes, at);
    // The byte after the value must be seen: a quote that ends the bytes may be the first of two.
    if (valueEnd === UNFINISHED || valueEnd >= end) return UNFINISHED;
    if (place >= 0) values[place] = decode(bytes, at, valueEnd);
    const next = bytes[valueEnd];
    at = valueEnd + 1;
    if (next === COMMA) continue;
    if (next !== CLOSE) throw new MalformedRow('after a value "," or ")" must come', valueEnd);
    if (column + 1 < wanted.length)
      throw new MalformedRow(`the row has ${column + 1} values, the table ${wanted.length} columns`, valueEnd);
    return at;
  }
}

/** Where a value ends: that of a string after its closing quote. */
function endOfValue(bytes: Buffer, from: number): number {
  const end = bytes.length;
  let at = from;
  // A bare word or number, or what stands before a quote: _binary 'x'.
  for (; at < end && bytes[at] !== QUOTE; at++) if (bytes[at] === COMMA || bytes[at] === CLOSE) return at;
  for (at++; at < end; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) {
      if (bytes[at + 1] !== QUOTE) return at + 1;
      at++;
    }
  }
  return UNFINISHED;
}

function decode(bytes: Buffer, from: number, to: number): NcaValue {
  if (bytes[from] === QUOTE) return decodeString(bytes, from + 1, to - 1);
  const word = bytes.toString('latin1', from, to);
  if (word === 'NULL') return null;
  if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return word;
  const hex = /^0x((?:[\dA-Fa-f]{2})*)$/.exec(word) ?? /^[xX]'((?:[\dA-Fa-f]{2})*)'$/.exec(word);
  if (hex) return text(Buffer.from(hex[1] ?? '', 'hex'), from);
  const introduced = /^_(binary|utf8|utf8mb3|utf8mb4) ?'/.exec(word);
  if (introduced) return decodeString(bytes, from + introduced[0].length, to - 1);
  throw new MalformedRow(`${JSON.stringify(word.slice(0, 40))} is no value that mysqldump writes`, from);
}

/** @param from after the opening quote @param to at the closing quote */
function decodeString(bytes: Buffer, from: number, to: number): string {
  let plain = true;
  let ascii = true;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === BACKSLASH || byte === QUOTE) plain = false;
    else if (byte > 0x7f) ascii = false;
  }
  if (plain) return ascii ? bytes.toString('latin1', from, to) : text(bytes.subarray(from, to), from);
  return text(unescaped(bytes, from, to), from);
}

function unescaped(bytes: Buffer, from: number, to: number): Buffer {
  const result = Buffer.allocUnsafe(to - from);
  let length = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    const next = bytes[at + 1] ?? 0;
    if (byte === QUOTE) at++; // two quotes are one
    if (byte !== BACKSLASH) result[length++] = byte;
    else {
      if (next === 0x25 || next === 0x5f) result[length++] = BACKSLASH; // \% and \_
      result[length++] = ESCAPES.get(next) ?? next;
      at++;
    }
  }
  return result.subarray(0, length);
}

function text(bytes: Uint8Array, at: number): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedRow('a text is not UTF-8: dump it again with --default-character-set=utf8mb4', at);
  }
}
