/** Whether an upload has been left alone long enough to be complete (newspapers spec 5.4 row 15). */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Problem } from './upload.js';

/** Beside each other: a file server answers each in a millisecond or so. */
const STATS_AT_ONCE = 16;

/**
 * The problem of an upload whose directory or files were modified less than `quietSeconds` ago; undefined when it has none.
 * A directory that is gone meanwhile has it too.
 */
export async function checkSettled(directory: string, quietSeconds: number, now: Date): Promise<Problem | undefined> {
  if (quietSeconds === 0) return undefined;
  const newest = await lastModified(directory);
  const until = newest && new Date(newest.getTime() + quietSeconds * 1000);
  if (until && until <= now) return undefined;
  const wait =
    quietSeconds < 7200 ? `${Math.ceil(quietSeconds / 60)} minutes` : `${Math.round(quietSeconds / 360) / 10} hours`;
  const when = until ? `, until ${until.toISOString()}` : '';
  return { rule: 'modified too recently', message: `modified too recently; must be left alone ${wait}${when}` };
}

/** The newest time of modification of a directory and its entries; undefined when any of them goes away. */
async function lastModified(directory: string): Promise<Date | undefined> {
  try {
    const limit = pLimit(STATS_AT_ONCE);
    const paths = [directory, ...(await readdir(directory)).map((name) => join(directory, name))];
    const times = await Promise.all(paths.map((path) => limit(async () => (await lstat(path)).mtimeMs)));
    return new Date(Math.max(...times));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // being worked on
    throw error;
  }
}
