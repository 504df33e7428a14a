/** The way into PostgreSQL for everything above: a pool, and Kysely over it. Made once at the edge and handed on. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import './default-user.js';
import { closeWhenUseless } from './hung-connection.js';
import type { DB } from './types.js';
import { valueParsers } from './value-parsers.js';

export type { Json, JsonColumn } from './json.js';
export type { DB } from './types.js';

export interface Database {
  /** For a connection of one's own, e.g. to LISTEN. It may hold a password: never log it. */
  connectionString: string;
  pool: pg.Pool;
  kysely: Kysely<DB>;
  /** Waits for the connections in use, then closes all. Closing twice is no mistake. */
  close: () => Promise<void>;
}

export interface ConnectOptions {
  /** `postgresql://user:password@host:5432/name`; over a unix socket `postgresql:///name?host=/directory&user=name`. */
  connectionString: string;
  /** Seen in `pg_stat_activity`: name the program, e.g. "run-jobs". */
  applicationName: string;
  /** Connections at most; 10 unless told. */
  maxConnections?: number;
  /** Seconds after which an unanswered query fails and its connection is dropped; 60 unless told. */
  queryTimeoutSeconds?: number;
  /** For a runner: the seconds of its lease. Its sessions plan by index, and neither wait nor idle for as long as others may (`runnerSession`). */
  runnerLeaseSeconds?: number;
  /** Told when a connection breaks while nobody uses it (the server restarted). Unless given, a process warning. */
  onError?: (error: Error) => void;
}

const CONNECT_TIMEOUT_SECONDS = 15;

/**
 * A pool of connections; none is opened before the first query. `int8` comes back as a number (or throws when it would
 * be inexact), `date` as 'YYYY-MM-DD', `timestamptz` as a Date. A broken connection fails the query that uses it and
 * nothing else: the pool opens a new one for the next.
 *
 * @example
 * const database = connectDatabase({ connectionString, applicationName: 'holding-pen' });
 * const held = await database.kysely.selectFrom('pipelines').selectAll().where('status', '=', 'held').execute();
 * await database.close();
 */
export function connectDatabase(options: ConnectOptions): Database {
  const { queryTimeoutSeconds = 60, runnerLeaseSeconds } = options;
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: CONNECT_TIMEOUT_SECONDS * 1000,
    query_timeout: queryTimeoutSeconds * 1000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: valueParsers,
    ...(runnerLeaseSeconds !== undefined && runnerSession(runnerLeaseSeconds, queryTimeoutSeconds)),
  });
  pool.on('error', options.onError ?? ((error) => process.emitWarning(`PostgreSQL: ${error.message}`)));
  pool.on('connect', (client) => {
    // A connection that breaks between two statements of a transaction has no query to fail and no listener of the
    // pool: unheard, its 'error' would end the process. The next statement on it fails, which is where it is dealt with.
    client.on('error', () => undefined);
    closeWhenUseless(client);
  });
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
  let closing: Promise<void> | undefined;
  return {
    connectionString: options.connectionString,
    pool,
    kysely,
    close: () => (closing ??= kysely.destroy().then(() => endPool(pool))),
  };
}

/** Of the time that the client waits for an answer: the server gives up waiting for a lock before that, else its sessions would pile up, each waiting for nobody. */
const LOCK_SHARE = 0.75;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * What the sessions of a runner are told.
 *
 * Its prepared statements are planned once, perhaps while the tables are empty: they go by an index whatever the tables held then.
 * Without it a burst of 20,000 jobs after a quiet night is claimed by reading whole tables, at a twelfth of the speed, until
 * autovacuum tells the planner. Without JIT: the planner's price of a table scan that cannot be avoided would look worth a compilation.
 *
 * A runner that is stopped in the middle of a transaction keeps its locks, and nobody could rescue what it has locked: the server
 * ends a transaction that idles for as long as the lease, when the work of that runner may be given to others anyway.
 */
function runnerSession(leaseSeconds: number, queryTimeoutSeconds: number) {
  const milliseconds = (seconds: number) => Math.min(Math.ceil(seconds * 1000), LONGEST_TIMEOUT_MS);
  const settings = [
    'set enable_seqscan = off',
    'set jit = off',
    `set lock_timeout = ${milliseconds(queryTimeoutSeconds * LOCK_SHARE)}`,
    `set idle_in_transaction_session_timeout = ${milliseconds(leaseSeconds)}`,
  ];
  return {
    /** The pool waits for it. */
    onConnect: async (client: pg.ClientBase) => {
      await client.query(settings.join('; '));
    },
  };
}

/** Kysely ends the pool only if it was used. */
async function endPool(pool: pg.Pool): Promise<void> {
  if (!pool.ending) await pool.end();
}
