import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { until } from '../../engine/support.js';
import { stub } from './stub-program.js';

/** For the rest of the test a program of that name stands in PATH that never ends. */
export async function hangingProgram(directory: string, name: string): Promise<{ started: () => Promise<void> }> {
  const sign = join(directory, 'started');
  await stub(directory, name, `touch '${sign}'; exec sleep 1000`);
  return { started: () => until(`${name} is started`, () => existsSync(sign)) };
}

/**
 * For the rest of the test the time limits of programs stand still: those that end by themselves do not meet them, however
 * slow the host is at this moment. Wait by `until`: `vi.waitFor` lets them pass by a little at each look.
 *
 * @returns lets so many seconds pass at once
 */
export function stoppedTimeLimits(): { pass: (seconds: number) => Promise<unknown> } {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  return { pass: (seconds) => vi.advanceTimersByTimeAsync(seconds * 1000) };
}
