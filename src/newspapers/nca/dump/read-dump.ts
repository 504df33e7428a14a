/** Reads what mysqldump or mariadb-dump wrote of an NCA database, as it streams by: no more of it is in memory than one row and what was read ahead. */
import { createReadStream, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isNcaTable, NCA_TABLE_NAMES, NCA_TABLES, NcaUnreadable, type NcaRows, type NcaSource, type NcaTable, type NcaValue } from '../tables.js'; // prettier-ignore
import { ByteWindow } from './byte-window.js';
import { MalformedRow, parseRow, UNFINISHED } from './parse-row.js';
import { MalformedDump, Statements } from './statements.js';

const ROWS_AT_A_TIME = 2000;
const READ_AHEAD = 1024 * 1024;

/** Statements that say nothing about rows. */
const HARMLESS = /^(set|lock|unlock|drop|create|alter|start|begin|commit|flush)\b/i;

/**
 * A dump as a source: of one database, plain or gzipped, also of several dumps one after the other (NCA's export-db.sh
 * writes one per table, newspapers spec 7.10).
 *
 * @throws NcaUnreadable when there is no such file
 */
export async function dumpSource(file: string): Promise<NcaSource> {
  const isZipped = await beginsZipped(file);
  const { size } = await stat(file);
  const stream = createReadStream(file, { highWaterMark: READ_AHEAD });
  return {
    read: (signal) => readDump(file, isZipped ? unzipped(stream) : stream, signal),
    progress: () => ({ done: stream.bytesRead, total: size }),
  };
}

async function beginsZipped(file: string): Promise<boolean> {
  const handle = await open(file).catch((error: unknown) => {
    throw new NcaUnreadable(`${file} cannot be read: ${(error as Error).message}`);
  });
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0).catch((error: unknown) => {
      throw new NcaUnreadable(`${file} cannot be read: ${(error as Error).message}`);
    });
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function unzipped(stream: ReadStream): Readable {
  const text = new PassThrough({ highWaterMark: READ_AHEAD });
  // An error of one of them ends the last with it, which is where it is read.
  pipeline(stream, createGunzip({ chunkSize: READ_AHEAD }), text, () => undefined);
  return text;
}

export async function* readDump(
  file: string,
  stream: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): AsyncGenerator<NcaRows> {
  const window = new ByteWindow(stream);
  const statements = new Statements(window);
  const reader = new DumpReader(statements);
  try {
    for await (const rows of reader.read()) {
      signal?.throwIfAborted();
      yield rows;
    }
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    await window.close();
  }
}

function unreadable(file: string, error: unknown): unknown {
  if (error instanceof MalformedDump) return new NcaUnreadable(`${file}, byte ${error.at}: ${error.reason}`);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith('Z_')) return new NcaUnreadable(`${file}: ${message}: the gzip file is damaged or cut off`);
  return error;
}

class DumpReader {
  /** Of each table every column, in its order. */
  private readonly layouts = new Map<NcaTable, readonly string[]>();
  private database: string | undefined;

  constructor(private readonly statements: Statements) {}

  async *read(): AsyncGenerator<NcaRows> {
    for (let head = await this.statements.next(); head !== undefined; head = await this.statements.next()) {
      const created = /^create table (?:if not exists )?`([^`]+)`/i.exec(head)?.[1];
      const inserted = /^insert (?:ignore )?into `([^`]+)`\s*(\([^)]*\))?\s*values\s*/i.exec(head);
      const used = /^use `([^`]+)`/i.exec(head)?.[1];
      if (created !== undefined) await this.createTable(created);
      else if (inserted) yield* this.insert(inserted[1] ?? '', inserted[2], inserted[0].length);
      else if (used !== undefined) await this.use(used);
      else if (HARMLESS.test(head)) await this.statements.skip();
      else throw this.malformed(`${JSON.stringify(head.slice(0, 60))} is nothing that mysqldump writes`);
    }
    const missing = NCA_TABLE_NAMES.filter((table) => !this.layouts.has(table));
    if (missing.length > 0)
      throw this.malformed(
        `there is no CREATE TABLE of ${missing.join(', ')}: dump the whole NCA database, structure and data`,
      );
  }

  private async createTable(name: string): Promise<void> {
    if (!isNcaTable(name)) return this.statements.skip();
    if (this.layouts.has(name)) throw this.malformed(`the table ${name} comes a second time`);
    const text = await this.statements.text();
    const columns = [...text.matchAll(/^\s*`([^`]+)`\s+(\w+)/gm)].map(([, column = '', type = '']) => ({
      column,
      type,
    }));
    const lacking = NCA_TABLES[name].filter((wanted) => !columns.some(({ column }) => column === wanted));
    if (lacking.length > 0)
      throw this.malformed(
        `the table ${name} has no ${lacking.join(', ')}: bring NCA to version 6.3 first (migrate-database up)`,
      );
    const local = columns.find(({ column, type }) => /^timestamp$/i.test(type) && isRead(name, column));
    if (local && !this.statements.isUtc)
      throw this.malformed(`the times of ${name}.${local.column} are in no known time zone: dump it with --tz-utc`);
    this.layouts.set(
      name,
      columns.map(({ column }) => column),
    );
  }

  private async use(database: string): Promise<void> {
    if (this.database !== undefined && this.database !== database)
      throw this.malformed(`it holds two databases, ${this.database} and ${database}: dump NCA's alone`);
    this.database = database;
    await this.statements.skip();
  }

  private async *insert(name: string, list: string | undefined, headLength: number): AsyncGenerator<NcaRows> {
    if (!isNcaTable(name)) return this.statements.skip();
    const layout = this.layouts.get(name);
    if (!layout) throw this.malformed(`rows of ${name} come before its CREATE TABLE: dump structure and data`);
    const columns = list === undefined ? layout : [...list.matchAll(/`([^`]+)`/g)].map(([, column = '']) => column);
    const read: readonly string[] = NCA_TABLES[name];
    const wanted = columns.map((column) => read.indexOf(column));
    if (read.some((column) => !columns.includes(column)))
      throw this.malformed(`an INSERT into ${name} leaves out columns: dump it without --complete-insert or whole`);
    this.statements.window.at += headLength;
    yield* this.rows(name, wanted, read.length);
  }

  private async *rows(table: NcaTable, wanted: readonly number[], width: number): AsyncGenerator<NcaRows> {
    const { window } = this.statements;
    let rows: NcaValue[][] = [];
    const from = window.offset;
    for (;;) {
      const values = new Array<NcaValue>(width).fill(null);
      const end = this.parse(table, wanted, values);
      // The byte after a row says whether another comes.
      if (end === UNFINISHED || end >= window.bytes.length) {
        if (!(await this.statements.more(window.offset)))
          throw new MalformedDump(`the dump ends within the rows of ${table}: it was cut off`, from);
        continue;
      }
      rows.push(values);
      const next = window.bytes[end];
      window.at = end + 1;
      if (next === 0x3b /* ; */) break;
      if (next !== 0x2c /* , */) throw this.malformed(`after a row of ${table} "," or ";" must come`);
      await this.passBlanks();
      if (rows.length < ROWS_AT_A_TIME) continue;
      yield { table, rows };
      rows = [];
    }
    yield { table, rows };
  }

  private parse(table: NcaTable, wanted: readonly number[], values: NcaValue[]): number {
    const { window } = this.statements;
    if (window.at >= window.bytes.length) return UNFINISHED;
    try {
      return parseRow(window.bytes, window.at, wanted, values);
    } catch (error) {
      if (!(error instanceof MalformedRow)) throw error;
      const before = window.bytes.toString('latin1', window.at, Math.min(window.bytes.length, window.at + 60));
      throw new MalformedDump(
        `the row of ${table} that begins ${JSON.stringify(before)}: ${error.reason}`,
        window.offset + (error.at - window.at),
      );
    }
  }

  /** Some dumps write each row on a line of its own. */
  private async passBlanks(): Promise<void> {
    const { window } = this.statements;
    for (;;) {
      while (window.at < window.bytes.length && (window.bytes[window.at] ?? 0) <= 0x20) window.at++;
      if (window.at < window.bytes.length || !(await this.statements.more(window.offset))) return;
    }
  }

  private malformed(reason: string): MalformedDump {
    return new MalformedDump(reason, this.statements.window.offset);
  }
}

const isRead = (table: NcaTable, column: string) => (NCA_TABLES[table] as readonly string[]).includes(column);
