/** Room for half-made files beside the file they will become. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { askedOfDisk } from '../../files/full-disk.js';

/**
 * Runs work with a private directory in the target's own directory (same file system, so the result lands by rename),
 * and removes it in the end. What killed runs for the same target left behind is removed first: a job's pipeline
 * never runs twice at once, so nobody works there. Work that fails as the disk is full says so.
 */
export async function withScratch<T>(
  { target, signal }: { target: string; signal?: AbortSignal | undefined },
  work: (scratch: string) => Promise<T>,
): Promise<T> {
  const prefix = leftoversOf(target);
  await removeLeftovers(dirname(target), prefix);
  const scratch = await mkdtemp(join(dirname(target), prefix));
  try {
    return await work(scratch);
  } catch (error) {
    throw signal?.aborted ? error : await askedOfDisk(scratch, error);
  } finally {
    await remove(scratch);
  }
}

/** How the names of all begin that is ever made in a target's directory while it is built. */
export const leftoversOf = (target: string): string => `.${basename(target)}.wip-`;

/** Removes the entries of a directory whose names begin so: what killed runs left. */
export async function removeLeftovers(directory: string, prefix: string): Promise<void> {
  const names = await readdir(directory);
  const left = names.filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => remove(join(directory, name))));
}

/** A program of a killed run may write its last file into it while it is being removed. */
function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
