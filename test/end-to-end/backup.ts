/** Backups as docs/deploy.md describes them: the database by pg_dump, the areas by copying; and both restored. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyDatabase, createEmptyDatabase, type TestDatabase } from '../support/database.js';
import type { World } from './daemon.js';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';

/** The state of a database at a moment, until `drop`. */
export interface Dump {
  restore: () => Promise<TestDatabase>;
  drop: () => Promise<void>;
}

/**
 * Dumps by pg_dump, to be restored by pg_restore, of the server's version or newer. Where there are none (Debian has none for
 * the embedded server), PostgreSQL copies the database.
 */
export async function dumpDatabase({ own }: World, file: string): Promise<Dump> {
  const tools = await toolsFor(own);
  if (!tools) {
    const copy = await copyDatabase(own.url);
    return { restore: () => copyDatabase(copy.url), drop: copy.drop };
  }
  await run(tools.dump, ['-Fc', '--file', file, '--dbname', own.url]);
  return {
    async restore() {
      const empty = await createEmptyDatabase();
      await run(tools.restore, ['--no-owner', '--exit-on-error', '--dbname', empty.url, file]);
      return empty;
    },
    drop: () => rm(file),
  };
}

/** pg_dump and pg_restore that can dump this database; undefined where there are none. */
export async function toolsFor({ database }: TestDatabase): Promise<{ dump: string; restore: string } | undefined> {
  const { rows } = await database.pool.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  const versions = existsSync(VERSIONS) ? await readdir(VERSIONS) : [];
  const version = versions.find((each) => Number(each) >= (rows[0]?.major ?? 0)) ?? '';
  const tool = (name: string) => join(VERSIONS, version, 'bin', name);
  return existsSync(tool('pg_dump')) ? { dump: tool('pg_dump'), restore: tool('pg_restore') } : undefined;
}

/** The areas as they are; what goes away while they are copied is passed over, as rsync does. */
export async function copyAreas(world: World, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run('cp', ['-a', `${world.root}/.`, to]).catch((error: unknown) => {
    if (!/No such file or directory/.test((error as { stderr?: string }).stderr ?? '')) throw error;
  });
}

/** Another server with the same paths: a new database from the dump, the areas from the copy. What was there is lost. */
export async function restore(world: World, dump: Dump, files: string): Promise<World> {
  const own = await dump.restore();
  await rm(world.root, { recursive: true });
  await run('cp', ['-a', files, world.root]); // modification times to the nanosecond, which node's own copy does not keep
  const settings = join(world.root, 'settings.env');
  const text = await readFile(settings, 'utf8');
  await writeFile(settings, text.replace(/^DATABASE_URL=.*$/m, `DATABASE_URL="${own.url}"`));
  return { ...world, own };
}
