import { mkdir, readdir, rm, symlink, writeFile, chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EmbeddedPostgresError, startEmbeddedPostgres, stopEmbeddedPostgres } from '../../src/database/embedded.js';
import { socketDirectoryOf } from '../../src/database/embedded/socket-directory.js';
import { ask, embeddedDirectory, postmasterPid, startInProgram } from './embedded/embedded-directory.js';

const start = (directory: string): ReturnType<typeof startEmbeddedPostgres> =>
  startEmbeddedPostgres({ directory, durable: false });

describe('a directory without a database', () => {
  test('gets one, reached over a private socket and nothing else', async () => {
    const directory = await embeddedDirectory();
    const { connectionString } = await startEmbeddedPostgres({ directory });
    expect(await ask(connectionString, 'select current_database() as name')).toEqual([{ name: 'pressmark' }]);
    expect(await ask(connectionString, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
    const socket = new URL(connectionString).searchParams.get('host') ?? '';
    expect((await stat(socket)).mode & 0o777).toBe(0o700);
    expect(await ask(connectionString, 'show fsync')).toEqual([{ fsync: 'on' }]);
  });

  test('gets one server, however many programs start at once', async () => {
    const directory = await embeddedDirectory();
    const programs = await Promise.all(Array.from({ length: 4 }, () => startInProgram(directory).ended));
    const pids = await Promise.all(programs.map(({ connectionString = '' }) => postmasterPid(connectionString)));
    expect(new Set(pids).size).toBe(1);
    expect(await readdir(directory)).toEqual(['postgres']);
  });

  test('whose path is longer than a socket may have still gets one', async () => {
    const directory = join(await embeddedDirectory(), 'long'.repeat(40));
    onTestFinished(() => stopEmbeddedPostgres({ directory }));
    const { connectionString } = await start(directory);
    expect(await ask(connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('a directory with a database', () => {
  test('is joined while its server runs', async () => {
    const directory = await embeddedDirectory();
    const first = await start(directory);
    const second = await start(directory);
    expect(second.connectionString).toBe(first.connectionString);
    expect(await postmasterPid(second.connectionString)).toBe(await postmasterPid(first.connectionString));
  });

  test('keeps its rows over a stop, and a second stop is no mistake', async () => {
    const directory = await embeddedDirectory();
    const { connectionString, stop } = await start(directory);
    await ask(connectionString, 'create table kept as select 7 as number');
    await stop();
    await expect(ask(connectionString, 'select 1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    await stopEmbeddedPostgres({ directory });
    expect(await ask((await start(directory)).connectionString, 'select * from kept')).toEqual([{ number: 7 }]);
  });

  test('that is stopped is started once, however many programs start at once', async () => {
    const directory = await embeddedDirectory();
    const { stop } = await start(directory);
    await stop();
    const all = await Promise.all(Array.from({ length: 6 }, () => start(directory)));
    const pids = await Promise.all(all.map(({ connectionString }) => postmasterPid(connectionString)));
    expect(new Set(pids).size).toBe(1);
  });

  test('whose lock file was left empty by the end of the machine starts again', async () => {
    const directory = await embeddedDirectory();
    const { connectionString, dataDirectory, stop } = await start(directory);
    await ask(connectionString, 'create table kept as select 7 as number');
    await stop();
    await writeFile(join(dataDirectory, 'postmaster.pid'), '');
    expect(await ask((await start(directory)).connectionString, 'select * from kept')).toEqual([{ number: 7 }]);
  });

  test('of a version that is not installed is refused, with the version to install', async () => {
    const directory = await embeddedDirectory();
    const { dataDirectory, stop } = await start(directory);
    await stop();
    await writeFile(join(dataDirectory, 'PG_VERSION'), '9\n');
    await expect(start(directory)).rejects.toThrow(/made by PostgreSQL 9(.|\n)*postgresql-9(.|\n)*DATABASE_URL/);
  });

  test('that cannot start says what the server said', async () => {
    const directory = await embeddedDirectory();
    const { dataDirectory, stop } = await start(directory);
    await stop();
    await writeFile(join(dataDirectory, 'postgresql.auto.conf'), `work_mem = 'plenty'\n`);
    await expect(start(directory)).rejects.toThrow(/invalid value for parameter "work_mem"(.|\n)*Remedy/);
  });
});

describe('a directory that is not ours to use', () => {
  test('files that are no database are left alone', async () => {
    const directory = await embeddedDirectory();
    await mkdir(join(directory, 'postgres'));
    await writeFile(join(directory, 'postgres', 'notes.txt'), 'mine');
    await expect(start(directory)).rejects.toThrow(EmbeddedPostgresError);
    await expect(start(directory)).rejects.toThrow('is no PostgreSQL data directory');
  });

  test('a link to a database that is gone is not silently replaced by an empty one', async () => {
    const directory = await embeddedDirectory();
    await symlink('/nowhere/at/all', join(directory, 'postgres'));
    await expect(start(directory)).rejects.toThrow('leads to /nowhere/at/all, which is gone');
  });

  test('a file where the directory should be is named with a remedy', async () => {
    const directory = join(await embeddedDirectory(), 'var');
    await writeFile(directory, '');
    await expect(start(directory)).rejects.toThrow(/cannot work in .*VAR_DIRECTORY/);
  });

  test('a socket directory that others may write to is refused: /tmp is everybody’s', async () => {
    const directory = await embeddedDirectory();
    const { dataDirectory, stop } = await start(directory);
    await stop();
    const socket = await socketDirectoryOf(dataDirectory);
    await mkdir(socket, { recursive: true });
    await chmod(socket, 0o777);
    onTestFinished(() => rm(socket, { recursive: true }));
    await expect(start(directory)).rejects.toThrow(/mode 777.*remove it/);
  });
});
