/** What a daemon tells its service manager, over a real NOTIFY_SOCKET (issue 5, section 3). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import pino from 'pino';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ServiceManager } from '../../src/cli/run-jobs/service-manager.js';
import { gatedSplit } from '../cli/gated-split.js';
import { start, startDaemon, type Started } from '../cli/started-program.js';
import { enqueuedOne, readableLog, rows, until, useDatabase } from '../engine/support.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { startServiceManager } from './service-manager-stand-in.js';

const own = useDatabase();
let env: Record<string, string>;
beforeEach(async () => {
  const [PDF_UPLOAD_PATH, SCAN_UPLOAD_PATH] = [await temporaryDirectory(), await temporaryDirectory()];
  env = { DATABASE_URL: own.url, PDF_UPLOAD_PATH, SCAN_UPLOAD_PATH };
});
const says = (daemon: Started, text: string) =>
  until(`the daemon says ${text}`, () => daemon.lines().some((line) => String(line['msg']).includes(text)));

describe('READY=1', () => {
  test('comes when the database has answered the first claim, not before', async () => {
    const client = new pg.Client(own.url);
    await client.connect();
    onTestFinished(() => client.end());
    await client.query('begin');
    await client.query('lock table pipelines in access exclusive mode');
    const manager = await startServiceManager(60);
    const daemon = await startDaemon({ ...env, ...manager.env, RUNNER_LEASE: '6s' });
    const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await until('it has asked for work', async () => (await rows(own, waits)).length > 0);
    for (let beats = 0; beats < 2; beats++) await nextBeat(); // a message sent too early would be here by now
    expect(manager.told()).toEqual([]);
    await client.query('rollback');
    await manager.untilTold('READY=1');
    expect(manager.told()[0]).toMatch(/^READY=1\|STATUS=runner \d+ takes work; running: io 0\/1, /);
    expect(daemon.child.exitCode).toBeNull();
  });

  test('is told again to a manager that did not hear it', async () => {
    const socket = `${await temporaryDirectory()}/notify`;
    const daemon = await startDaemon({ ...env, NOTIFY_SOCKET: socket });
    await says(daemon, 'the service manager could not be told');
    const manager = await startServiceManager(60, socket);
    await manager.untilTold('READY=1');
  });

  test('does not come when there is no database: the daemon ends, and systemd starts it again', async () => {
    const manager = await startServiceManager(60);
    const daemon = start('run-jobs', ['watch'], {
      ...env,
      ...manager.env,
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
    });
    expect(await daemon.ended).toEqual({ code: 1, signal: null });
    expect(manager.told()).toEqual([]);
  });

  test('needs no service manager: without one nothing is told, and nothing is missed', async () => {
    const daemon = await startDaemon(env);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(daemon.lines().filter((line) => Number(line['level']) >= 40)).toEqual([]);
  });
});

describe('WATCHDOG=1', () => {
  test('is told while the loop turns, also while the database says nothing at all', async () => {
    const proxy = await proxyToDatabase();
    const manager = await startServiceManager(3);
    await startDaemon({ ...env, ...manager.env, DATABASE_URL: proxy.url, RUNNER_LEASE: '2s' });
    await manager.untilTold('WATCHDOG=1', 2);
    proxy.stall();
    await until('it says that it waits', () => manager.told().at(-1)?.includes('waits for the database') === true);
    await manager.untilTold('WATCHDOG=1', manager.count('WATCHDOG=1') + 5);
  });

  test('is not told when the event loop stands still', async () => {
    const manager = await startServiceManager(3);
    const preload = fileURLToPath(new URL('block-on-signal.js', import.meta.url));
    const daemon = await startDaemon({ ...env, ...manager.env, NODE_OPTIONS: `--import ${preload}` });
    await manager.untilTold('WATCHDOG=1', 2);
    daemon.child.kill('SIGUSR2');
    await says(daemon, 'standing still');
    await manager.untilTold('WATCHDOG EXPIRED');
  });

  test('is not told when the poll hangs; the log says why', async () => {
    const manager = await startServiceManager(1);
    const { log, lines } = readableLog();
    const told = ServiceManager.of({ ...manager.env });
    let isTurning = true;
    told?.ready({ isTurning: () => isTurning, describe: () => 'fine' }, log);
    onTestFinished(() => told?.stopping(pino({ level: 'silent' })));
    await manager.untilTold('WATCHDOG=1|STATUS=fine', 3);
    isTurning = false;
    const said = () => lines.filter((line) => String(line['msg']).includes('the loop that asks for work hangs')).length;
    await until('the log says why', () => said() > 0);
    // It may have expired before, too: systemd-notify may take a second to start. Now nothing comes after that.
    await until('the watchdog acts', () => manager.told().at(-1) === 'WATCHDOG EXPIRED');
    expect(said()).toBe(1);
    isTurning = true;
    await manager.untilTold('WATCHDOG=1', manager.count('WATCHDOG=1') + 1); // it may recover by itself
  });
});

describe('STOPPING=1', () => {
  test('comes at SIGTERM, while a job may still finish; its programs never see the socket', async () => {
    const split = await gatedSplit(await temporaryDirectory());
    await enqueuedOne(own, { name: 'Test', description: 'a test', jobs: [split.job] });
    const manager = await startServiceManager(60);
    const daemon = await startDaemon({ ...env, ...split.env, ...manager.env });
    const [qpdf = 0] = await split.running();
    await manager.untilTold('READY=1');
    expect(readFileSync(`/proc/${qpdf}/environ`, 'latin1')).not.toMatch(/NOTIFY_SOCKET|WATCHDOG_USEC/);
    daemon.child.kill('SIGTERM');
    await manager.untilTold('STOPPING=1');
    expect(daemon.child.exitCode).toBeNull();
    await split.letGo();
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(manager.told().at(-1)).toMatch(/^STOPPING=1/);
  });

  test('a service manager that reads nothing does not keep the daemon from its work or its end', async () => {
    const manager = { NOTIFY_SOCKET: `${await temporaryDirectory()}/nobody`, WATCHDOG_USEC: '1000000' };
    const daemon = await startDaemon({ ...env, ...manager });
    await says(daemon, 'the service manager could not be told');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    expect(daemon.lines().filter((line) => String(line['msg']).includes('could not be told'))).toHaveLength(1);
  });
});

/** Waits until the daemon, asked for nothing else, has said once more that it lives. */
async function nextBeat(): Promise<void> {
  const last = async () =>
    (await rows<{ at: Date }>(own, 'select max(heartbeat_at) as at from runners'))[0]?.at.getTime();
  const before = await last();
  await until('the next beat', async () => (await last()) !== before);
}

/** A way to the database that can be made silent. */
async function proxyToDatabase(): Promise<Proxy & { url: string }> {
  const [found] = await rows<{ directory: string | null; port: number }>(
    own,
    `select case when inet_server_addr() is null then split_part(current_setting('unix_socket_directories'), ',', 1) end as directory, current_setting('port')::int as port`,
  );
  const { directory, port } = found ?? { directory: null, port: 5432 };
  const proxy = await startProxy(directory === null ? { port } : { path: `${directory}/.s.PGSQL.${port}` });
  onTestFinished(() => proxy.close());
  const url = new URL(own.url);
  for (const key of ['host', 'port']) url.searchParams.delete(key);
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { ...proxy, url: url.toString() };
}
