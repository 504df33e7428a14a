/** Programs of bin/ that run beside the test: the daemon, followers, watchers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from '../engine/support.js';

export interface Started {
  child: ChildProcess;
  /** What it has printed so far. */
  stdout: () => string;
  stderr: () => string;
  /** Its log lines so far. */
  lines: () => Record<string, unknown>[];
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts `bin/<program>` as `run` does; killed when the test ends. */
export function start(program: string, args: readonly string[], env: Record<string, string>): Started {
  const child = spawn(resolve('bin', program), args, {
    env: { PATH: process.env['PATH'], USER: 'tester', PRESSMARK_SETTINGS: '/dev/null', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then((end) => {
    const [code, signal] = end as [number | null, NodeJS.Signals | null];
    return { code, signal };
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = () =>
    stderr
      .split('\n')
      .slice(0, -1) // the last one may still be on its way
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>); // pino wrote it
  return { child, stdout: () => stdout, stderr: () => stderr, lines, ended };
}

/** A daemon that has said that it takes work. */
export async function startDaemon(env: Record<string, string>, ...args: string[]): Promise<Started> {
  const daemon = start('run-jobs', ['watch', ...args], { POLL_INTERVAL: '100ms', ...env });
  await until('the daemon takes work', () => {
    if (daemon.child.exitCode !== null) throw new Error(`the daemon ended: ${daemon.stderr()}`);
    return daemon.lines().some((line) => line['msg'] === 'taking work');
  });
  return daemon;
}

/** Whether a process runs; one that has ended and was not waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // no /proc: not Linux, and kill(2) has answered
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}
