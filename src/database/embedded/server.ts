/** One data directory's server: bring it up (or find it up), end it. */
import { readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { canEnter } from './account.js';
import { SUPERUSER } from './data-directory.js';
import { EmbeddedPostgresError } from './error.js';
import { clearStaleLocks, findPostmaster } from './postmaster.js';
import { runServerProgram, type ServerAccount } from './server-program.js';
import { makeSocketDirectory, socketDirectoryOf } from './socket-directory.js';

export interface Server {
  dataDirectory: string;
  account: ServerAccount | undefined;
  durable: boolean;
  /** Directory of pg_ctl; asked for only when the server has to be started. */
  binaries: () => Promise<string>;
}

const DATABASE = 'pressmark';
const UNDURABLE = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off'];

/** Reasons that pass: another program starts it right now, or the last processes of a killed server still end. */
const PASSING = /lock file ".*" already exists|(lock|PID) file ".*" is empty|pre-existing shared memory block/;

/**
 * Starts the server unless it runs, and waits until it answers.
 *
 * @returns the connection string of its database
 * @throws EmbeddedPostgresError when it will not start, or not within the timeout.
 */
export async function bringUp(server: Server, timeoutSeconds: number): Promise<string> {
  const { dataDirectory } = server;
  const deadline = Date.now() + timeoutSeconds * 1000;
  let reason: string | undefined;
  while (Date.now() < deadline) {
    const running = await findPostmaster(dataDirectory);
    if (running) {
      reason = await makeDatabase(running.socketDirectory);
      if (reason === undefined) return connectionString(running.socketDirectory, DATABASE);
    } else {
      reason = await launch(server, Math.ceil((deadline - Date.now()) / 1000));
    }
    if (reason !== undefined) await wait(50);
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL in ${dataDirectory} did not answer within ${timeoutSeconds} s: ${reason ?? 'it starts and ends again'}. See ${logOf(dataDirectory)}`,
  );
}

/** A fast shutdown: connections are cut, committed work is safe. Does nothing when none runs. */
export async function shutDown(dataDirectory: string, timeoutSeconds = 60): Promise<void> {
  const running = await findPostmaster(dataDirectory);
  if (!running) return;
  try {
    process.kill(running.pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended by itself
  }
  const deadline = Date.now() + timeoutSeconds * 1000;
  while ((await findPostmaster(dataDirectory))?.pid === running.pid) {
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `PostgreSQL (process ${running.pid}) did not stop within ${timeoutSeconds} s: see ${logOf(dataDirectory)}`,
      );
    }
    await wait(20);
  }
  await rmdir(running.socketDirectory).catch(() => undefined); // tidiness: the next start makes it when missing
}

/** A unix socket as a URL that pg, psql and every other libpq program understand. */
export function connectionString(socketDirectory: string, database: string): string {
  return `postgresql:///${database}?host=${encodeURIComponent(socketDirectory)}&user=${SUPERUSER}`;
}

/** One try. Returns why it did not come up when another try may help. */
async function launch(
  { dataDirectory, account, durable, binaries }: Server,
  timeoutSeconds: number,
): Promise<string | undefined> {
  const pgCtl = join(await binaries(), 'pg_ctl');
  if (!(await canEnter(account, dataDirectory))) {
    throw new EmbeddedPostgresError(
      `${account?.name ?? 'You'} may not enter ${dataDirectory} any more: open the directories above it to others (chmod o+x), or set VAR_DIRECTORY elsewhere`,
    );
  }
  const socketDirectory = await socketDirectoryOf(dataDirectory);
  await makeSocketDirectory(socketDirectory, account);
  await clearStaleLocks(dataDirectory, socketDirectory);
  const settings = [
    `unix_socket_directories=${socketDirectory}`,
    'unix_socket_permissions=0700',
    'listen_addresses=',
    'port=5432',
    'max_connections=200',
  ];
  const options = [...settings, ...(durable ? [] : UNDURABLE)].map((setting) => `-c ${setting}`).join(' '); // pg_ctl hands them to a shell: nothing in them needs quotes
  const args = [
    'start',
    '-D',
    dataDirectory,
    '-l',
    logOf(dataDirectory),
    '-w',
    '-t',
    String(timeoutSeconds),
    '-o',
    options,
  ];
  const logged = await sizeOf(logOf(dataDirectory));
  const { ok, reason } = await runServerProgram(pgCtl, args, { account, timeoutSeconds: timeoutSeconds + 10 });
  if (ok || (await findPostmaster(dataDirectory))) return undefined;
  const story = (await readFrom(logOf(dataDirectory), logged)) || reason;
  if (PASSING.test(story)) return story;
  throw new EmbeddedPostgresError(
    `PostgreSQL (${pgCtl}) did not start in ${dataDirectory}: ${story}\nRemedy: mend what it says, or set VAR_DIRECTORY elsewhere, or set DATABASE_URL to a server`,
  );
}

/** Makes our database when it is missing. Returns why the server did not answer, if so. */
async function makeDatabase(socketDirectory: string): Promise<string | undefined> {
  const client = new pg.Client({
    connectionString: connectionString(socketDirectory, 'postgres'),
    connectionTimeoutMillis: 5000,
    query_timeout: 30_000,
  });
  client.on('error', () => undefined); // the query in progress fails too, and is caught below
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    return undefined;
  } catch (error) {
    const { code, message } = error as pg.DatabaseError;
    if (code === '42P04' || code === '23505') return undefined; // another program has just made it
    return message;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function logOf(dataDirectory: string): string {
  return join(dataDirectory, 'server.log');
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function readFrom(file: string, offset: number): Promise<string> {
  const text = await readFile(file).catch(() => Buffer.alloc(0));
  return text.subarray(offset).toString('utf8').trim();
}
