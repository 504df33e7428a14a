/** What stands at a path, without following it. */
import { lstat, open } from 'node:fs/promises';
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
  const look = () => lstat(path).catch(undefinedIfNotThere);
  return (await look()) ?? ((await lookAfresh(dirname(path))) ? await look() : undefined);
}

/**
 * Makes the system ask the server again what lies in a directory, so that what another host has put there is seen. A client of NFS
 * remembers for a minute that a name was not there, and would go on saying so; opening the directory makes it ask (close-to-open
 * consistency, nfs(5)). On a local disk it costs a microsecond. Nobody may conclude from a name's absence before this.
 *
 * @returns false when there is no such directory
 */
export async function lookAfresh(directory: string): Promise<boolean> {
  const look = async () => {
    try {
      await (await open(directory, 'r')).close();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') return true; // it is there, and may be searched but not listed
      undefinedIfNotThere(error);
      return false;
    }
  };
  if (await look()) return true;
  const parent = dirname(directory);
  return parent !== directory && (await lookAfresh(parent)) && (await look());
}

function undefinedIfNotThere(error: unknown): undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT') throw error;
}

/**
 * Something that should be there is not. For one host that is final; where several share the disk, it may be another's work which
 * this one does not see yet (`not-visible-yet.ts`).
 */
export class NotThere extends FatalError {
  override name = 'NotThere';
}

/**
 * The error for a directory that is gone. When its parent is gone too a disk may be unmounted, which may mend itself;
 * a directory that alone is missing was taken away, which will not (W10).
 */
export async function vanished(path: string, explanation: string): Promise<Error> {
  return (await isThere(dirname(path)))
    ? new NotThere(`${quoted(path)} is not there: ${explanation}`)
    : new Error(`${quoted(dirname(path))} is not there: is its disk mounted? The job will try again`);
}
