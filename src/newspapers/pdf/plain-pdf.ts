/** Reads objects of a PDF where they lie in the file, so that the bytes of its pictures are never touched. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants, inflateSync } from 'node:zlib';
import {
  Name,
  NeedMore,
  NotPlain,
  ObjectLexer,
  Ref,
  Stream,
  TooMuch,
  Word,
  type Dictionary,
  type Value,
} from './objects.js';
import { CrossReferences } from './cross-references.js';

const FIRST_BYTES = 4096;
const MOST_OBJECT_BYTES = 64 * 1024 * 1024;
/** What a stream may unpack to: beyond, it is made to harm. A page of a newspaper has some 100 kB of content. */
const MOST_UNPACKED_BYTES = 256 * 1024 * 1024;

/**
 * A PDF whose cross references are in order, without encryption. It blocks: use it in a thread, close it in the end.
 *
 * @throws {NotPlain} from every method where it is anything else
 */
export class PlainPdf {
  readonly trailer: Dictionary;
  readonly #file: number;
  /** Bytes of the file. */
  readonly size: number;
  /** Undefined only while it is being read: then everything has to stand in place. */
  readonly #places: CrossReferences | undefined;
  readonly #objects = new Map<number, Value>();

  /** @param lenient take what can be unpacked of a damaged stream */
  constructor(
    path: string,
    readonly lenient = false,
  ) {
    this.#file = openSync(path, 'r');
    try {
      this.size = fstatSync(this.#file).size;
      this.#places = new CrossReferences(this);
      this.trailer = this.#places.trailer;
      if (this.trailer.has('Encrypt')) throw new NotPlain('it is encrypted');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** The value itself, or what it refers to; null when there is no such object. */
  resolve(value: Value | undefined): Value {
    let found = value ?? null;
    for (let steps = 0; found instanceof Ref; steps++) {
      if (steps > 20) throw new NotPlain('references go round in a circle');
      found = this.#object(found);
    }
    return found;
  }

  dictionary(value: Value | undefined): Dictionary | undefined {
    const found = this.resolve(value);
    if (found instanceof Stream) return found.dictionary;
    return found instanceof Map ? found : undefined;
  }

  array(value: Value | undefined): Value[] | undefined {
    const found = this.resolve(value);
    return Array.isArray(found) ? found : undefined;
  }

  /** The items of an array; of anything else, that alone: where a PDF may say one or several. */
  list(value: Value | undefined): Value[] {
    const found = this.resolve(value);
    return Array.isArray(found) ? found : [found];
  }

  number(value: Value | undefined): number | undefined {
    const found = this.resolve(value);
    return typeof found === 'number' ? found : undefined;
  }

  name(value: Value | undefined): string | undefined {
    const found = this.resolve(value);
    return found instanceof Name ? found.text : undefined;
  }

  /** How a stream is packed, outermost first. */
  filters(stream: Dictionary): string[] {
    return this.list(stream.get('Filter')).flatMap((filter) => this.name(filter) ?? []);
  }

  /** The bytes of a stream, unpacked. */
  unpacked(stream: Stream): Buffer {
    const { dictionary } = stream;
    const length = this.number(dictionary.get('Length'));
    if (length === undefined || length < 0 || stream.offset + length > this.size)
      throw new NotPlain('a stream without its length');
    const packed = this.bytes(stream.offset, length + 20);
    if (!/^\s*endstream/.test(packed.toString('latin1', length))) throw new NotPlain('a stream of a wrong length');
    const [filter, ...more] = this.filters(dictionary);
    const body = packed.subarray(0, length);
    if (filter === undefined) return body;
    if (filter !== 'FlateDecode' || more.length > 0) {
      if (this.lenient) return Buffer.alloc(0); // what qpdf could not unpack is broken
      throw new NotPlain(`a stream packed by ${filter}`);
    }
    const [parameters] = this.list(dictionary.get('DecodeParms'));
    return this.#withoutPredictor(this.#inflated(body), this.dictionary(parameters));
  }

  /**
   * Whether a stream unpacks, to its end and with the right sum. Of other packings than Flate nothing is known.
   *
   * @throws {TooMuch} when it was made to harm
   */
  unpacks(stream: Stream): boolean {
    const length = this.number(stream.dictionary.get('Length'));
    const [filter, ...more] = this.filters(stream.dictionary);
    if (length === undefined || filter !== 'FlateDecode' || more.length > 0) return true;
    try {
      inflateSync(this.bytes(stream.offset, length), { maxOutputLength: MOST_UNPACKED_BYTES });
      return true;
    } catch (error) {
      if (isBomb(error)) throw unpacksToTooMuch();
      return false;
    }
  }

  /** So many bytes of the file, fewer at its end. */
  bytes(offset: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - offset)));
    let done = 0;
    while (done < buffer.length) {
      const read = readSync(this.#file, buffer, done, buffer.length - done, offset + done);
      if (read === 0) throw new NotPlain('the file became shorter');
      done += read;
    }
    return buffer;
  }

  /** Reads "number generation obj" and the value behind it. */
  objectAt(offset: number): { number: number; value: Value } {
    for (let length = FIRST_BYTES; ; length *= 8) {
      const bytes = this.bytes(offset, Math.min(length, MOST_OBJECT_BYTES));
      const whole = offset + bytes.length >= this.size || length >= MOST_OBJECT_BYTES;
      try {
        return this.#parsed(new ObjectLexer(bytes, 0, whole), offset);
      } catch (error) {
        if (!(error instanceof NeedMore)) throw error;
        if (whole) throw new NotPlain('an object does not end');
      }
    }
  }

  #parsed(lexer: ObjectLexer, offset: number): { number: number; value: Value } {
    const [number, , obj] = [lexer.value(), lexer.value(), lexer.value()];
    if (typeof number !== 'number' || !(obj instanceof Word) || obj.text !== 'obj')
      throw new NotPlain('an object is not where it should be');
    const value = lexer.value();
    if (value instanceof Word) {
      if (value.text === 'endobj') return { number, value: null };
      throw new NotPlain('an object without a value');
    }
    const next = lexer.value();
    if (next instanceof Word && next.text === 'stream' && value instanceof Map) {
      const [first, second] = lexer.bytes.subarray(lexer.at, lexer.at + 2);
      if (first === undefined || second === undefined) throw new NeedMore();
      const start = offset + lexer.at + (first === 13 ? (second === 10 ? 2 : 1) : first === 10 ? 1 : 0);
      return { number, value: new Stream(value, start) };
    }
    // "12 0 R" as an object of its own
    if (typeof value === 'number' && typeof next === 'number') return { number, value: new Ref(value) };
    return { number, value };
  }

  #object({ number }: Ref): Value {
    const known = this.#objects.get(number);
    if (known !== undefined) return known;
    if (!this.#places) throw new NotPlain('its cross references refer to objects');
    const value = this.#places.read(number);
    this.#objects.set(number, value);
    return value;
  }

  #inflated(body: Buffer): Buffer {
    try {
      const flush = this.lenient ? { finishFlush: constants.Z_SYNC_FLUSH } : {};
      return inflateSync(body, { maxOutputLength: MOST_UNPACKED_BYTES, ...flush });
    } catch (error) {
      if (isBomb(error)) throw unpacksToTooMuch();
      if (this.lenient) return Buffer.alloc(0);
      throw new NotPlain('a stream cannot be unpacked');
    }
  }

  /** Undoes PNG's filters (rows that hold differences), which cross references are packed with. */
  #withoutPredictor(bytes: Buffer, parameters: Dictionary | undefined): Buffer {
    const predictor = this.number(parameters?.get('Predictor')) ?? 1;
    if (predictor === 1) return bytes;
    const colours = this.number(parameters?.get('Colors')) ?? 1;
    const bits = this.number(parameters?.get('BitsPerComponent')) ?? 8;
    if (predictor < 10 || colours !== 1 || bits !== 8) throw new NotPlain('a stream with an unusual predictor');
    const columns = this.number(parameters?.get('Columns')) ?? 1;
    const rows = Math.floor(bytes.length / (columns + 1));
    const plain = Buffer.alloc(rows * columns);
    for (let row = 0; row < rows; row++) {
      const filter = bytes[row * (columns + 1)];
      if (filter !== 0 && filter !== 1 && filter !== 2) throw new NotPlain('a stream with an unusual predictor');
      for (let column = 0; column < columns; column++) {
        const at = row * columns + column;
        const left = filter === 1 && column > 0 ? plain[at - 1] : 0;
        const above = filter === 2 && row > 0 ? plain[at - columns] : 0;
        plain[at] = (bytes[row * (columns + 1) + 1 + column] ?? 0) + (left ?? 0) + (above ?? 0);
      }
    }
    return plain;
  }
}

const isBomb = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
const unpacksToTooMuch = () => new TooMuch(`a stream unpacks to more than ${MOST_UNPACKED_BYTES / 2 ** 20} MB`);
