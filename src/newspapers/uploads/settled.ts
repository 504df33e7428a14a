/** Whether an upload has been left alone long enough to be complete (newspapers spec 5.4 row 15). */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { unreadable } from './area.js';
import type { Problem } from './upload.js';

/** Beside each other: a file server answers each in a millisecond or so. */
const STATS_AT_ONCE = 16;

/**
 * The problem of an upload whose directory or files were modified less than `quietSeconds` ago; undefined when it has none.
 * An upload that goes away while we look has it too: somebody is at work on it.
 */
export async function checkSettled(directory: string, quietSeconds: number, now: Date): Promise<Problem | undefined> {
  if (quietSeconds === 0) return undefined;
  let until: Date | undefined;
  try {
    until = new Date((await lastModified(directory)) + quietSeconds * 1000);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return unreadable(error as Error); // fs rejects with errors only
  }
  if (until && until <= now) return undefined;
  const wait =
    quietSeconds < 7200 ? `${Math.ceil(quietSeconds / 60)} minutes` : `${Math.round(quietSeconds / 360) / 10} hours`;
  const when = until ? `, until ${until.toISOString()}` : '';
  return { rule: 'modified too recently', message: `modified too recently; must be left alone ${wait}${when}` };
}

/** The newest time of modification of a directory and its entries, in milliseconds. */
async function lastModified(directory: string): Promise<number> {
  const limit = pLimit(STATS_AT_ONCE);
  const paths = [directory, ...(await readdir(directory)).map((name) => join(directory, name))];
  const times = await Promise.all(paths.map((path) => limit(async () => (await lstat(path)).mtimeMs)));
  return times.reduce((newest, time) => Math.max(newest, time), 0);
}
