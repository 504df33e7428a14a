/** Where each object of a PDF lies (ISO 32000-1, 7.5.4 to 7.5.8): tables, streams, and both in one file. */
import { NotPlain, ObjectLexer, Stream, Word, type Dictionary, type Value } from './objects.js';
import type { PlainPdf } from './plain-pdf.js';

const TAIL_BYTES = 1024;
const MOST_SECTIONS = 1000;
const ENTRY_BYTES = 20;

/** At an offset of the file, or the n-th object within an object stream. */
type Place = number | { stream: number; index: number };

export class CrossReferences {
  readonly trailer: Dictionary = new Map();
  readonly #places = new Map<number, Place>();
  readonly #containers = new Map<number, Value[]>();

  constructor(private readonly pdf: PlainPdf) {
    if (!/^%PDF-\d/.test(pdf.bytes(0, 8).toString('latin1'))) throw new NotPlain('it does not begin with %PDF-');
    const tail = pdf.bytes(Math.max(0, pdf.size - TAIL_BYTES), TAIL_BYTES).toString('latin1');
    const start = [...tail.matchAll(/startxref\s+(\d+)\s/g)].at(-1)?.[1];
    if (start === undefined) throw new NotPlain('its end is missing');
    const waiting = [Number(start)];
    const seen = new Set<number>();
    for (let offset = waiting.shift(); offset !== undefined; offset = waiting.shift()) {
      if (seen.has(offset)) continue;
      if (seen.size > MOST_SECTIONS) throw new NotPlain('too many cross references');
      seen.add(offset);
      const section = this.#section(offset);
      for (const [key, value] of section) if (!this.trailer.has(key)) this.trailer.set(key, value);
      for (const key of ['XRefStm', 'Prev']) {
        const next = section.get(key);
        if (typeof next === 'number') waiting.push(next);
      }
    }
  }

  /** The object of that number; null when there is none. */
  read(number: number): Value {
    const place = this.#places.get(number);
    if (place === undefined || place === -1) return null;
    if (typeof place !== 'number') return this.#container(place.stream)[place.index] ?? null;
    const found = this.pdf.objectAt(place);
    if (found.number !== number) throw new NotPlain('an object is not where it should be');
    return found.value;
  }

  #section(offset: number): Dictionary {
    if (offset >= this.pdf.size) throw new NotPlain('its cross references are not there');
    const isTable = /^\s*xref/.test(this.pdf.bytes(offset, 20).toString('latin1'));
    return isTable ? this.#table(offset) : this.#stream(offset);
  }

  #table(offset: number): Dictionary {
    let at = offset + this.pdf.bytes(offset, 20).toString('latin1').indexOf('xref') + 4;
    for (;;) {
      const head = this.pdf.bytes(at, 64).toString('latin1');
      const trailer = /^\s*trailer/.exec(head);
      if (trailer) return this.#trailerAt(at + trailer[0].length);
      const [line, first, count] = /^\s*(\d+) +(\d+)[ \r\n]*?(?:\r\n|\n|\r)(?=\d{10} |\s*trailer)/.exec(head) ?? [];
      if (line === undefined) throw new NotPlain('its cross references are damaged');
      at += line.length;
      const entries = this.pdf.bytes(at, Number(count) * ENTRY_BYTES).toString('latin1');
      for (let index = 0; index < Number(count); index++) {
        const entry = entries.slice(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
        const [, place, kind] = /^(\d{10}) \d{5} ([nf])\s\s$/.exec(entry) ?? [];
        if (place === undefined) throw new NotPlain('its cross references are damaged');
        this.#put(Number(first) + index, kind === 'n' ? Number(place) : -1);
      }
      at += Number(count) * ENTRY_BYTES;
    }
  }

  #trailerAt(offset: number): Dictionary {
    const value = new ObjectLexer(this.pdf.bytes(offset, 1024 * 1024), 0, true).value();
    if (!(value instanceof Map)) throw new NotPlain('its trailer is damaged');
    return value;
  }

  #stream(offset: number): Dictionary {
    const { value } = this.pdf.objectAt(offset);
    if (!(value instanceof Stream)) throw new NotPlain('its cross references are damaged');
    const { dictionary } = value;
    const numbers = (key: string): number[] | undefined => this.pdf.array(dictionary.get(key))?.map(Number);
    const widths = numbers('W');
    const size = this.pdf.number(dictionary.get('Size'));
    if (widths?.length !== 3 || size === undefined) throw new NotPlain('its cross references are damaged');
    const index = numbers('Index') ?? [0, size];
    const bytes = this.pdf.unpacked(value);
    let at = 0;
    const field = (width: number | undefined, preset: number): number => {
      if (!width) return preset;
      const found = bytes.readUIntBE(at, width);
      at += width;
      return found;
    };
    for (let range = 0; range + 1 < index.length; range += 2)
      for (let step = 0; step < (index[range + 1] ?? 0) && at < bytes.length; step++) {
        const [kind, second, third] = [field(widths[0], 1), field(widths[1], 0), field(widths[2], 0)];
        const number = (index[range] ?? 0) + step;
        this.#put(number, kind === 1 ? second : kind === 2 ? { stream: second, index: third } : -1);
      }
    return dictionary;
  }

  /** What came first is newest. */
  #put(number: number, place: Place): void {
    if (!this.#places.has(number)) this.#places.set(number, place);
  }

  /** The objects packed into an object stream. */
  #container(number: number): Value[] {
    const known = this.#containers.get(number);
    if (known) return known;
    const place = this.#places.get(number);
    if (typeof place !== 'number' || place < 0) throw new NotPlain('an object stream is missing');
    const { value } = this.pdf.objectAt(place);
    if (!(value instanceof Stream)) throw new NotPlain('an object stream is missing');
    const first = this.pdf.number(value.dictionary.get('First')) ?? 0;
    const count = this.pdf.number(value.dictionary.get('N')) ?? 0;
    const bytes = this.pdf.unpacked(value);
    const head = new ObjectLexer(bytes, 0, true);
    const offsets = Array.from({ length: count }, () => [head.value(), head.value()][1]);
    const objects = offsets.map((offset) => {
      if (typeof offset !== 'number') throw new NotPlain('an object stream is damaged');
      const found = new ObjectLexer(bytes, first + offset, true).value();
      if (found instanceof Word) throw new NotPlain('an object stream is damaged');
      return found;
    });
    this.#containers.set(number, objects);
    return objects;
  }
}
