/** The database of a program, as its settings say (design 7). */
import { connectDatabase, type ConnectOptions, type Database } from './database.js';
import { migrateDatabase, requireMigrated } from './migrate.js';

export interface DatabaseSettings {
  /** A server; without it an embedded PostgreSQL is started or joined. */
  DATABASE_URL: string | undefined;
  /** Where the embedded PostgreSQL has its data. */
  VAR_DIRECTORY: string;
}

export interface OpenOptions extends Omit<ConnectOptions, 'connectionString' | 'applicationName'> {
  /** Told what the user should know, e.g. that a database was made and where. */
  notice?: (text: string) => void;
}

/**
 * Opens the database: DATABASE_URL's, which bin/migrate-database must have brought up to date, else the embedded
 * PostgreSQL of VAR_DIRECTORY, started when it does not run and always migrated.
 *
 * @throws EmbeddedPostgresError or MigrationFailed, with the remedy.
 * @example
 * const database = await openDatabase(settings, 'holding-pen');
 */
export async function openDatabase(
  settings: DatabaseSettings,
  applicationName: string,
  { notice, ...options }: OpenOptions = {},
): Promise<Database> {
  const connectionString = settings.DATABASE_URL ?? (await embedded(settings.VAR_DIRECTORY, notice));
  const database = connectDatabase({ connectionString, applicationName, ...options });
  try {
    if (settings.DATABASE_URL !== undefined) await requireMigrated(database.pool);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function embedded(directory: string, notice: ((text: string) => void) | undefined): Promise<string> {
  const { startEmbeddedPostgres } = await import('./embedded.js'); // needed by those only who have no server
  const told = notice ? { notice } : {};
  const { connectionString } = await startEmbeddedPostgres({ directory, ...told });
  await migrateDatabase({ connectionString, includeCurrent: true });
  return connectionString;
}
