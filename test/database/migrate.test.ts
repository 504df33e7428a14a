import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { migrateDatabase, MigrationFailed, requireMigrated, type MigrateOptions } from '../../src/database/migrate.js';
import { until } from '../engine/support.js';
import { commitMigrations } from '../support/commit-migrations.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let own: TestDatabase;
let migrations: string;

beforeEach(async () => {
  own = await createEmptyDatabase();
  migrations = await temporaryDirectory();
  await mkdir(join(migrations, 'current'));
  onTestFinished(() => own.drop());
});

const migrate = (options: Partial<MigrateOptions> = {}): Promise<string[]> =>
  migrateDatabase({ connectionString: own.url, includeCurrent: false, migrationsDirectory: migrations, ...options });

const write = (file: string, sql: string): Promise<void> => writeFile(join(migrations, file), sql);

/** Two committed migrations, made once: committing takes a second or two. */
let two: string;
beforeAll(async () => {
  two = await mkdtemp(join(tmpdir(), 'pressmark-two-migrations-'));
  await mkdir(join(two, 'current'));
  await writeFile(
    join(two, 'current/1-pages.sql'),
    'create table pages (number integer);\ninsert into pages values (1);',
  );
  await writeFile(join(two, 'current/2-labels.sql'), 'alter table pages add column label text;');
  await commitMigrations(two, inject('postgres').adminUrl);
});
afterAll(() => rm(two, { recursive: true }));

const commitTwo = (): Promise<void> => cp(two, migrations, { recursive: true });

const pages = async (): Promise<object[]> => (await own.database.pool.query<object>('select * from pages')).rows;

test('an empty database gets every committed migration, and a second run changes nothing', async () => {
  await commitTwo();
  expect(await migrate()).toEqual(['000001-pages.sql', '000002-labels.sql']);
  expect(await migrate()).toEqual([]);
  expect(await pages()).toEqual([{ number: 1, label: null }]);
});

test('a program refuses a database that lacks a migration it was written for, and says what to run', async () => {
  await commitTwo();
  await expect(requireMigrated(own.database.pool, migrations)).rejects.toThrow(
    /lacks migration 000001-pages\.sql: run bin\/migrate-database/,
  );
  await migrate();
  await requireMigrated(own.database.pool, migrations);
});

test('five programs that start together apply each migration once, and none fails', async () => {
  await commitTwo();
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate()));
  expect(applied.flat().sort()).toEqual(['000001-pages.sql', '000002-labels.sql']);
  expect(await pages()).toEqual([{ number: 1, label: null }]);
});

test('a migration that fails is named with its reason, changes nothing, and those before it stay', async () => {
  await commitTwo();
  await own.database.pool.query('create view labels as select 1'); // in the way of the third
  await write('current/3-labels.sql', 'insert into pages values (2);\ncreate table labels (text text);');
  await commitMigrations(migrations, inject('postgres').adminUrl);
  const failure = await migrate().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MigrationFailed);
  expect((failure as Error).message).toContain('000003-labels.sql');
  expect((failure as Error).message).toContain('relation "labels" already exists');
  expect(await pages()).toEqual([{ number: 1, label: null }]);
});

test('a committed migration that was edited afterwards is refused', async () => {
  await commitTwo();
  const file = join(migrations, 'committed/000002-labels.sql');
  await writeFile(file, (await readFile(file, 'utf8')).replace('label text', 'label varchar'));
  await expect(migrate()).rejects.toThrow('tampered');
});

test('a migration that PostgreSQL ends because of a daemon in its way is tried again', async () => {
  // Who begins to wait last closes the circle, sees it and is ended: the migration, let go on when the daemon waits for it already.
  const gate = 4711;
  await writeFile(
    join(migrations, 'current/1-both.sql'),
    `alter table one add if not exists b integer;\nselect pg_advisory_xact_lock(${gate});\nalter table two add if not exists b integer;`,
  );
  const { pool } = own.database;
  await pool.query('create table one (a integer); create table two (a integer)');
  const [daemon, gatekeeper] = [await pool.connect(), await pool.connect()];
  onTestFinished(() => [daemon, gatekeeper].forEach((client) => client.release()));
  await gatekeeper.query('select pg_advisory_lock($1)', [gate]);
  await daemon.query('begin; lock table two');
  await daemon.query(`set deadlock_timeout = '1h'`); // it does not look for a circle
  const notices: string[] = [];
  const migrated = migrate({ includeCurrent: true, notice: (text) => notices.push(text) });
  const HERE = 'database = (select oid from pg_database where datname = current_database())';
  const waits = async (lock: string) =>
    (await pool.query(`select from pg_locks where not granted and ${HERE} and ${lock}`)).rowCount === 1;
  await until('the migration has the first table', () => waits(`locktype = 'advisory' and objid = ${gate}`));
  const locked = daemon.query('lock table one; commit');
  await until('the daemon waits for that', () => waits(`relation = 'one'::regclass`));
  await gatekeeper.query('select pg_advisory_unlock($1)', [gate]);
  await locked;
  await migrated;
  expect(notices).toContain('A daemon was in the way (deadlock); trying again');
  await pool.query('select one.b, two.b from one, two');
});

test('what is under development is applied only when asked for', async () => {
  await write('current/1-pages.sql', 'create table pages (number integer);');
  await write('current/2-more.sql', 'insert into pages values (7);');
  await migrate();
  await expect(pages()).rejects.toThrow('does not exist');
  await migrate({ includeCurrent: true });
  await migrate({ includeCurrent: true });
  expect(await pages()).toEqual([{ number: 7 }]);
});

test('what is under development and moved on is no riddle: start with an empty database', async () => {
  await write('current/1-pages.sql', 'create table pages (number integer);');
  await migrate({ includeCurrent: true });
  await write('current/1-pages.sql', 'create table pages (number smallint);');
  await expect(migrate({ includeCurrent: true })).rejects.toThrow(/"pages" already exists(.|\n)*remove var\/postgres/);
});

test('a database that is already up to date needs no lock: a program starts while another migrates', async () => {
  await commitTwo();
  await migrate();
  await holdTheLock();
  expect(await migrate({ lockTimeoutSeconds: 0 })).toEqual([]);
});

test('a lock that is never given back is an error that says where to look', async () => {
  await commitTwo();
  await holdTheLock();
  await expect(migrate({ lockTimeoutSeconds: 0 })).rejects.toThrow(/Another program .* pg_stat_activity/);
});

test('no connection is left behind: the database can be dropped at once', async () => {
  await commitTwo();
  await migrate();
  const name = new URL(own.url).pathname.slice(1);
  const { rowCount } = await own.database.pool.query(
    `select from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() and backend_type <> 'autovacuum worker'`,
    [name],
  );
  expect(rowCount).toBe(0);
});

test('a server that cannot be reached is named without its password', async () => {
  const failure = await migrate({ connectionString: 'postgresql://me:secret@127.0.0.1:1/news' }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(MigrationFailed);
  expect((failure as Error).message).toMatch(/news on 127\.0\.0\.1.*ECONNREFUSED.*DATABASE_URL/);
  expect((failure as Error).message).not.toContain('secret');
});

test("the program's own migrations run on an empty database, committed ones and those under development", async () => {
  await migrateDatabase({ connectionString: own.url, includeCurrent: true });
  expect((await own.database.pool.query('select from pipelines')).rowCount).toBe(0);
});

/** What another program does while it migrates. */
async function holdTheLock(): Promise<void> {
  const client = new pg.Client({ connectionString: own.url });
  await client.connect();
  await client.query('select pg_advisory_lock(773776275)');
  onTestFinished(() => client.end());
}
