/** What stands between the rows of a dump: comments, settings, CREATE TABLE, delimiters of triggers. */
import { WindowFull, type ByteWindow } from './byte-window.js';

/** Enough to see what a statement is, its table and its list of columns. */
const HEAD_BYTES = 16_384;
/** No CREATE TABLE is longer. */
const CREATE_BYTES = 1_000_000;

const [NEWLINE, BACKSLASH, QUOTE, DOUBLE_QUOTE, BACKTICK] = [0x0a, 0x5c, 0x27, 0x22, 0x60];

/** The dump is cut off, or holds what mysqldump does not write. */
export class MalformedDump extends Error {
  override name = 'MalformedDump';
  constructor(
    readonly reason: string,
    /** Bytes from the beginning of the dump, unpacked. */
    readonly at: number,
  ) {
    super(reason);
  }
}

/** Walks over a dump, statement by statement; what stands in comments is only looked at. */
export class Statements {
  /** Whether the dump writes its TIMESTAMPs in UTC, as mysqldump does unless told otherwise. */
  isUtc = false;
  private delimiter = ';';
  /** The comments that mysqldump begins and ends a dump with: as many of one as of the other, or it was cut off. */
  private begun = 0;
  private completed = 0;

  constructor(readonly window: ByteWindow) {}

  /**
   * Goes to the next statement, over blanks, comments and empty statements.
   *
   * @returns its first 16 kB, or less at the end of the dump; undefined when there is no further one
   * @throws MalformedDump
   */
  async next(): Promise<string | undefined> {
    for (;;) {
      await this.window.atLeast(HEAD_BYTES);
      const { bytes, at } = this.window;
      if (at >= bytes.length) {
        this.assertWhole();
        return undefined;
      }
      const head = bytes.toString('latin1', at, Math.min(bytes.length, at + HEAD_BYTES));
      const blank = /^\s+/.exec(head);
      if (blank) this.window.at += blank[0].length;
      else if (/^(--(\s|$)|#)/.test(head)) this.lookAtLine(await this.passBytes(NEWLINE));
      else if (head.startsWith('/*')) this.lookAtSetting(await this.passComment());
      else if (head.startsWith(this.delimiter)) this.window.at += this.delimiter.length;
      else if (/^delimiter\s/i.test(head)) {
        const line = await this.passBytes(NEWLINE);
        this.delimiter = /^delimiter\s+(\S+)/i.exec(line)?.[1] ?? ';';
      } else {
        this.lookAtSetting(head.slice(0, 200));
        return head;
      }
    }
  }

  /** Passes the statement that `next` found, whatever is in it. @throws MalformedDump */
  async skip(): Promise<void> {
    const from = this.window.offset;
    const last = this.delimiter.charCodeAt(0);
    let quote = 0;
    let isEscaped = false;
    do {
      const { bytes } = this.window;
      let { at } = this.window;
      for (; at < bytes.length; at++) {
        const byte = bytes[at] ?? 0;
        if (isEscaped) isEscaped = false;
        else if (quote !== 0) {
          if (byte === quote) quote = 0;
          else if (byte === BACKSLASH) isEscaped = quote !== BACKTICK;
        } else if (byte === QUOTE || byte === DOUBLE_QUOTE || byte === BACKTICK) quote = byte;
        else if (byte === last) {
          if (bytes.length - at < this.delimiter.length) break; // the rest of it is not in memory yet
          if (bytes.toString('latin1', at, at + this.delimiter.length) !== this.delimiter) continue;
          this.window.at = at + this.delimiter.length;
          return;
        }
      }
      this.window.at = at;
    } while (await this.more(from));
    throw new MalformedDump('the dump ends within a statement: it was cut off', from);
  }

  /** Passes the statement that `next` found. @returns its text @throws MalformedDump */
  async text(): Promise<string> {
    await this.window.atLeast(CREATE_BYTES);
    const { bytes, at } = this.window;
    await this.skip();
    if (this.window.bytes !== bytes)
      throw new MalformedDump(`a statement is longer than ${CREATE_BYTES} bytes`, this.window.offset);
    return bytes.toString('utf8', at, this.window.at - this.delimiter.length);
  }

  /** Reads on. False at the end of the dump. @throws MalformedDump when what began at `from` does not end */
  async more(from: number): Promise<boolean> {
    try {
      return await this.window.more();
    } catch (error) {
      if (error instanceof WindowFull) throw new MalformedDump(`what begins here does not end: ${error.message}`, from);
      throw error;
    }
  }

  /** Passes everything up to a byte and returns it, of a long one the beginning. */
  private async passBytes(last: number): Promise<string> {
    const from = this.window.offset;
    let start = '';
    do {
      const { bytes, at } = this.window;
      const found = bytes.indexOf(last, at);
      const end = found < 0 ? bytes.length : found;
      if (start.length < HEAD_BYTES) start += bytes.toString('latin1', at, Math.min(end, at + HEAD_BYTES));
      this.window.at = found < 0 ? end : end + 1;
      if (found >= 0) return start;
    } while (await this.more(from));
    return start;
  }

  private async passComment(): Promise<string> {
    const from = this.window.offset;
    for (;;) {
      const { bytes, at } = this.window;
      const end = bytes.indexOf('*/', at + 2);
      if (end >= 0) {
        this.window.at = end + 2;
        return bytes.toString('latin1', at, Math.min(end, at + HEAD_BYTES));
      }
      if (!(await this.more(from))) throw new MalformedDump('the dump ends within a comment: it was cut off', from);
    }
  }

  private lookAtLine(line: string): void {
    if (/^-- (MySQL|MariaDB) dump /.test(line)) this.begun++;
    if (line.startsWith('-- Dump completed')) this.completed++;
  }

  private lookAtSetting(text: string): void {
    if (/SET\s+TIME_ZONE\s*=\s*'\+00:00'/i.test(text)) this.isUtc = true;
    const names = /SET\s+NAMES\s+'?(\w+)/i.exec(text)?.[1];
    if (names !== undefined && !/^utf8(mb[34])?$/i.test(names))
      throw new MalformedDump(
        `its texts are in ${names}: dump it again with --default-character-set=utf8mb4`,
        this.window.offset,
      );
  }

  private assertWhole(): void {
    if (this.completed < this.begun)
      throw new MalformedDump(
        'the line "-- Dump completed" is missing: the dump was cut off, or mysqldump failed while it wrote it',
        this.window.offset,
      );
  }
}
