import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished, vi } from 'vitest';
import { stub } from './stub-program.js';

/** For the rest of the test a program of that name stands in PATH that never ends. */
export async function hangingProgram(directory: string, name: string): Promise<{ started: () => Promise<void> }> {
  const sign = join(directory, 'started');
  await stub(directory, name, `touch '${sign}'; exec sleep 1000`);
  return { started: () => untilThere(() => existsSync(sign)) };
}

/**
 * For the rest of the test the time limits of programs stand still: those that end by themselves do not meet them, however
 * slow the host is at this moment.
 *
 * @returns lets so many seconds pass at once
 */
export function stoppedTimeLimits(): { pass: (seconds: number) => Promise<unknown> } {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  return { pass: (seconds) => vi.advanceTimersByTimeAsync(seconds * 1000) };
}

/** Not by `vi.waitFor`: at each look that lets stopped time limits pass by a little. */
export async function untilThere(isThere: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isThere()) {
    if (performance.now() > deadline) throw new Error(`this never happened within 30 s: ${isThere.toString()}`);
    await pause(20);
  }
}
