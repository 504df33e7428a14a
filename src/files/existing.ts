/** What stands at a path, without following it. */
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FatalError } from '../engine/job.js';
import { quoted } from './quoted.js';

/**
 * Whether a directory (or a file) is there.
 *
 * @throws {FatalError} when something else is there: a symlink is never followed
 */
export async function existing(path: string, kind: 'file' | 'directory'): Promise<boolean> {
  const found = await lstatIfThere(path);
  if (!found) return false;
  if (kind === 'directory' ? found.isDirectory() : found.isFile()) return true;
  throw new FatalError(
    `${quoted(path)} must be a ${kind} but is ${found.isSymbolicLink() ? 'a symlink' : 'something else'}; replace it and requeue`,
  );
}

/** Whether anything at all is there. */
export async function isThere(path: string): Promise<boolean> {
  return (await lstatIfThere(path)) !== undefined;
}

async function lstatIfThere(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The error for a directory that is gone. When its parent is gone too a disk may be unmounted, which may mend itself;
 * a directory that alone is missing was taken away, which will not (W10).
 */
export async function vanished(path: string, explanation: string): Promise<Error> {
  return (await isThere(dirname(path)))
    ? new FatalError(`${quoted(path)} is not there: ${explanation}`)
    : new Error(`${quoted(dirname(path))} is not there: is its disk mounted? The job will try again`);
}
