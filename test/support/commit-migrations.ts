/** For developers: turns `migrations/current/*.sql` into committed migrations (`npm run commit:migrations`). */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commit, Logger } from 'graphile-migrate';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/database/embedded.js';
import { graphileName, untilGraphileClosed, withApplicationName } from '../../src/database/graphile-connections.js';
import { withDatabase } from './connection-string.js';

/**
 * Commits each file of `current/` as one new migration by graphile-migrate's own commit, in their order, which runs
 * every migration from the first on an empty database. `current/` is empty afterwards. When one fails nothing is
 * changed.
 *
 * @param adminUrl a server to use; else a PostgreSQL of its own is started for it
 * @returns the new files' names, e.g. `['000003-batches.sql']`
 * @throws Error with what PostgreSQL says to the migration that failed
 */
export async function commitMigrations(migrationsDirectory: string, adminUrl?: string): Promise<string[]> {
  const committed = join(migrationsDirectory, 'committed');
  const current = join(migrationsDirectory, 'current');
  const files = await numberedFiles(current);
  if (files.length === 0) return [];
  const scratch = await mkdtemp(join(tmpdir(), 'pressmark-commit-'));
  try {
    await cp(committed, join(scratch, 'committed'), { recursive: true }).catch(ignoreMissing);
    const before = await numberedFiles(join(scratch, 'committed'));
    await onServer(adminUrl, scratch, async (client, url) => {
      for (const file of files) {
        await copyFile(join(current, file), join(scratch, 'current.sql'));
        await commitOne(client, url, scratch, messageOf(file));
      }
    });
    const added = (await numberedFiles(join(scratch, 'committed'))).filter((file) => !before.includes(file));
    await mkdir(committed, { recursive: true });
    for (const file of added) {
      await copyFile(join(scratch, 'committed', file), join(committed, file), constants.COPYFILE_EXCL);
      await chmod(join(committed, file), 0o644); // graphile-migrate makes them read-only, which git does not keep
    }
    for (const file of files) await rm(join(current, file));
    return added;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Work = (client: pg.Client, adminUrl: string) => Promise<void>;

async function onServer(adminUrl: string | undefined, scratch: string, work: Work): Promise<void> {
  if (adminUrl === undefined) {
    await chmod(scratch, 0o755); // as root the server runs as another user, who must enter it
    const server = await startEmbeddedPostgres({ directory: scratch, durable: false });
    return onServer(server.connectionString, scratch, work).finally(server.stop);
  }
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  return work(client, adminUrl).finally(() => client.end());
}

/** graphile-migrate's commit works on two databases that it may drop: "current" has been applied to one, the other proves it. */
async function commitOne(
  client: pg.Client,
  adminUrl: string,
  migrationsFolder: string,
  message: string,
): Promise<void> {
  const said: string[] = [];
  const logger = new Logger(() => (_level, text) => void said.push(text));
  const applicationName = graphileName();
  const url = withApplicationName(adminUrl, applicationName);
  const scratch = `pressmark_commit_${randomUUID().slice(0, 8)}`;
  const { rows } = await client.query<{ name: string }>('select current_user as name');
  const settings = {
    connectionString: withDatabase(url, scratch),
    rootConnectionString: url,
    shadowConnectionString: withDatabase(url, `${scratch}_shadow`),
    databaseOwner: rows[0]?.name ?? '',
    migrationsFolder,
    logger,
  };
  await client.query(`create database ${scratch}`);
  try {
    await commit(settings, message);
  } catch (error) {
    throw new Error(`${message} could not be committed:\n${said.join('\n')}\n${String(error)}`, { cause: error });
  } finally {
    await untilGraphileClosed(client, applicationName);
    for (const name of [scratch, `${scratch}_shadow`])
      await client.query(`drop database if exists ${name} with (force)`);
  }
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
