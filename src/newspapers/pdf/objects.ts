/** The values a PDF is made of (ISO 32000-1, 7.3), and how they are read from its bytes. */

/** A name such as /Type, without its slash. */
export class Name {
  constructor(readonly text: string) {}
}

/** "12 0 R" */
export class Ref {
  constructor(readonly number: number) {}
}

export type Dictionary = Map<string, Value>;

/** Strings are kept as their bytes; a stream is a dictionary until its bytes are asked for. */
export type Value = number | boolean | null | Name | Ref | Buffer | Value[] | Dictionary | Stream;

/** Where a stream's bytes begin in the file. */
export class Stream {
  constructor(
    readonly dictionary: Dictionary,
    readonly offset: number,
  ) {}
}

/** The PDF is not as plain as the reader wants it: broken, encrypted or of an unusual make. qpdf may make it plain. */
export class NotPlain extends Error {
  override name = 'NotPlain';
}

/** The PDF holds more than any newspaper: no other way of reading it would help. */
export class TooMuch extends NotPlain {
  override name = 'TooMuch';
}

/** The bytes at hand end in the middle of a value: read more, or, when there are no more, it is broken. */
export class NeedMore extends NotPlain {
  constructor() {
    super('it ends in the middle of a value');
  }
}

const MOST_NESTED = 100;

const SPACE = 1;
const DELIMITER = 2;
/** What each byte is: white space, a delimiter, or (0) part of a word. */
const KIND = new Uint8Array(256);
for (const byte of [0, 9, 10, 12, 13, 32]) KIND[byte] = SPACE;
for (const sign of '()<>[]{}/%') KIND[sign.charCodeAt(0)] = DELIMITER;

/** @returns whether the byte ends a word */
export const endsWord = (byte: number): boolean => KIND[byte] !== 0;
export const isSpace = (byte: number): boolean => KIND[byte] === SPACE;

const [PERCENT, SLASH, BACKSLASH, LINE_FEED, CARRIAGE_RETURN] = [0x25, 0x2f, 0x5c, 0x0a, 0x0d];
const [OPEN, CLOSE, LESS, MORE, SQUARE, UNSQUARE] = [0x28, 0x29, 0x3c, 0x3e, 0x5b, 0x5d];

/** Reads values one after the other. What is no value (`obj`, `stream`, `R`, an operator) comes as a {@link Word}. */
export class ObjectLexer {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
    /** Nothing follows the bytes: a word may end with them. */
    readonly whole = false,
  ) {}

  /** @throws {NeedMore} when the bytes end before the value does */
  value(depth = 0): Value | Word {
    if (depth > MOST_NESTED) throw new NotPlain('values are nested too deeply');
    const byte = this.peek();
    if (byte === SLASH) return this.name();
    if (byte === OPEN) return this.literalString();
    if (byte === SQUARE) return this.array(depth);
    if (byte === LESS) return this.bytes[this.at + 1] === LESS ? this.dictionary(depth) : this.hexString();
    return this.word();
  }

  /** Skips white space and comments. @returns the byte that comes next */
  peek(): number {
    const { bytes } = this;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at] ?? 0;
      if (byte === PERCENT) {
        while (this.at < bytes.length && bytes[this.at] !== LINE_FEED && bytes[this.at] !== CARRIAGE_RETURN) this.at++;
        this.at--; // the end of the line is white space
      } else if (KIND[byte] !== SPACE) return byte;
    }
    throw new NeedMore();
  }

  private name(): Name {
    const start = ++this.at;
    while (this.at < this.bytes.length && KIND[this.bytes[this.at] ?? 0] === 0) this.at++;
    if (this.at === this.bytes.length && !this.whole) throw new NeedMore();
    const text = this.bytes.toString('latin1', start, this.at);
    return new Name(text.replace(/#([\da-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))));
  }

  private word(): number | boolean | null | Word {
    const start = this.at;
    while (this.at < this.bytes.length && KIND[this.bytes[this.at] ?? 0] === 0) this.at++;
    if (this.at === this.bytes.length && !this.whole) throw new NeedMore();
    if (this.at === start) this.at++; // a stray delimiter
    const text = this.bytes.toString('latin1', start, this.at);
    if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return Number(text);
    if (text === 'true' || text === 'false') return text === 'true';
    return text === 'null' ? null : new Word(text);
  }

  private literalString(): Buffer {
    const start = ++this.at;
    let open = 1;
    for (; this.at < this.bytes.length; this.at++) {
      const byte = this.bytes[this.at];
      if (byte === BACKSLASH) this.at++;
      else if (byte === OPEN) open++;
      else if (byte === CLOSE && --open === 0) return this.bytes.subarray(start, this.at++); // escapes stay: nobody reads them
    }
    throw new NeedMore();
  }

  private hexString(): Buffer {
    const end = this.bytes.indexOf(MORE, this.at);
    if (end < 0) throw new NeedMore();
    const hex = this.bytes.toString('latin1', this.at + 1, end).replace(/\s/g, '');
    this.at = end + 1;
    return Buffer.from(hex, 'hex');
  }

  private array(depth: number): Value[] {
    this.at++;
    const items: Value[] = [];
    while (this.peek() !== UNSQUARE) push(items, this.value(depth + 1));
    this.at++;
    return items;
  }

  private dictionary(depth: number): Dictionary {
    this.at += 2;
    const items: Value[] = [];
    while (this.peek() !== MORE) push(items, this.value(depth + 1));
    this.at += 2;
    if (this.at > this.bytes.length) throw new NeedMore();
    const found: Dictionary = new Map();
    for (let at = 0; at + 1 < items.length; at += 2) {
      const key = items[at];
      if (!(key instanceof Name)) throw new NotPlain('a dictionary has a key that is no name');
      found.set(key.text, items[at + 1] ?? null);
    }
    return found;
  }
}

/** Something between the values: an operator or a keyword. */
export class Word {
  constructor(readonly text: string) {}
}

/** "12 0 R" comes as two numbers and a word. */
function push(items: Value[], value: Value | Word): void {
  if (!(value instanceof Word)) items.push(value);
  else if (value.text === 'R') {
    const [number, generation] = items.splice(-2);
    if (typeof number !== 'number' || typeof generation !== 'number') throw new NotPlain('a stray R');
    items.push(new Ref(number));
  } else throw new NotPlain(`"${value.text.slice(0, 20)}" where a value should be`);
}
