/** A PostgreSQL with a streaming replica, and one address that leads to whichever takes writes: a virtual IP in small. */
import { appendFile, chmod, cp, lchown, lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { startProxy } from './proxy.js';

export interface ReplicatedPostgres {
  /** Of the server that takes writes; after `failOver` the former replica. */
  url: string;
  /** Waits until the replica has all, and then it receives nothing: what is committed is lost to it. Only where replication is asynchronous. */
  cutReplication: () => Promise<void>;
  /** The primary is gone at once, without a word. */
  loseThePrimary: () => Promise<void>;
  /** The replica becomes the primary, and the address leads to it. */
  promote: () => Promise<void>;
  stop: () => Promise<void>;
}

/** Makes both from one cluster that was cleanly stopped. @param synchronous whether a commit waits for the replica */
export async function startReplicatedPostgres({ synchronous }: { synchronous: boolean }): Promise<ReplicatedPostgres> {
  const directory = await mkdtemp(join(tmpdir(), `pressmark-test-${process.pid}-replicated-`));
  await chmod(directory, 0o755); // the account of the servers must be able to enter
  const [first, second] = [join(directory, 'first'), join(directory, 'second')];
  const made = await startEmbeddedPostgres({ directory: first, durable: false });
  await migrateDatabase({ connectionString: made.connectionString, includeCurrent: true });
  await made.stop();
  await cp(first, second, { recursive: true, preserveTimestamps: true });
  const { uid, gid } = await lstat(made.dataDirectory);
  await giveAll(second, uid, gid);
  const primary = await startEmbeddedPostgres({ directory: first, durable: false });
  const socket = new URL(primary.connectionString).searchParams.get('host') ?? '';
  const data = join(second, 'postgres');
  await appendFile(
    join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${socket} user=pressmark application_name=replica'\n`,
  );
  await writeFile(join(data, 'standby.signal'), '');
  const replica = await startEmbeddedPostgres({ directory: second, durable: false });
  if (synchronous) {
    await ask(primary, `alter system set synchronous_standby_names = 'replica'`);
    await ask(primary, 'select pg_reload_conf()');
  }
  await ask(primary, 'alter database pressmark set synchronous_commit = on'); // only the disk is not durable here
  const target = { path: join(socket, '.s.PGSQL.5432') };
  const proxy = await startProxy(target);
  const url = `postgresql://pressmark@127.0.0.1:${proxy.port}/pressmark`;
  return {
    url,
    async cutReplication() {
      while ((await ask(primary, 'select from pg_stat_replication where replay_lsn >= pg_current_wal_lsn()')) === 0);
      await ask(replica, `alter system set primary_conninfo = ''`);
      await ask(replica, 'select pg_reload_conf()');
      while ((await ask(replica, 'select from pg_stat_wal_receiver')) > 0);
    },
    async loseThePrimary() {
      await proxy.cut();
      const pid = Number.parseInt(await readFile(join(primary.dataDirectory, 'postmaster.pid'), 'utf8'));
      process.kill(pid, 'SIGQUIT'); // what it has not sent to the replica is never sent
    },
    async promote() {
      await ask(replica, 'select pg_promote()');
      target.path = join(new URL(replica.connectionString).searchParams.get('host') ?? '', '.s.PGSQL.5432');
      await proxy.heal();
    },
    async stop() {
      await proxy.close();
      await replica.stop();
      await primary.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A copy belongs to who made it. */
async function giveAll(path: string, uid: number, gid: number): Promise<void> {
  for (const entry of await readdir(path, { recursive: true })) await lchown(join(path, entry), uid, gid);
}

/** @returns how many rows it gave */
async function ask({ connectionString }: EmbeddedPostgres, statement: string): Promise<number> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(statement)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
