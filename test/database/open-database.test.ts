import { existsSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, type DatabaseSettings } from '../../src/database/open-database.js';
import { createTestDatabase } from '../support/database.js';
import { embeddedDirectory } from './embedded/embedded-directory.js';

async function namesOf(settings: DatabaseSettings): Promise<unknown> {
  const database = await openDatabase(settings, 'holding-pen');
  onTestFinished(() => database.close());
  expect(await database.kysely.selectFrom('pipelines').selectAll().execute()).toEqual([]);
  const { rows } = await database.pool.query<{ name: string; program: string }>(
    `select current_database() as name, current_setting('application_name') as program`,
  );
  return rows[0];
}

test('with DATABASE_URL: that database, under the name of the program', async () => {
  const own = await createTestDatabase();
  onTestFinished(() => own.drop());
  const name = new URL(own.url).pathname.slice(1);
  expect(await namesOf({ DATABASE_URL: own.url, VAR_DIRECTORY: '/nowhere' })).toEqual({ name, program: 'holding-pen' });
});

const committed = existsSync(new URL('../../migrations/committed/000001-engine.sql', import.meta.url));

test.runIf(committed)('with DATABASE_URL of a database that lacks a migration: refused, with the remedy', async () => {
  const own = await createTestDatabase();
  onTestFinished(() => own.drop());
  await own.database.pool.query('delete from graphile_migrate.migrations');
  const open = openDatabase({ DATABASE_URL: own.url, VAR_DIRECTORY: '/nowhere' }, 'run-jobs');
  await expect(open).rejects.toThrow(/lacks migration 000001.*bin\/migrate-database/);
});

test('without: an embedded one, with the newest schema, the first time and the second', async () => {
  const settings = { DATABASE_URL: undefined, VAR_DIRECTORY: await embeddedDirectory() };
  expect(await namesOf(settings)).toEqual({ name: 'pressmark', program: 'holding-pen' });
  expect(await namesOf(settings)).toEqual({ name: 'pressmark', program: 'holding-pen' });
});
