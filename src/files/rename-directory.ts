/** Renames directories so that running it twice is success (spec 3.1.4, W9). */
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FatalError } from '../engine/job.js';
import { existing, isThere, vanished } from './existing.js';
import { syncDirectory } from './land.js';
import { makeDirectory } from './make-directory.js';
import { quoted } from './quoted.js';

/**
 * Renames a directory on one filesystem. A missing source with a target in place means: done before.
 *
 * @throws {FatalError} when both are there (one would hide the other), when only the source's parent is there, or when
 *   they lie on different filesystems
 */
export async function renameDirectory(from: string, to: string): Promise<void> {
  const [source, target] = [await existing(from, 'directory'), await isThere(to)];
  if (source && target) {
    throw new FatalError(
      `Cannot rename ${quoted(from)} to ${quoted(to)}: both are there; look which one is right, move the other away and requeue`,
    );
  }
  if (!source && !target) throw await vanished(from, `it was to become ${quoted(to)}, which is not there either`);
  if (source) {
    await makeDirectory(dirname(to));
    await rename(from, to).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      throw new FatalError(`${quoted(from)} and ${quoted(to)} lie on different filesystems; only a move can do that`);
    });
  }
  await syncDirectory(dirname(to)); // also after a rename that was done but not recorded: a power cut may not undo it now
  if (dirname(from) !== dirname(to) && (await isThere(dirname(from)))) await syncDirectory(dirname(from));
}
