/** Brings the files of an intake that did not come through back to where they were uploaded (newspapers spec W27, W33). */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FatalError } from '../engine/job.js';
import type { CopyOptions } from '../files/copy-tree.js';
import { existing, isThere } from '../files/existing.js';
import { wipOf } from '../files/move.js';
import { quoted } from '../files/quoted.js';
import { readDirectory, type DirectoryEntry } from '../files/read-directory.js';
import { removeTree } from '../files/remove-tree.js';
import { renumberPages } from '../files/renumber.js';
import { rollBackMove } from '../files/roll-back-move.js';
import { forgetVerification } from '../files/verification.js';
import { leftoversOf, removeLeftovers } from './derivatives/scratch.js';
import type { IntakePlaces } from './intake-places.js';
import type { Issue } from './issues.js';

/**
 * Brings the originals back and removes what was made of them; may be killed at any point and run again. No original is
 * deleted anywhere before the same file was verified at its upload place. Of scans whose pages were numbered already
 * the files keep their numbers.
 *
 * @param wasTaken whether the intake had begun to delete the upload: then the files must be somewhere
 * @throws {FatalError} naming what is where, when it cannot be told which files are right
 */
export async function giveBack(
  kind: Issue['kind'],
  places: IntakePlaces,
  wasTaken: boolean,
  options: CopyOptions = {},
): Promise<void> {
  const { upload, work, split, backup, review } = places;
  const areas = [work, ...(kind === 'borndigital' ? [backup, review] : [])].map((place) => dirname(place));
  for (const area of areas) {
    if (!(await isThere(area)))
      throw new Error(`${quoted(area)} is not there: is its disk mounted? The job will try again`);
  }
  if (kind === 'borndigital') {
    for (const made of [wipOf(review), review, split]) await removeTree(made, options.signal);
    await forgetVerification(wipOf(review));
    await removeLeftovers(dirname(split), leftoversOf(split));
    await rollBackMove({ from: work, to: backup }, options);
  } else if (await existing(work, 'directory')) {
    await removeDerivatives(work, options.signal);
  }
  if ((await rollBackMove({ from: upload, to: work }, options)) || !wasTaken) return;
  const looked = [upload, work, ...(kind === 'borndigital' ? [backup] : [])].map(quoted).join(', ');
  throw new FatalError(
    `the files are in none of ${looked}: find them and bring them to ${quoted(upload)}, then resume`,
  );
}

/** Leaves in a scan's work directory nothing but the pages that were uploaded. */
async function removeDerivatives(work: string, signal?: AbortSignal): Promise<void> {
  const begun = (await readDirectory(work)).some(({ name }) => name.startsWith('renumbering'));
  if (begun) await renumberPages(work, signal); // ends one that was killed half-way
  const isPage = ({ name, kind }: DirectoryEntry) => kind === 'file' && /^[^.].*\.(pdf|tiff?)$/is.test(name);
  const rest = (await readDirectory(work)).filter((entry) => !isPage(entry));
  const foreign = rest.find(({ name }) => !name.startsWith('.') && !/^(\d{4}\.(jp2|xml)|thumbs\.db)$/i.test(name));
  if (foreign) {
    throw new FatalError(
      `${quoted(join(work, foreign.name))} is no page of the scan nor made of one; move it away, then resume`,
    );
  }
  for (const { name } of rest) await rm(join(work, name), { recursive: true, force: true });
}
