/** The scripts of bin/sql as administrators run them: through a real psql. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'vitest';

export interface Psql {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export const SQL_DIRECTORY = resolve('bin/sql');

/** "cancel-pipeline", ...: all that there are. */
export const scripts = readdirSync(SQL_DIRECTORY)
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.slice(0, -'.sql'.length));

/** Runs `bin/sql/<script>.sql` with these variables. */
export function psql(url: string, script: string, variables: Record<string, string | number> = {}): Promise<Psql> {
  const set = Object.entries(variables).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
  const options = { env: { PATH: process.env['PATH'], PSQLRC: '/dev/null', LC_ALL: 'C.UTF-8' }, timeout: 60_000 };
  return new Promise((done, fail) => {
    execFile('psql', [url, ...set, '-f', `${SQL_DIRECTORY}/${script}.sql`], options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') fail(new Error('psql could not run', { cause: error }));
      else done({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** The same of one that must succeed and complain of nothing: what it printed. */
export async function did(
  url: string,
  script: string,
  variables: Record<string, string | number> = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await psql(url, script, variables);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

/** The same of one that must refuse: what it complained of. */
export async function refused(
  url: string,
  script: string,
  variables: Record<string, string | number> = {},
): Promise<string> {
  const { exitCode, stderr } = await psql(url, script, variables);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/^psql:[^\n]*ERROR: {2}/);
  return stderr;
}
