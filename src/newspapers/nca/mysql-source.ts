/** Reads a running NCA database: all tables as they are at one moment, without changing anything. */
import { addAbortSignal } from 'node:stream';
import { createConnection, type Connection } from 'mysql2';
import { CLOSED_JOB_STATUSES, NCA_TABLE_NAMES, NCA_TABLES, NcaUnreadable, type NcaRows, type NcaSource, type NcaTable, type NcaValue } from './tables.js'; // prettier-ignore

const ROWS_AT_A_TIME = 2000;
const CONNECT_TIMEOUT_MS = 15_000;
/** A server that says nothing for so long has gone. */
const SILENCE_MS = 120_000;

/**
 * A running MySQL or MariaDB as a source.
 *
 * @param address mysql://user:password@host:3306/name, over a socket mysql://user@localhost/name?socket=/run/mysqld/mysqld.sock,
 *   over TLS with ?tls=true. Without a password MYSQL_PWD of the environment is taken: what stands on a command line
 *   others can read
 * @throws NcaUnreadable when the address is none
 */
export function mysqlSource(
  address: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): NcaSource {
  const options = parseAddress(address, env['MYSQL_PWD']);
  return { read: (signal) => readDatabase(options, signal), progress: () => undefined };
}

type Address = ReturnType<typeof parseAddress>;

function parseAddress(address: string, passwordOfEnv: string | undefined) {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const database = decodeURIComponent(url?.pathname.slice(1) ?? '');
  if (url?.protocol !== 'mysql:' || database === '' || url.username === '')
    throw new NcaUnreadable('the address of the database must be mysql://user:password@host/name'); // the address itself may hold a password
  const socket = url.searchParams.get('socket');
  return {
    host: url.hostname || 'localhost',
    port: Number(url.port || 3306),
    ...(socket !== null && { socketPath: socket }), // then host and port do not count
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password) || (passwordOfEnv ?? ''),
    database,
    ...(url.searchParams.get('tls') === 'true' && { ssl: {} }),
  };
}

async function* readDatabase(address: Address, signal?: AbortSignal): AsyncGenerator<NcaRows> {
  const connection = createConnection({
    ...address,
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    rowsAsArray: true,
    typeCast: (field) => field.string('utf8'), // as a dump spells it; numbers and times included
  });
  // An error that comes between two statements is told to nobody else, nor is a statement after it answered.
  const lost = new AbortController();
  connection.on('error', (error) => lost.abort(error));
  try {
    await run(connection, 'SET time_zone = "+00:00"'); // TIMESTAMPs are told in the time zone of the session
    await run(connection, 'SET SESSION net_write_timeout = 600'); // while our database writes, nobody reads
    await run(connection, 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await run(connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    await assertColumns(connection, address.database);
    for (const table of NCA_TABLE_NAMES) {
      signal?.throwIfAborted();
      yield* readTable(connection, table, lost.signal);
    }
    await run(connection, 'ROLLBACK');
  } catch (error) {
    throw unreadable(address, lost.signal.aborted ? lost.signal.reason : error);
  } finally {
    connection.destroy();
  }
}

/** @throws NcaUnreadable naming everything that is missing */
async function assertColumns(connection: Connection, database: string): Promise<void> {
  const rows = await run(
    connection,
    'SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()',
  );
  const there = new Set(rows.map(([table, column]) => `${table ?? ''}.${column ?? ''}`));
  const missing = NCA_TABLE_NAMES.flatMap((table) => NCA_TABLES[table].map((column) => `${table}.${column}`)).filter(
    (column) => !there.has(column),
  );
  if (missing.length > 0)
    throw new NcaUnreadable(
      `${database} is no NCA database of version 6.3: it has no ${missing.join(', ')}; is it the right one? Bring an older NCA up to date first (migrate-database up)`,
    );
}

async function* readTable(connection: Connection, table: NcaTable, lost: AbortSignal): AsyncGenerator<NcaRows> {
  const columns = NCA_TABLES[table].map((column) => `\`${column}\``).join(', ');
  // Of jobs only the open ones matter, and they may be millions.
  const where =
    table === 'jobs' ? ` WHERE status NOT IN (${CLOSED_JOB_STATUSES.map((status) => `'${status}'`).join(', ')})` : '';
  const stream = connection
    .query(`SELECT ${columns} FROM \`${table}\`${where} ORDER BY id`)
    .stream({ objectMode: true, highWaterMark: ROWS_AT_A_TIME });
  const silence = setTimeout(() => stream.destroy(new NcaUnreadable(`it has said nothing for ${SILENCE_MS / 1000} s`)), SILENCE_MS); // prettier-ignore
  addAbortSignal(lost, stream);
  let rows: NcaValue[][] = [];
  try {
    for await (const row of stream as AsyncIterable<NcaValue[]>) {
      silence.refresh();
      rows.push(row);
      if (rows.length < ROWS_AT_A_TIME) continue;
      yield { table, rows };
      silence.refresh(); // the time that our database took is not the server's
      rows = [];
    }
  } finally {
    clearTimeout(silence);
  }
  if (rows.length > 0) yield { table, rows };
}

function run(connection: Connection, statement: string): Promise<NcaValue[][]> {
  return new Promise((done, fail) => {
    connection.query({ sql: statement, timeout: SILENCE_MS }, (error, rows) => {
      // Rows are arrays by the options of the connection; of a statement without rows it is one object.
      if (error) fail(error);
      else done(Array.isArray(rows) ? (rows as NcaValue[][]) : []);
    });
  });
}

/** What sockets and mysql2 say when the server goes away. */
const BROKEN = new Set(['EPIPE', 'ECONNRESET', 'PROTOCOL_CONNECTION_LOST']);

function unreadable(address: Address, error: unknown): unknown {
  if (error instanceof NcaUnreadable) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const where = address.socketPath ?? `${address.host}:${address.port}`;
  const told = BROKEN.has(code) ? `the connection broke while it was read (${code}); import it again` : message || code;
  return new NcaUnreadable(`the NCA database ${address.database} at ${where}, as ${address.user}: ${told}`);
}
