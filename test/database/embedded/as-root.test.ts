/** PostgreSQL refuses to run as root, and the user it runs as cannot enter root's home. */
import { chmod, chown, lstat, mkdir, mkdtemp, readlink, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../../../src/database/embedded.js';
import { nobodyReaches } from '../../support/nobody.js';
import { ask, embeddedDirectory, isRoot, postmasterPid, programsOnPath, startInProgram } from './embedded-directory.js';

/** "nobody" on Debian; a plain user that certainly has no rights here. */
const PLAIN = { uid: 65534, gid: 65534 };

describe.runIf(isRoot)('as root', () => {
  test('the server runs as another user, who owns the data directory', async () => {
    const directory = await embeddedDirectory();
    const { connectionString, dataDirectory } = await startEmbeddedPostgres({ directory, durable: false });
    const pid = await postmasterPid(connectionString);
    const { uid } = await stat(dataDirectory);
    expect(uid).not.toBe(0);
    expect((await stat(`/proc/${pid}`)).uid).toBe(uid);
  });

  test('without a user "postgres" (PostgreSQL was never installed) the server runs as "nobody"', async () => {
    const directory = await embeddedDirectory();
    await programsOnPath({ id: '[ "$2" != postgres ] && exec /usr/bin/id "$@"' });
    const { dataDirectory } = await startEmbeddedPostgres({ directory, durable: false });
    expect((await stat(dataDirectory)).uid).toBe(PLAIN.uid);
  });

  test('a checkout in a directory of root alone: the data lies where the server can reach it, a link and a notice say where', async () => {
    const home = await mkdtemp(join(homedir(), 'pressmark-test-'));
    const directory = join(home, 'checkout', 'var');
    onTestFinished(() => rm(home, { recursive: true }));
    const notices: string[] = [];
    const { connectionString, dataDirectory, stop } = await startEmbeddedPostgres({
      directory,
      durable: false,
      notice: (text) => notices.push(text),
    });
    onTestFinished(() => rm(dataDirectory, { recursive: true }));
    expect(dirname(dataDirectory)).toBe('/var/lib/pressmark');
    expect(await readlink(join(directory, 'postgres'))).toBe(dataDirectory);
    expect(notices).toEqual([expect.stringContaining(dataDirectory)]);

    await ask(connectionString, 'create table kept as select 7 as number');
    await stop();
    const again = await startEmbeddedPostgres({ directory, durable: false });
    expect(await ask(again.connectionString, 'select * from kept')).toEqual([{ number: 7 }]);
    await stopEmbeddedPostgres({ directory });
  });

  test('a data directory of a plain user is served as that user', async () => {
    const directory = await embeddedDirectory();
    await chown(directory, PLAIN.uid, PLAIN.gid);
    const theirs = await startInProgram(directory, PLAIN).ended;
    expect(theirs.error).toBeUndefined();
    await stopEmbeddedPostgres({ directory });
    const { connectionString } = await startEmbeddedPostgres({ directory, durable: false });
    expect((await stat(`/proc/${await postmasterPid(connectionString)}`)).uid).toBe(PLAIN.uid);
  });

  test('a directory that was open and no longer is says which user cannot enter it', async () => {
    const directory = await embeddedDirectory();
    const { stop } = await startEmbeddedPostgres({ directory, durable: false });
    await stop();
    await chmod(directory, 0o700);
    await expect(startEmbeddedPostgres({ directory, durable: false })).rejects.toThrow(/may not enter .*chmod o\+x/);
  });

  test.runIf(nobodyReaches())('a plain user after root: told whose it is', async () => {
    const directory = await embeddedDirectory();
    await startEmbeddedPostgres({ directory, durable: false });
    const { error } = await startInProgram(directory, PLAIN).ended;
    expect(error).toMatch(/not yours to read.*as root.*VAR_DIRECTORY/);
  });

  test.runIf(nobodyReaches())('a plain user who may not write here: told what to set', async () => {
    const directory = await embeddedDirectory();
    const { error } = await startInProgram(join(directory, 'var'), PLAIN).ended;
    expect(error).toMatch(/EACCES.*VAR_DIRECTORY.*DATABASE_URL/);
    await expect(lstat(join(directory, 'var'))).rejects.toThrow('ENOENT');
  });
});

test.runIf(nobodyReaches())('a plain user gets a database in a directory of their own', async () => {
  const directory = join(await embeddedDirectory(), 'home');
  await mkdir(directory);
  await chown(directory, PLAIN.uid, PLAIN.gid);
  await chmod(directory, 0o700);
  onTestFinished(() => stopEmbeddedPostgres({ directory }));
  const { connectionString, dataDirectory } = await startInProgram(directory, PLAIN).ended;
  expect(dataDirectory).toBe(join(directory, 'postgres'));
  expect(await ask(connectionString ?? '', 'select 1 as one')).toEqual([{ one: 1 }]);
});
