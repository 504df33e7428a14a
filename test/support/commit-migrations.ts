/** For developers: turns `migrations/current/*.sql` into committed migrations (`npm run commit:migrations`). */
import { constants } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commit, Logger } from 'graphile-migrate';
import { startEmbeddedPostgres } from '../../src/database/embedded.js';
import { withDatabase } from './connection-string.js';

/**
 * Commits each file of `current/` as one new migration by graphile-migrate's own commit, in their order, which runs
 * every migration from the first on an empty PostgreSQL of its own. `current/` is empty afterwards. When one fails
 * nothing is changed.
 *
 * @returns the new files' names, e.g. `['000003-batches.sql']`
 * @throws Error with what PostgreSQL says to the migration that failed
 */
export async function commitMigrations(migrationsDirectory: string): Promise<string[]> {
  const committed = join(migrationsDirectory, 'committed');
  const current = join(migrationsDirectory, 'current');
  const files = await numberedFiles(current);
  const scratch = await mkdtemp(join(tmpdir(), 'pressmark-commit-'));
  await chmod(scratch, 0o755); // as root the server runs as another user, who must enter it
  const server = await startEmbeddedPostgres({ directory: scratch, durable: false });
  try {
    const folder = join(scratch, 'migrations');
    await mkdir(folder);
    await cp(committed, join(folder, 'committed'), { recursive: true }).catch(ignoreMissing);
    const before = await numberedFiles(join(folder, 'committed'));
    for (const file of files) {
      await copyFile(join(current, file), join(folder, 'current.sql'));
      await commitOne(server.connectionString, folder, messageOf(file));
    }
    const added = (await numberedFiles(join(folder, 'committed'))).filter((file) => !before.includes(file));
    await mkdir(committed, { recursive: true });
    for (const file of added)
      await copyFile(join(folder, 'committed', file), join(committed, file), constants.COPYFILE_EXCL);
    for (const file of added) await chmod(join(committed, file), 0o644);
    for (const file of files) await rm(join(current, file));
    return added;
  } finally {
    await server.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function commitOne(connectionString: string, migrationsFolder: string, message: string): Promise<void> {
  const said: string[] = [];
  const logger = new Logger(() => (level, text) => {
    if (String(level) === 'error') said.push(text);
  });
  const settings = {
    connectionString,
    rootConnectionString: withDatabase(connectionString, 'postgres'),
    shadowConnectionString: withDatabase(connectionString, 'shadow'),
    databaseOwner: 'pressmark',
    migrationsFolder,
    logger,
  };
  await commit(settings, message).catch((error: unknown) => {
    throw new Error(`${message} could not be committed: ${said[0] ?? String(error)}`, { cause: error });
  });
}

async function numberedFiles(directory: string): Promise<string[]> {
  const files: string[] = await readdir(directory).catch(ignoreMissing);
  return files
    .filter((file) => /^\d+.*\.sql$/.test(file))
    .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
}

/** '2-newspapers.sql' is committed as '000002-newspapers.sql' (or whatever number comes next). */
function messageOf(file: string): string {
  return file.replace(/^\d+-?/, '').replace(/\.sql$/, '');
}

function ignoreMissing(error: unknown): never[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}
