/** Deletes directories (spec 3.1.3). */
import { readdir, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FatalError } from '../engine/job.js';
import { existing } from './existing.js';
import { holdDirectory } from './held-directory.js';
import { syncDirectory } from './land.js';
import { quoted } from './quoted.js';

/**
 * Deletes a directory with everything in it; links in it are deleted, not followed, also those that come in the place of
 * a directory meanwhile. A directory that is not there is success. On abort the rest stays, and running it again deletes that.
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
  await empty(path, path, signal);
  await rmdir(path);
  await syncDirectory(dirname(path));
}

/** Deletes what is in a directory, whatever is put in its place meanwhile. @param name for messages: the path it had */
async function empty(path: string | Buffer, name: string, signal: AbortSignal | undefined): Promise<void> {
  const held = await holdDirectory(path, name);
  try {
    for (const entry of await readdir(held.through, { encoding: 'buffer', withFileTypes: true })) {
      signal?.throwIfAborted();
      const inside = Buffer.concat([Buffer.from(`${held.through}/`), entry.name]);
      const itsName = join(name, entry.name.toString());
      if (entry.isDirectory()) await empty(inside, itsName, signal);
      await (entry.isDirectory() ? rmdir(inside) : unlink(inside)).catch((error: unknown) => {
        throwUnlessGone(error as NodeJS.ErrnoException, held.through, name);
      });
    }
  } finally {
    await held.close();
  }
}

/** Somebody else may have deleted it first. What else goes wrong is told by the path that people know. */
function throwUnlessGone(error: NodeJS.ErrnoException, through: string, name: string): void {
  if (error.code === 'ENOENT') return;
  error.message = error.message.replace(through, name);
  if (error.path !== undefined) error.path = error.path.replace(through, name);
  throw error;
}
