import { expect, onTestFinished, test } from 'vitest';
import { createEmptyDatabase } from '../support/database.js';
import { embeddedDirectory } from '../database/embedded/embedded-directory.js';
import { run, type Ran } from './run-program.js';

const migrate = (args: string[], env: Record<string, string>): Promise<Ran> => run('migrate-database', args, env);

test('a new database gets the newest schema; a second run says that there is nothing to do', async () => {
  const own = await createEmptyDatabase();
  onTestFinished(() => own.drop());
  const env = { DATABASE_URL: own.url };
  expect(await migrate(['--current'], env)).toMatchObject({ exitCode: 0 });
  expect((await own.database.pool.query('select from pipelines')).rowCount).toBe(0);
  expect(await migrate([], env)).toMatchObject({ exitCode: 0, stdout: 'The database is up to date.\n' });
  const again = await migrate(['--json'], env);
  expect(JSON.parse(again.stdout)).toEqual({ applied: [] });
});

test('without DATABASE_URL the embedded PostgreSQL is started and migrated', async () => {
  const directory = await embeddedDirectory();
  expect(await migrate([], { VAR_DIRECTORY: directory })).toMatchObject({ exitCode: 0 });
});

test('a server that is not there: exit 1 with the reason and no stack', async () => {
  const { exitCode, stderr } = await migrate([], { DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/news' });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Cannot reach the database news on 127\.0\.0\.1: .*ECONNREFUSED.*\n$/);
  expect(stderr).not.toContain('secret');
});

test('mistakes of usage and of settings: exit 2', async () => {
  expect(await migrate(['--nonsense'], {})).toMatchObject({ exitCode: 2 });
  expect(await migrate([], { DATABASE_URL: 'nonsense' })).toMatchObject({ exitCode: 2 });
});

test('--help shows examples', async () => {
  const { exitCode, stdout } = await migrate(['--help'], {});
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Examples:');
});
