/** Bad disks for one daemon: what it loads before all else, and the file that tells it what is bad now. */
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** For `node --import`; it reaches worker threads by NODE_OPTIONS. */
export const diskPreload = fileURLToPath(new URL('preload.mjs', import.meta.url));

/** What is bad, from now on, for calls of node:fs below these directories. */
export interface BadDisk {
  /** Absolute paths. */
  below: readonly string[];
  /**
   * `EIO`: any call fails; of those that change something a third is done all the same, as on a network disk that loses
   * its answer. `ENOSPC`: what needs room fails, a write after its first half. `slow`: calls take `slowMs` longer.
   */
  kind: 'EIO' | 'ENOSPC' | 'slow';
  /** Of the calls, 0 to 1. */
  share: number;
  seed: number;
  slowMs?: number;
}

/** Makes disks bad for the daemon whose control directory this is, until `mendDisk`. */
export async function spoilDisk(control: string, bad: BadDisk): Promise<void> {
  const file = join(control, 'disk');
  await writeFile(`${file}.new`, JSON.stringify(bad));
  await rename(`${file}.new`, file);
}

/** Whether a call was struck since the last `mendDisk`. */
export async function isStruck(control: string): Promise<boolean> {
  return access(join(control, 'disk-struck')).then(
    () => true,
    () => false,
  );
}

/** @returns how many calls were struck since the last time */
export async function mendDisk(control: string): Promise<number> {
  await rm(join(control, 'disk'), { force: true });
  const struck = join(control, 'disk-struck');
  const lines = await readFile(struck, 'utf8').catch(() => '');
  await rm(struck, { force: true });
  return lines.split('\n').length - 1;
}
