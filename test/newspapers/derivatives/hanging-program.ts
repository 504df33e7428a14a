import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { stub } from './stub-program.js';

/** For the rest of the test a program of that name stands in PATH that never ends. */
export async function hangingProgram(directory: string, name: string): Promise<{ started: () => Promise<unknown> }> {
  const sign = join(directory, 'started');
  await stub(directory, name, `touch '${sign}'; exec sleep 1000`);
  return { started: () => vi.waitFor(() => stat(sign), { timeout: 30_000 }) };
}
