/** A pgbouncer before the tests' PostgreSQL, on a port of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freePort } from './ports.js';

/**
 * Starts one that ends with the test.
 *
 * @param url of the database, over a unix socket
 * @returns the address of the same database through it
 */
export async function startPgbouncer(url: string, mode: 'session' | 'transaction'): Promise<string> {
  const { searchParams, pathname } = new URL(url);
  const socket = searchParams.get('host') ?? '';
  const { uid, gid } = await lstat(socket); // who may enter it; root pgbouncer will not be
  const directory = await mkdtemp(join(tmpdir(), 'pressmark-pgbouncer-'));
  const port = await freePort();
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: mode,
    max_client_conn: 200,
    default_pool_size: 20,
  };
  const file = join(directory, 'pgbouncer.ini');
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  const user = searchParams.get('user') ?? '';
  await writeFile(file, `[databases]\n* = host=${socket} user=${user}\n[pgbouncer]\n${lines.join('\n')}\n`);
  for (const path of [directory, file]) await chown(path, uid, gid);
  const pooler = spawn('pgbouncer', ['-q', file], { uid, gid, stdio: 'ignore' });
  const ended = once(pooler, 'exit');
  onTestFinished(async () => {
    pooler.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  });
  while (!(await answers(port))) {
    if (pooler.exitCode !== null) throw new Error(`pgbouncer ended with code ${pooler.exitCode}`);
    await wait(20);
  }
  return `postgresql://${user}@127.0.0.1:${port}${pathname}`;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
