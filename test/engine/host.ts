import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** What a host is told (fixtures/host-process.ts). */
export interface HostOrder {
  url: string;
  /** The job types that its version knows. */
  types: string[];
  version: string;
  leaseSeconds: number;
  /** Its jobs begin and never end. */
  hangs: boolean;
}

/** Whether a process may have a host name of its own: root may, unless its container forbids it. */
export const mayNameHosts = (() => {
  try {
    execFileSync('unshare', ['--uts', 'hostname', 'somewhere'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const PROGRAM = fileURLToPath(new URL('fixtures/host-process.ts', import.meta.url));

/** Starts a runner that believes to be on the named host; resolves when it takes work. */
export async function startHost(name: string, order: HostOrder): Promise<ChildProcess> {
  const node = [process.execPath, '--import', 'tsx', PROGRAM];
  const host = spawn('unshare', ['--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', name, ...node], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, HOST_ORDER: JSON.stringify(order) },
  });
  const ended = once(host, 'exit');
  onTestFinished(async () => {
    host.kill('SIGKILL');
    await ended; // it sends nothing into the next test's tables
  });
  await Promise.race([
    once(host, 'message'),
    ended.then(([code]) => {
      throw new Error(`host ${name} ended with code ${String(code)} before it took work`);
    }),
  ]);
  return host;
}
