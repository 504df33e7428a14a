import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

/** For the rest of the test a program of that name stands in PATH that never ends. */
export async function hangingProgram(directory: string, name: string): Promise<{ started: () => Promise<unknown> }> {
  const sign = join(directory, 'started');
  await writeFile(join(directory, name), `#!/bin/sh\ntouch '${sign}'\nexec sleep 1000\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${directory}:${process.env['PATH'] ?? ''}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return { started: () => vi.waitFor(() => stat(sign), { timeout: 30_000 }) };
}
