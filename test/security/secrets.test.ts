/** Files that hold passwords and keys: whom they are open to, and who is told. */
import { chmodSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { looseSecrets } from '../../src/cli/run-jobs/loose-secrets.js';
import { temporaryBeside, writeFileSafely } from '../../src/files/land.js';
import { withScratch } from '../../src/newspapers/derivatives/scratch.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});

function given(name: string, text: string, mode: number): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('a settings file with a password, or a private key, that everybody may read or change is told, with what mends it', () => {
  const key = given('id_agent', 'a key', 0o604);
  const file = given('settings.env', `DATABASE_URL="postgres://a:hidden@b/c"\nAGENT_CLIENT_KEY="${key}"\n`, 0o646);
  const told = looseSecrets({ file, env: {} });
  expect([...told].sort().reverse()).toEqual([
    `every user of this host may read and change ${file}, which holds the password of DATABASE_URL: chmod o= ${file}`,
    `every user of this host may read ${key}, which holds the private key of AGENT_CLIENT_KEY: chmod o= ${key}`,
  ]);
  expect(told.join()).not.toContain('hidden');
  for (const path of [file, key]) chmodSync(path, 0o640);
  expect(looseSecrets({ file, env: {} })).toEqual([]);
});

test('a key that cannot be looked at is no reason not to start: whoever needs it says so', () => {
  const loop = join(directory, 'loop');
  symlinkSync(loop, loop);
  expect(looseSecrets({ file: given('settings.env', `AGENT_CLIENT_KEY="${loop}"\n`, 0o640), env: {} })).toEqual([]);
});

test('one without a password may be read by everybody; a password of the environment is in no file', () => {
  const file = given('settings.env', 'DPI=150\nDATABASE_URL="postgres://b/c"\n', 0o644);
  expect(looseSecrets({ file, env: {} })).toEqual([]);
  expect(looseSecrets({ file, env: { NCA_DATABASE_URL: 'postgres://a:hidden@b/c' } })).toEqual([]);
  expect(looseSecrets({ file, env: { NCA_AGENT_CLIENT_KEY: join(directory, 'not there') } })).toEqual([]);
});

test('names of temporary files cannot be guessed, and what lies there already is never written into', async () => {
  const names = new Set(Array.from({ length: 1000 }, () => temporaryBeside('/x/1.pdf')));
  expect(names.size).toBe(1000);
  for (const name of names) expect(name).toMatch(/^\/x\/\.pressmark-[\da-f]{8}-[\da-f]{16}\.pdf$/);
  await mkdir(join(directory, 'made'));
  await withScratch({ target: join(directory, 'made', '0001.jp2') }, (scratch) => {
    expect(statSync(scratch).mode & 0o777).toBe(0o700);
    return Promise.resolve();
  });
  await writeFileSafely(join(directory, 'made', 'note'), 'x');
  expect(statSync(join(directory, 'made', 'note')).mode & 0o777).toBe(0o644);
  expect(await readdir(join(directory, 'made'))).toEqual(['note']);
});
