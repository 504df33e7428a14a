/** Bringing the files of an issue whose pipeline failed to one place, from whatever step it had come to (newspapers spec W33). */
import { basename, dirname, join } from 'node:path';
import { rm } from 'node:fs/promises';
import type { CopyOptions } from '../files/copy-tree.js';
import { existing, isThere } from '../files/existing.js';
import { wipOf, type Move } from '../files/move.js';
import { quoted } from '../files/quoted.js';
import { readDirectory } from '../files/read-directory.js';
import { removeTree } from '../files/remove-tree.js';
import { rollBackMove } from '../files/roll-back-move.js';
import { forgetVerification, readVerification } from '../files/verification.js';
import { leftoversOf, removeLeftovers } from './derivatives/scratch.js';
import type { WorkPlaces } from './intake-places.js';
import type { Issue } from './issues.js';

/** Where the files of an issue are, once it is settled. */
export interface Settled {
  /** Null: they are nowhere. */
  location: string | null;
  /** Its original upload, when it lies elsewhere. */
  backup: string | null;
  /** Other directories of its name that hold files: left as they are. */
  elsewhere: string[];
}

type StuckIssue = Pick<Issue, 'kind' | 'location' | 'backupLocation'>;

/** Where page review hides a folder while it is handed over. */
const hiddenOf = (review: string): string => join(dirname(review), `.notouchie-${basename(review)}`);

/** Every directory that it may touch. */
export const settlingPlaces = ({ work, split, backup, review }: WorkPlaces): string[] => [
  ...[work, split, backup, review],
  hiddenOf(review),
];

/**
 * Takes back the move that the pipeline stood in, removes pages that were split and not handed over, and what killed jobs left.
 * May be killed at any point and run again: a file is deleted only where the same one was verified elsewhere, or was made
 * of one that is kept.
 *
 * @param moves those of the failed pipeline, in their order
 * @throws {MoveRefused} when it cannot be told which files are right
 * @throws Error when an area is not there: its disk may be away
 */
export async function settleStuck(
  { kind, location, backupLocation }: StuckIssue,
  moves: readonly Move[],
  places: WorkPlaces,
  options: CopyOptions = {},
): Promise<Settled> {
  const { work, split, backup, review } = places;
  for (const area of [work, ...(kind === 'borndigital' ? [backup, review] : [])].map((place) => dirname(place)))
    if (!(await isThere(area)))
      throw new Error(`${quoted(area)} is not there: is its disk mounted? The job will try again`);
  const halfCopies: string[] = [];
  for (const move of moves.toReversed()) {
    const wip = wipOf(move.to);
    if (await existing(wip, 'directory')) {
      if (await isOnlyHalf(move)) halfCopies.push(wip);
      else await rollBackMove(move, options);
    }
    await forgetVerification(wip);
  }
  const original = backupLocation ?? backup;
  const hasOriginal = await existing(original, 'directory');
  // The further on the road, the truer: the column is written after the files have moved.
  const candidates = [work, hiddenOf(review), review, ...(location === null ? [] : [location]), ...halfCopies];
  const found: string[] = [];
  for (const place of new Set(candidates))
    if (place !== original && (await existing(place, 'directory'))) found.push(place);
  const chosen = found[0] ?? (hasOriginal ? original : (await existing(split, 'directory')) ? split : null);
  if (chosen === null && location !== null && !(await isThere(dirname(location))))
    throw new Error(`${quoted(dirname(location))} is not there: is its disk mounted? The job will try again`);
  if (chosen !== split) await removeTree(split, options.signal); // made of the original, which is kept
  await removeLeftovers(dirname(split), leftoversOf(split));
  if (chosen === work) await removeScratch(work);
  return { location: chosen, backup: hasOriginal && chosen !== original ? original : null, elsewhere: found.slice(1) };
}

/** The source is gone, and its copy was never verified: it is all that is left, whole or not. */
async function isOnlyHalf(move: Move): Promise<boolean> {
  return !(await existing(move.from, 'directory')) && !(await readVerification(wipOf(move.to), 'verified'));
}

/** What killed jobs left beside the files that they were making. */
async function removeScratch(directory: string): Promise<void> {
  for (const { name } of await readDirectory(directory))
    if (/^\..+\.wip-/.test(name)) await rm(join(directory, name), { recursive: true, force: true });
}
