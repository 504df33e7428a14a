import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, inject, test } from 'vitest';
import { commitMigrations } from '../support/commit-migrations.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let migrations: string;

beforeEach(async () => {
  migrations = await temporaryDirectory();
  await mkdir(join(migrations, 'current'));
});

const develop = (file: string, sql: string): Promise<void> => writeFile(join(migrations, 'current', file), sql);

test('each file of current becomes one committed migration, in the order of their numbers, linked by hashes', async () => {
  await develop('1-orgs.sql', 'create table orgs (code text);');
  await develop('2-titles.sql', 'create table titles (lccn text);');
  await commitMigrations(migrations, inject('postgres').adminUrl);
  await develop('2-pages.sql', 'alter table issues add column pages integer;');
  await develop('10-last.sql', 'alter table issues drop column pages;');
  await develop('1-issues.sql', 'create table issues (id integer);');
  expect(await commitMigrations(migrations, inject('postgres').adminUrl)).toEqual([
    '000003-issues.sql',
    '000004-pages.sql',
    '000005-last.sql',
  ]);

  expect(await readdir(join(migrations, 'current'))).toEqual([]);
  const committed = await Promise.all(
    (await readdir(join(migrations, 'committed'))).map((file) => readFile(join(migrations, 'committed', file), 'utf8')),
  );
  const headers = committed.map((text) => ({
    previous: /Previous: (.+)/.exec(text)?.[1],
    hash: /Hash: (.+)/.exec(text)?.[1],
  }));
  expect(headers.map(({ previous }) => previous)).toEqual(['-', ...headers.slice(0, -1).map(({ hash }) => hash)]);
});

test('a migration that PostgreSQL refuses changes nothing, and its reason is told', async () => {
  await develop('1-good.sql', 'create table orgs (code text);');
  await develop('2-bad.sql', 'create table orgs (code text);');
  await expect(commitMigrations(migrations, inject('postgres').adminUrl)).rejects.toThrow(
    'relation "orgs" already exists',
  );
  expect(await readdir(join(migrations, 'current'))).toEqual(['1-good.sql', '2-bad.sql']);
  expect(await readdir(migrations)).toEqual(['current']);
});

test('nothing but this checkout is needed: without a server it starts its own', async () => {
  await develop('1-orgs.sql', 'create table orgs (code text);');
  expect(await commitMigrations(migrations)).toEqual(['000001-orgs.sql']);
});

test('nothing to commit is no mistake', async () => {
  expect(await commitMigrations(migrations)).toEqual([]);
});
