/** A real MariaDB for one test file: a data directory of its own, reached over a socket only. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { NCA_TABLE_NAMES } from '../../../src/newspapers/nca/tables.js';
import { createTable, type Site } from './nca-tables.js';

const run = promisify(execFile);

const SERVER = ['/usr/sbin/mariadbd', '/usr/bin/mariadbd', '/usr/local/bin/mariadbd'].find((path) => existsSync(path));
const INSTALL = ['/usr/bin/mariadb-install-db', '/usr/local/bin/mariadb-install-db'].find((path) => existsSync(path));
const DUMP = ['/usr/bin/mariadb-dump', '/usr/local/bin/mariadb-dump'].find((path) => existsSync(path));

export const hasMariaDb = SERVER !== undefined && INSTALL !== undefined && DUMP !== undefined;

export interface MariaDb {
  socket: string;
  /** Its address, of the database "nca". */
  address: string;
  /** A fresh database "nca" with these rows. */
  fill: (site: Site) => Promise<void>;
  query: (statement: string) => Promise<void>;
  /** Cuts off everybody else. */
  killOthers: () => Promise<void>;
  /** What mariadb-dump writes of it. */
  dump: (...args: string[]) => Promise<string>;
  stop: () => Promise<void>;
}

export async function startMariaDb(): Promise<MariaDb> {
  const directory = await mkdtemp(join(tmpdir(), 'pressmark-mariadb-'));
  await chmod(directory, 0o755);
  const data = join(directory, 'data');
  const socket = join(directory, 'socket');
  // Without this it would give its files to a user "mysql", whom not every machine has.
  const asUser = process.getuid?.() === 0 ? ['--user=root'] : [];
  await run(INSTALL ?? '', ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...asUser]); // prettier-ignore
  const small = ['--innodb-buffer-pool-size=32M', '--innodb-log-file-size=8M', '--innodb-flush-log-at-trx-commit=0'];
  const server: ChildProcess = spawn(
    SERVER ?? '',
    ['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, '--skip-networking', `--pid-file=${join(directory, 'pid')}`, ...small, ...asUser], // prettier-ignore
    { stdio: 'ignore' },
  );
  const connect = () =>
    createConnection({ socketPath: socket, user: 'root', multipleStatements: true, charset: 'utf8mb4' });
  const connection = await connected(connect, server);
  return {
    socket,
    address: `mysql://root@localhost/nca?socket=${encodeURIComponent(socket)}`,
    query: async (statement) => {
      await connection.query(statement);
    },
    async killOthers() {
      const [others] = await connection.query<RowDataPacket[]>(
        `SELECT id FROM information_schema.processlist WHERE user = 'root' AND id <> CONNECTION_ID()`,
      );
      for (const { id } of others)
        await connection.query(`KILL ${Number(id)}`).catch((error: unknown) => {
          if ((error as { code?: string }).code !== 'ER_NO_SUCH_THREAD') throw error; // it has hung up by itself
        });
    },
    async fill(site) {
      await connection.query(`DROP DATABASE IF EXISTS nca; CREATE DATABASE nca CHARACTER SET utf8mb4; USE nca`);
      for (const table of NCA_TABLE_NAMES) {
        await connection.query(createTable(table));
        for (const row of site[table]) await connection.query('INSERT INTO ?? SET ?', [table, row]);
      }
      await connection.query(EXTRAS);
    },
    dump: async (...args) => {
      const { stdout } = await run(DUMP ?? '', ['--no-defaults', `--socket=${socket}`, '--user=root', ...args], { maxBuffer: 1 << 28 }); // prettier-ignore
      return stdout;
    },
    async stop() {
      connection.destroy();
      const ended = new Promise((done) => server.once('exit', done));
      server.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Tables that are not read, a view, and a trigger as NCA's insert triggers are. */
const EXTRAS = `
  CREATE TABLE audit_logs (id int AUTO_INCREMENT PRIMARY KEY, message text, picture blob);
  INSERT INTO audit_logs (message, picture) VALUES ('it''s; "quoted"', x'00ff275c'), (NULL, NULL);
  CREATE VIEW moc_issue_aggregation AS SELECT marc_org_code AS code, COUNT(*) AS count FROM issues WHERE ignored = 0 GROUP BY marc_org_code;
  CREATE TRIGGER jobs_created BEFORE INSERT ON jobs FOR EACH ROW BEGIN SET NEW.created_at = UTC_TIMESTAMP(); SET NEW.extra_data = ';'; END`;

async function connected<T>(connect: () => Promise<T>, server: ChildProcess): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await connect();
    } catch (error) {
      if (tries > 900 || server.exitCode !== null) throw error;
      await wait(100);
    }
  }
}
