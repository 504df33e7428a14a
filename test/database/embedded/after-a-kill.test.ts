/** Nothing that a kill -9 leaves behind hinders the next start. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { startEmbeddedPostgres } from '../../../src/database/embedded.js';
import { socketDirectoryOf } from '../../../src/database/embedded/socket-directory.js';
import { ask, embeddedDirectory, isRoot, postmasterPid, startInProgram } from './embedded-directory.js';

/** For what has no reason to fail but a machine that is busy: vitest would wait one second. */
const PATIENT = { timeout: 30_000 };

test('the server is killed amid a query: it starts again and has what was committed', async () => {
  const directory = await embeddedDirectory();
  const { connectionString, dataDirectory } = await startEmbeddedPostgres({ directory });
  await ask(connectionString, 'create table kept as select 7 as number');
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined); // the point of this test
  await client.connect();
  // While it computes it does not see that its server is gone, and holds on to the memory that a new one must not share. It computes
  // until a new one has met that: until there is a file, for a minute at most.
  const computing = `do $$ begin
    while pg_stat_file('met', true) is null and clock_timestamp() < statement_timestamp() + interval '1 min' loop
      perform count(*) from generate_series(1, 1000);
    end loop;
  end $$`;
  const cut = client.query(computing).catch((error: unknown) => error);
  await vi.waitFor(async () => {
    const busy = await ask(
      connectionString,
      `select from pg_stat_activity where state = 'active' and query ~ '^do .. begin'`,
    );
    expect(busy).toHaveLength(1);
  }, PATIENT);
  const killed = await postmasterPid(connectionString);
  process.kill(killed, 'SIGKILL');
  const starting = startEmbeddedPostgres({ directory });
  await vi.waitFor(async () => {
    const log = await readFile(join(dataDirectory, 'server.log'), 'utf8');
    expect(log).toContain('pre-existing shared memory block');
  }, PATIENT);
  await writeFile(join(dataDirectory, 'met'), '');
  const again = await starting;
  expect(await ask(again.connectionString, 'select * from kept')).toEqual([{ number: 7 }]);
  expect(await postmasterPid(again.connectionString)).not.toBe(killed);
  await cut;
  await client.end();
});

test('the server is killed and its process id now belongs to another program: it starts again', async () => {
  const directory = await embeddedDirectory();
  const { connectionString, dataDirectory, stop } = await startEmbeddedPostgres({ directory, durable: false });
  await stop();
  const socketDirectory = await socketDirectoryOf(dataDirectory);
  const { uid, gid } = await stat(dataDirectory);
  await mkdir(socketDirectory, { mode: 0o700 });
  await chown(socketDirectory, uid, gid);
  // The server's own user must be able to signal the other program: else PostgreSQL itself sees that it is none of its own.
  const other = spawn('sleep', ['3600'], isRoot ? { uid, gid, cwd: '/' } : {});
  await once(other, 'spawn');
  const lines = [other.pid, dataDirectory, 1, 5432, socketDirectory, '', '', 'ready'].join('\n');
  for (const file of [join(dataDirectory, 'postmaster.pid'), join(socketDirectory, '.s.PGSQL.5432.lock')]) {
    await writeFile(file, lines, { mode: 0o600 });
    await chown(file, uid, gid);
  }
  const again = await startEmbeddedPostgres({ directory, durable: false });
  expect(again.connectionString).toBe(connectionString);
  expect(await postmasterPid(again.connectionString)).not.toBe(other.pid);
  other.kill();
});

test('the program is killed while it makes the database: the next one makes it', async () => {
  const directory = await embeddedDirectory();
  const making = new Promise<void>((resolve) => {
    const watcher = watch(directory, () => {
      watcher.close();
      resolve();
    });
  });
  const program = startInProgram(directory);
  await making;
  program.kill();
  await program.ended;
  const { connectionString } = await startEmbeddedPostgres({ directory, durable: false });
  expect(await ask(connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('the program that started it has ended: the server goes on for the others', async () => {
  const directory = await embeddedDirectory();
  const { connectionString = '' } = await startInProgram(directory).ended;
  const pid = await postmasterPid(connectionString);
  const joined = await startEmbeddedPostgres({ directory });
  expect(await postmasterPid(joined.connectionString)).toBe(pid);
});
