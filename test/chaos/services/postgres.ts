/** A PostgreSQL that can be killed, cut off and frozen: durable, on an address of its own, reached with a password. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { serverAccount } from '../../../src/database/embedded/account.js';
import { findBinaries } from '../../../src/database/embedded/binaries.js';
import { findDataDirectory, REACHABLE, SUPERUSER } from '../../../src/database/embedded/data-directory.js';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '../../../src/database/embedded.js';
import { migrateDatabase } from '../../../src/database/migrate.js';
import { freePort } from '../../support/ports.js';
import type { ChaosPostgres } from '../fault.js';
import { childrenOf, dyingWithUs, isAlive, signalAll, standingIn } from '../processes.js';

const DIRECTORIES = /^pressmark-chaos-postgres-(\d+)-/;
const START_SECONDS = 120;
/** PostgreSQL 15 that is asked to stop while it recovers from a killed session waits for its checkpointer for ever. */
const FAST_ENOUGH_MS = 15_000;
const STOP_SIGNALS = { immediate: 'SIGQUIT', fast: 'SIGINT' } as const;

/** The daemons' pools and their ears for hints. */
const OF_DAEMONS = `backend_type = 'client backend' and application_name in ('run-jobs', 'pressmark hints')`;

/**
 * Makes a migrated cluster and starts it.
 *
 * @param listenOn an address of this machine; 127.0.0.1 unless told
 * @throws Error with what the server logged when it does not come up within two minutes
 */
export async function startChaosPostgres({ listenOn = '127.0.0.1' } = {}): Promise<TormentedPostgres> {
  const directory = await mkdtemp(join(tmpdir(), `pressmark-chaos-postgres-${process.pid}-`));
  try {
    await chmod(directory, 0o755); // as root the server runs as another user, who must enter it
    const password = randomBytes(16).toString('hex');
    const embedded = await startEmbeddedPostgres({ directory, durable: false });
    await migrateDatabase({ connectionString: embedded.connectionString, includeCurrent: true });
    await oneQuery(embedded.connectionString, `alter role ${SUPERUSER} password '${password}'`);
    await embedded.stop();
    await writeFile(join(embedded.dataDirectory, 'pg_hba.conf'), 'host all all samenet scram-sha-256\n');
    const postgres = new TormentedPostgres(directory, listenOn, await freePort(listenOn), password);
    await postgres.start();
    return postgres;
  } catch (error) {
    await removeEmbeddedPostgres({ directory });
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Ends the servers of runs that were killed, and removes their files. */
export async function sweepPostgres(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = Number(DIRECTORIES.exec(name)?.[1]);
    if (!owner || isAlive(owner)) continue;
    const directory = join(tmpdir(), name);
    signalAll(await standingIn(directory), 'SIGKILL'); // what stood still when the run was killed
    await rm(directory, { recursive: true, force: true });
  }
}

export class TormentedPostgres implements ChaosPostgres {
  readonly url: string;
  private server: ChildProcess | undefined;
  private isFrozen = false;
  private readonly log: string;

  /** Use `startChaosPostgres`. */
  constructor(
    private readonly directory: string,
    readonly address: string,
    readonly port: number,
    password: string,
  ) {
    this.url = `postgresql://${SUPERUSER}:${password}@${address}:${port}/pressmark`;
    this.log = join(directory, 'server.log');
  }

  /** Its process is there and not frozen. */
  isUp(): boolean {
    return this.lives() && !this.isFrozen;
  }

  private lives(): boolean {
    return this.server !== undefined && this.server.exitCode === null && this.server.signalCode === null;
  }

  /** Resolves when it takes connections again, after recovery. Does nothing when it runs. */
  async start(): Promise<void> {
    if (this.lives()) return;
    const { path, major } = await findDataDirectory(this.directory);
    const account = await serverAccount(path);
    const binaries = await findBinaries({ account, major, copyTo: account ? REACHABLE : this.directory, origin: undefined }); // prettier-ignore
    const settings = [
      `listen_addresses=${this.address}`,
      `port=${this.port}`,
      'unix_socket_directories=',
      'max_connections=200',
      'restart_after_crash=on',
    ];
    const postgres = [
      join(binaries.directory, 'postgres'),
      '-D',
      path,
      ...settings.flatMap((setting) => ['-c', setting]),
    ];
    const [program = '', ...args] = [...dyingWithUs('INT', account), ...postgres];
    const log = await open(this.log, 'a');
    try {
      this.server = spawn(program, args, {
        cwd: '/',
        stdio: ['ignore', log.fd, log.fd],
        env: { LC_ALL: 'C', PATH: process.env['PATH'] },
      });
      await once(this.server, 'spawn');
    } finally {
      await log.close();
    }
    await this.answers();
  }

  /** `fast` ends sessions in order, `immediate` is a crash: the next start recovers. */
  async stop(mode: 'immediate' | 'fast'): Promise<void> {
    const { server } = this;
    if (!server || !this.lives()) return;
    const ended = once(server, 'exit');
    server.kill(STOP_SIGNALS[mode]);
    await this.thaw(); // what stands still would never hear of it
    const impatient = setTimeout(() => server.kill(STOP_SIGNALS.immediate), FAST_ENOUGH_MS);
    await ended;
    clearTimeout(impatient);
  }

  /** Terminates the sessions of all daemons. @returns how many there were */
  async cutConnections(): Promise<number> {
    const ended = await this.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${OF_DAEMONS}`);
    return ended.length;
  }

  /** The process ids of the daemons' sessions, those that work first. */
  async backends(): Promise<number[]> {
    const rows = await this.query(
      `select pid from pg_stat_activity where ${OF_DAEMONS} order by state = 'idle', state_change desc`,
    );
    return rows.map(({ pid }) => Number(pid));
  }

  /** Nothing answers any more, connections included; nobody is told. */
  async freeze(): Promise<void> {
    const pid = this.server?.pid;
    if (pid === undefined || !this.lives()) return;
    this.isFrozen = true;
    signalAll([pid], 'SIGSTOP'); // first, so that it makes no further children
    signalAll(await childrenOf(pid), 'SIGSTOP');
  }

  async thaw(): Promise<void> {
    const pid = this.server?.pid;
    if (pid !== undefined && this.lives()) signalAll([...(await childrenOf(pid)), pid], 'SIGCONT');
    this.isFrozen = false;
  }

  /** Ends it and removes its files. */
  async drop(): Promise<void> {
    await this.thaw();
    await this.stop('immediate');
    await removeEmbeddedPostgres({ directory: this.directory });
    await rm(this.directory, { recursive: true, force: true });
  }

  private query(text: string): Promise<Record<string, unknown>[]> {
    return oneQuery(this.url, text);
  }

  /** Until it takes connections. @throws Error with its log when it ends instead, or not within two minutes */
  async answers(): Promise<void> {
    const deadline = performance.now() + START_SECONDS * 1000;
    for (;;) {
      const why = await oneQuery(this.url, 'select').then(
        () => undefined,
        (error: unknown) => String(error),
      );
      if (why === undefined) return;
      if (!this.lives() || performance.now() > deadline)
        throw new Error(`PostgreSQL of the chaos run did not start (${why}): ${await readFile(this.log, 'utf8')}`);
      await wait(20);
    }
  }
}

async function oneQuery(connectionString: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString, application_name: 'chaos', connectionTimeoutMillis: 10_000, query_timeout: 60_000 }); // prettier-ignore
  client.on('error', () => undefined); // the query in progress fails, too
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
