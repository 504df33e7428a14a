/** Deletes directories (spec 3.1.3). */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FatalError } from '../engine/job.js';
import { existing } from './existing.js';
import { syncDirectory } from './land.js';
import { quoted } from './quoted.js';

/**
 * Deletes a directory with everything in it; links in it are deleted, not followed. A directory that is not there is
 * success. On abort the rest stays, and running it again deletes that.
 *
 * @throws {FatalError} when the path is not absolute and plain, is a root, or is no directory
 */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  if (resolve(path) !== path || dirname(path) === path) {
    throw new FatalError(
      `Will not delete ${quoted(path)}: only an absolute, plain path below the root is safe to delete`,
    );
  }
  if (!(await existing(path, 'directory'))) return;
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    signal?.throwIfAborted();
    await rm(Buffer.concat([Buffer.from(join(path, '/')), name]), { recursive: true, force: true });
  }
  await rmdir(path);
  await syncDirectory(dirname(path));
}
