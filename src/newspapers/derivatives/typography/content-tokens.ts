/** Reads the operators of a PDF content stream (ISO 32000-1, 7.8): just what is needed to know what is shown where. */

/** A string's bytes, a number, a name with its slash, a list; null for what is of no use here (dictionaries, booleans). */
export type Operand = Uint8Array | number | string | null | Operand[];

const SPACE = 32;
const PERCENT = 37;
const LEFT = 40;
const RIGHT = 41;
const SLASH = 47;
const LESS = 60;
const GREATER = 62;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
/** 1: white space, 2: a delimiter. */
const KIND = new Uint8Array(256);
for (const white of [0, 9, 10, 12, 13, SPACE]) KIND[white] = 1;
for (const character of '()<>[]{}/%') KIND[character.charCodeAt(0)] = 2;
const ESCAPED: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, f: 12 };
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)/;
const MOST_OPERANDS = 1000;

/**
 * Calls back for every operator with its operands. Broken pieces are passed over, as viewers do; inline images are
 * skipped.
 */
export function readContent(bytes: Uint8Array, onOperator: (operator: string, operands: Operand[]) => void): void {
  const reader = new Reader(bytes);
  let operands: Operand[] = [];
  for (;;) {
    const token = reader.next();
    if (token === undefined) return;
    if (typeof token !== 'object' || token === null || !('operator' in token)) {
      if (operands.length < MOST_OPERANDS) operands.push(token);
      continue;
    }
    if (token.operator === 'ID') reader.skipImage();
    else onOperator(token.operator, operands);
    operands = [];
  }
}

interface Operator {
  operator: string;
}

class Reader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  /** The next operand or operator; undefined at the end. */
  next(): Operand | Operator | undefined {
    for (;;) {
      const byte = this.skipWhite();
      if (byte === undefined) return undefined;
      if (byte === SLASH) {
        this.at++;
        return `/${this.word()}`;
      }
      if (byte === LEFT) return this.string();
      if (byte === OPEN) return this.list();
      if (byte === LESS && this.bytes[this.at + 1] === LESS) return this.dictionary();
      if (byte === LESS) return this.hexadecimal();
      if (KIND[byte] === 2)
        this.at++; // a stray closing bracket
      else return this.numberOrOperator();
    }
  }

  /** To the EI that ends an inline image: between white space, followed by something that reads as text. */
  skipImage(): void {
    const { bytes } = this;
    for (let at = this.at; at < bytes.length - 1; at++) {
      if (bytes[at] !== 69 || bytes[at + 1] !== 73) continue; // EI
      const before = KIND[bytes[at - 1] ?? 0];
      const after = bytes.subarray(at + 2, at + 7);
      if (before !== 1 || !after.every((byte) => byte < 127 && (byte >= 32 || KIND[byte] === 1))) continue;
      this.at = at + 2;
      return;
    }
    this.at = bytes.length;
  }

  private skipWhite(): number | undefined {
    for (; this.at < this.bytes.length; this.at++) {
      const byte = this.bytes[this.at] ?? 0;
      if (byte === PERCENT)
        while (this.at < this.bytes.length && this.bytes[this.at] !== 10 && this.bytes[this.at] !== 13) this.at++;
      else if (KIND[byte] !== 1) return byte;
    }
    return undefined;
  }

  private word(): string {
    const from = this.at;
    while (this.at < this.bytes.length && KIND[this.bytes[this.at] ?? 0] === 0) this.at++;
    let word = '';
    for (let at = from; at < this.at; at++) word += String.fromCharCode(this.bytes[at] ?? 0);
    return word.includes('#')
      ? word.replaceAll(/#([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      : word;
  }

  private numberOrOperator(): Operand | Operator {
    const word = this.word();
    const [digits] = NUMBER.exec(word) ?? [];
    if (digits !== undefined) return Number(digits);
    return word === 'true' || word === 'false' || word === 'null' ? null : { operator: word };
  }

  private string(): Uint8Array {
    const text: number[] = [];
    let depth = 1;
    for (this.at++; this.at < this.bytes.length; this.at++) {
      const byte = this.bytes[this.at] ?? 0;
      if (byte === BACKSLASH) this.escape(text);
      else {
        if (byte === LEFT) depth++;
        if (byte === RIGHT && --depth === 0) break;
        text.push(byte);
      }
    }
    this.at++;
    return Uint8Array.from(text);
  }

  private escape(text: number[]): void {
    const next = this.bytes[++this.at] ?? 0;
    if (next >= 48 && next <= 55) {
      let code = 0;
      let digits = 0;
      for (; digits < 3; digits++, this.at++) {
        const digit = this.bytes[this.at] ?? 0;
        if (digit < 48 || digit > 55) break;
        code = code * 8 + digit - 48;
      }
      this.at--;
      text.push(code & 0xff);
    } else if (next === 13) {
      if (this.bytes[this.at + 1] === 10) this.at++; // a broken line
    } else if (next !== 10) text.push(ESCAPED[String.fromCharCode(next)] ?? next);
  }

  private hexadecimal(): Uint8Array {
    const digits: number[] = [];
    for (this.at++; this.at < this.bytes.length; this.at++) {
      const byte = this.bytes[this.at] ?? 0;
      if (byte === GREATER) break;
      const digit = Number.parseInt(String.fromCharCode(byte), 16);
      if (!Number.isNaN(digit)) digits.push(digit);
    }
    this.at++;
    if (digits.length % 2 === 1) digits.push(0);
    return Uint8Array.from(
      { length: digits.length / 2 },
      (_, at) => (digits[2 * at] ?? 0) * 16 + (digits[2 * at + 1] ?? 0),
    );
  }

  private list(): Operand[] {
    const items: Operand[] = [];
    for (this.at++; ;) {
      const byte = this.skipWhite();
      if (byte === undefined) return items;
      if (byte === CLOSE) {
        this.at++;
        return items;
      }
      const item = this.next();
      if (item === undefined) return items;
      if (item === null || typeof item !== 'object' || !('operator' in item)) items.push(item);
    }
  }

  private dictionary(): null {
    this.at += 2;
    for (;;) {
      const byte = this.skipWhite();
      if (byte === undefined) return null;
      if (byte === GREATER) {
        this.at += 2;
        return null;
      }
      this.next();
    }
  }
}
