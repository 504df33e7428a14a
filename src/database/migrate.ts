/** Brings a database to the newest schema: graphile-migrate as a library, under a lock of our own. */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import pg from 'pg';
import { databaseName } from './database-name.js';
import './default-user.js';
import { graphileName, untilGraphileClosed, withApplicationName } from './graphile-connections.js';
import { loginRemedy } from './login-refused.js';

/** Two levels above this file, from src/database and from dist/database alike. */
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** "PRESSMARK" on a phone's keys. graphile-migrate's own lock does not wait: of two programs that start together one would fail. */
const LOCK = 773776275;

/** The database could not be brought to the newest schema. */
export class MigrationFailed extends Error {
  override name = 'MigrationFailed';
}

export interface MigrateOptions {
  /** A direct connection: a pooler in transaction mode cannot keep the lock. */
  connectionString: string;
  /** Also apply `migrations/current`, where it exists: what is being developed, not yet committed. */
  includeCurrent: boolean;
  /** Told each step, e.g. "Applying 000001-engine.sql". */
  notice?: (text: string) => void;
  /** Where `committed/` and `current/` are; the program's own unless told. */
  migrationsDirectory?: string;
  /** How long to wait while another program migrates; 600 unless told. */
  lockTimeoutSeconds?: number;
}

/**
 * Applies every migration that the database lacks, each in its own transaction. Any number of programs may call it at
 * once; a database that is up to date is left alone.
 *
 * @returns the file names of the committed migrations that were applied
 * @throws MigrationFailed naming the migration and PostgreSQL's reason, or why the database cannot be reached.
 */
export async function migrateDatabase(options: MigrateOptions): Promise<string[]> {
  const { includeCurrent, migrationsDirectory = MIGRATIONS } = options;
  const client = await connect(options.connectionString);
  try {
    const withCurrent = includeCurrent && (await sqlFiles(`${migrationsDirectory}/current`)).length > 0;
    if (!withCurrent && (await missing(client, migrationsDirectory)).length === 0) return [];
    await requireOwner(client);
    await refuseSharedSessions(client, options.connectionString);
    await lock(client, options.lockTimeoutSeconds ?? 600);
    const toApply = await missing(client, migrationsDirectory);
    await runGraphileMigrate(client, options, migrationsDirectory, withCurrent);
    return toApply;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Refuses a database that this version of the program cannot work with.
 *
 * @throws MigrationFailed when committed migrations are missing there; pg's error when it cannot be reached.
 */
export async function requireMigrated(pool: pg.Pool, migrationsDirectory = MIGRATIONS): Promise<void> {
  const [first] = await missing(pool, migrationsDirectory);
  if (first === undefined) return;
  throw new MigrationFailed(`The database lacks migration ${first}: run bin/migrate-database`);
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    application_name: 'pressmark migrate',
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
  });
  client.on('error', () => undefined); // the lock went with the connection; graphile-migrate's own connections fail for themselves
  try {
    await client.connect();
    return client;
  } catch (error) {
    const remedy = loginRemedy(error as pg.DatabaseError) ?? 'is PostgreSQL running, is DATABASE_URL right?';
    throw new MigrationFailed(
      `Cannot reach the database ${databaseName(client)}: ${reasonOf(error)}. ${capitalised(remedy)}`,
      { cause: error },
    );
  }
}

/**
 * Behind a pooler in transaction mode two connections share a session, and the lock would be anybody's.
 *
 * @throws MigrationFailed
 */
async function refuseSharedSessions(client: pg.Client, connectionString: string): Promise<void> {
  const mark = randomUUID();
  await client.query(`select set_config('pressmark.session', $1, false)`, [mark]);
  const other = await connect(connectionString);
  try {
    const { rows } = await other.query<{ mark: string | null }>(
      `select current_setting('pressmark.session', true) as mark`,
    );
    if (rows[0]?.mark !== mark) return;
    await other.query(`select set_config('pressmark.session', '', false)`);
    throw new MigrationFailed(
      `The database ${databaseName(client)} is reached through a pooler that shares sessions (pgbouncer in transaction mode), which cannot keep the lock of a migration: run bin/migrate-database with a DATABASE_URL that leads to PostgreSQL itself`,
    );
  } finally {
    await other.end().catch(() => undefined);
  }
}

/** Polls: a session that waits inside pg_advisory_lock holds a snapshot, and an index built concurrently would wait for it for ever. */
async function lock(client: pg.Client, timeoutSeconds: number): Promise<void> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [LOCK]);
    if (rows[0]?.locked) return;
    if (Date.now() > deadline) {
      throw new MigrationFailed(
        `Another program has been migrating the database ${databaseName(client)} for ${timeoutSeconds} s: look for application_name 'pressmark migrate' in pg_stat_activity`,
      );
    }
    await wait(100);
  }
}

/** Committed migrations that the database has not seen. */
async function missing(client: pg.Client | pg.Pool, migrationsDirectory: string): Promise<string[]> {
  const committed = await sqlFiles(`${migrationsDirectory}/committed`);
  const names = await appliedNames(client);
  const applied = new Set(names); // graphile-migrate keeps '000001.sql' of '000001-engine.sql'
  return committed.filter((file) => !applied.has(file.replace(/-.*(?=\.sql$)/, '')));
}

/** Asks a function where there is one: the role of the programs may not look into the migrations' own schema. */
async function appliedNames(client: pg.Client | pg.Pool): Promise<string[]> {
  const known = await client.query<{ asked: boolean; there: boolean }>(
    `select to_regprocedure('public.applied_migrations()') is not null as asked,
       exists (select from pg_namespace n join pg_class c on c.relnamespace = n.oid
         where n.nspname = 'graphile_migrate' and c.relname = 'migrations' and has_schema_privilege(n.oid, 'usage')) as there`,
  );
  const { asked, there } = known.rows[0] ?? { asked: false, there: false };
  if (!asked && !there) return [];
  const { rows } = await client.query<{ filename: string }>(
    asked
      ? 'select filename from public.applied_migrations() as filename'
      : 'select filename from graphile_migrate.migrations',
  );
  return rows.map(({ filename }) => filename);
}

/** Before anything is tried: a role that may not make schemas is that of the programs, not the owner. */
async function requireOwner(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ role: string; may: boolean; owner: string | null }>(
    `select current_user as role, has_database_privilege(current_database(), 'create') as may,
       coalesce((select tableowner from pg_tables where schemaname = 'public' and tablename = 'pipelines'),
         (select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = 'graphile_migrate')) as owner`,
  );
  const { role, may, owner } = rows[0] ?? { role: '', may: true, owner: null };
  if (may && (owner === null || owner === role)) return; // what a superuser or a member makes would be its own, not the owner's
  const whom = owner ?? 'its owner';
  throw new MigrationFailed(
    `The role ${role} may not change the database ${databaseName(client)}: migrate as ${whom}, e.g. DATABASE_URL=postgresql://${owner ?? 'OWNER'}@HOST/${client.database ?? 'DATABASE'} bin/migrate-database`,
  );
}

async function sqlFiles(directory: string): Promise<string[]> {
  const files = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return files.filter((file) => /^\d+.*\.sql$/.test(file)).sort();
}

async function runGraphileMigrate(
  client: pg.Client,
  { connectionString, notice }: MigrateOptions,
  migrationsFolder: string,
  withCurrent: boolean,
): Promise<void> {
  const { Logger, migrate, watch } = await import('graphile-migrate'); // slow to load, and seldom needed
  const applicationName = graphileName();
  let running: string | undefined;
  const logger = new Logger(() => (_level, text) => {
    const committed = /Running migration '(.+)'/.exec(text)?.[1];
    if (committed) notice?.(`Applying ${committed}`);
    if (committed ?? text.includes('Running current')) running = committed ?? 'migrations/current';
  });
  const settings = {
    connectionString: withApplicationName(connectionString, applicationName),
    rootConnectionString: 'template1', // not used, but else it reads ROOT_DATABASE_URL
    migrationsFolder,
    logger,
  };
  const currentBefore = await appliedCurrent(client);
  try {
    await besideDaemons(() => (withCurrent ? watch(settings, true) : migrate(settings)), notice);
  } catch (error) {
    throw new MigrationFailed(
      `Migrating the database ${databaseName(client)} failed${running ? ` at ${running}` : ''}: ${explain(error)}${currentBefore ? CURRENT_MOVED_ON : ''}`,
      { cause: error },
    );
  } finally {
    await untilGraphileClosed(client, applicationName);
  }
}

/** Daemons work on while tables are changed, and lock them in an order of their own: PostgreSQL may end either side. Nothing of it was applied then. */
async function besideDaemons(migrating: () => Promise<void>, notice: MigrateOptions['notice']): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await migrating();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== DEADLOCK || tries === 10) throw error;
      notice?.('A daemon was in the way (deadlock); trying again');
    }
  }
}

const DEADLOCK = '40P01';

const CURRENT_MOVED_ON =
  '\nAn earlier migrations/current was applied to this database, which no migration can take back: start with an empty one (remove var/postgres, or drop the database)';

/** Was anything under development applied here? */
async function appliedCurrent(client: pg.Client): Promise<boolean> {
  const known = await client.query<{ there: boolean }>(
    `select to_regclass('graphile_migrate.current') is not null as there`,
  );
  if (!known.rows[0]?.there) return false;
  return ((await client.query('select from graphile_migrate.current')).rowCount ?? 0) > 0;
}

/** At which line, and what PostgreSQL says to it. */
function explain(error: unknown): string {
  const {
    detail,
    hint,
    _gmMessageOverride: excerpt,
  } = error as { detail?: string; hint?: string; _gmMessageOverride?: string };
  return [excerpt ? stripVTControlCharacters(excerpt) : reasonOf(error), detail, hint].filter(Boolean).join('\n');
}

const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function reasonOf(error: unknown): string {
  // A connection tried over IPv6 and IPv4 fails with one error each and a message of its own only inside them.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
