/** Backups as docs/deploy.md describes them: the database by pg_dump, the areas by copying; and both restored. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import type { World } from './daemon.js';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';

export interface Tools {
  dump: string;
  restore: string;
}

/** pg_dump and pg_restore that are as new as the server: older ones refuse it. Undefined when there are none. */
export async function backupTools({ own }: World): Promise<Tools | undefined> {
  const { rows } = await own.database.pool.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  const versions = existsSync(VERSIONS) ? await readdir(VERSIONS) : [];
  const version = versions.find((each) => Number(each) >= (rows[0]?.major ?? 0));
  if (version === undefined) return undefined;
  const tool = (name: string) => join(VERSIONS, version, 'bin', name);
  return existsSync(tool('pg_dump')) ? { dump: tool('pg_dump'), restore: tool('pg_restore') } : undefined;
}

export const dumpDatabase = (world: World, tools: Tools, file: string) =>
  run(tools.dump, ['-Fc', '--file', file, '--dbname', world.own.url]);

/** The areas as they are; what goes away while they are copied is passed over, as rsync does. */
export async function copyAreas(world: World, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run('cp', ['-a', `${world.root}/.`, to]).catch((error: unknown) => {
    if (!/No such file or directory/.test((error as { stderr?: string }).stderr ?? '')) throw error;
  });
}

/** Another server with the same paths: a new database from the dump, the areas from the copy. What was there is lost. */
export async function restore(world: World, tools: Tools, dump: string, files: string): Promise<World> {
  const own: TestDatabase = await createEmptyDatabase();
  await run(tools.restore, ['--no-owner', '--exit-on-error', '--dbname', own.url, dump]);
  await rm(world.root, { recursive: true });
  await run('cp', ['-a', files, world.root]); // modification times to the nanosecond, which node's own copy does not keep
  const settings = join(world.root, 'settings.env');
  const text = await readFile(settings, 'utf8');
  await writeFile(settings, text.replace(/^DATABASE_URL=.*$/m, `DATABASE_URL="${own.url}"`));
  return { ...world, own };
}
