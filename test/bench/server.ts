/** The bench's own PostgreSQL: durable, otherwise as `initdb` leaves it; every contender gets an empty database on it. */
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { quoteIdentifier, withDatabase } from '../support/connection-string.js';
import { startEmbeddedPostgres } from './product.js';

export interface Server {
  /** Makes (again) an empty database and returns its address. */
  freshDatabase: (name: string) => Promise<string>;
  /** `server_version` and the settings that decide what a commit costs. */
  facts: () => Promise<Record<string, string>>;
  /** CPU seconds that the server has used so far, all its processes together, ended ones too; NaN where /proc is missing. */
  cpuSeconds: () => number;
  stop: () => Promise<void>;
}

const TOLD_SETTINGS = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'max_wal_size',
  'jit',
];

/** Starts a private cluster in a temporary directory; `stop` ends it and removes it. */
export async function startServer(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'pressmark-bench-'));
  await chmod(directory, 0o755); // root's cluster runs as another user, who must be able to enter
  const postgres = await startEmbeddedPostgres({ directory });
  const postmaster = Number(/^\d+/.exec(readFileSync(join(postgres.dataDirectory, 'postmaster.pid'), 'utf8'))?.[0]);
  const admin = new pg.Pool({ connectionString: withDatabase(postgres.connectionString, 'postgres'), max: 1 });
  admin.on('error', () => undefined); // the server's end
  return {
    async freshDatabase(name) {
      await admin.query(`drop database if exists ${quoteIdentifier(name)} with (force)`);
      await admin.query(`create database ${quoteIdentifier(name)}`);
      await admin.query('checkpoint'); // what the run before left in memory is not written during the next
      return withDatabase(postgres.connectionString, name);
    },
    async facts() {
      const { rows } = await admin.query<{ name: string; value: string }>(
        `select name, current_setting(name) as value from unnest($1::text[]) name`,
        [TOLD_SETTINGS],
      );
      return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    },
    cpuSeconds: () => cpuSecondsOfFamily(postmaster),
    async stop() {
      await admin.end();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** CPU time of a process, its ended children, and its living children. */
function cpuSecondsOfFamily(pid: number): number {
  try {
    const [user = NaN, system = NaN, endedUser = NaN, endedSystem = NaN] = clockTicks(pid);
    let ticks = user + system + endedUser + endedSystem;
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) {
      const [childUser = 0, childSystem = 0] = clockTicks(Number(child));
      ticks += childUser + childSystem;
    }
    return ticks / TICKS_PER_SECOND;
  } catch {
    return NaN; // not Linux
  }
}

/** What Linux calls USER_HZ: 100 on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;

/** utime, stime, cutime, cstime (proc(5)); the command in brackets before them may hold spaces. */
const clockTicks = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 15)
    .map(Number);
