/**
 * A move as four steps, each of which may be killed at any point and run again, in order or from the first:
 * copy to `.wip-…` beside the target, verify by SHA-256, delete the source, rename (design 5; spec 4, MOVE).
 *
 * What stands on the disk tells how far a move is:
 *
 * | source       | .wip | verified | target | the move has                      |
 * |--------------|------|----------|--------|-----------------------------------|
 * | whole        | –    | –        | –      | not begun                         |
 * | whole        | part | –        | –      | begun to copy                     |
 * | whole        | whole| yes      | –      | verified                          |
 * | part or gone | whole| yes      | –      | begun to delete, or deleted       |
 * | gone         | –    | any      | whole  | ended                             |
 *
 * Anything else is no stage of it and fails for good, naming what is where; no step guesses.
 */
import { basename, dirname, join } from 'node:path';
import { FatalError } from '../engine/job.js';
import { copyTree, type CopyOptions, type CopyReport } from './copy-tree.js';
import { existing, isThere, vanished } from './existing.js';
import { assertAsRecorded } from './fixity/compare.js';
import type { KeptRecord } from './fixity/file-records.js';
import { listTree } from './list-tree.js';
import { quoted } from './quoted.js';
import { removeTree } from './remove-tree.js';
import { renameDirectory } from './rename-directory.js';
import {
  changedSince,
  forgetVerification,
  missingFrom,
  readVerification,
  writeVerification,
  type Verification,
} from './verification.js';
import { verifyTree, type VerifyReport } from './verify-tree.js';

export interface Move {
  from: string;
  to: string;
}

/** Where the copy stands until it is verified and the source deleted. */
export function wipOf(to: string): string {
  return join(dirname(to), `.wip-${basename(to)}`);
}

/** Whether a directory is the copy of a move that has not ended. */
export const isWip = (path: string): boolean => basename(path).startsWith('.wip-');

/** A place is not as any step of this move leaves it. A person has to look. */
export class MoveRefused extends FatalError {
  override name = 'MoveRefused';
  constructor({ from, to }: Move, reason: string) {
    super(`Moving ${quoted(from)} to ${quoted(to)}: ${reason}`);
  }
}

/** The source cannot be deleted, as its copy is not, or no longer, verified: only running the move again from its copy mends that. */
export class CopyNotVerified extends MoveRefused {
  override name = 'CopyNotVerified';
  constructor(
    move: Move,
    reason: string,
    /** Something is missing beside or in the copy; else something came or changed. */
    readonly isMissing: boolean,
  ) {
    super(move, reason);
  }
}

/** How far a move is, before its rename. */
type Stage =
  | { is: 'ended' }
  | { is: 'verified' }
  /** The source is there, the copy is not to be trusted (yet): why. */
  | { is: 'unverified'; because: string; isMissing: boolean };

async function stageOf(move: Move, signal?: AbortSignal): Promise<Stage> {
  const wip = wipOf(move.to);
  const source = await existing(move.from, 'directory');
  const copy = await existing(wip, 'directory');
  if (await isThere(move.to)) {
    if (!source && !copy) return { is: 'ended' };
    throw new MoveRefused(
      move,
      `${quoted(source ? move.from : wip)} and ${quoted(move.to)} are both there; ` +
        'look which one is right, move the other away and requeue',
    );
  }
  const verification = copy ? await readVerification(wip, 'verified') : undefined;
  if (verification && verification.from !== move.from) {
    throw new MoveRefused(
      move,
      `${quoted(wip)} is a copy of ${quoted(verification.from)}; end or cancel that move first`,
    );
  }
  const lost = verification ? missingFrom(verification, await listTree(wip, signal)) : [];
  if (!source) {
    if (verification && lost.length === 0) return { is: 'verified' };
    const left = copy ? `; nobody knows whether its copy ${quoted(wip)} is whole` : '';
    throw await vanished(
      move.from,
      `somebody moved or deleted it before it was copied${left}; put it back and let it go on (requeue or resume), or cancel it`,
    );
  }
  if (!verification) return { is: 'unverified', because: 'there is no verified copy', isMissing: true };
  if (lost.length > 0)
    return {
      is: 'unverified',
      because: `the copy ${quoted(wip)} has lost ${named(lost)} since it was verified`,
      isMissing: true,
    };
  const changed = changedSince(verification, await listTree(move.from, signal));
  if (changed.length > 0)
    return {
      is: 'unverified',
      because: `${named(changed)} came or changed after the copy was verified`,
      isMissing: false,
    };
  return { is: 'verified' };
}

/** A move's copy and verification also check the source against what the database says of it, when it does. */
export interface MoveOptions extends CopyOptions {
  recorded?: readonly KeptRecord[] | undefined;
}

/**
 * Step 1: copies the source. Nothing to do when the copy was verified before.
 *
 * @throws {FixityBroken} when the source is not as recorded
 */
export async function copyForMove(
  move: Move,
  { recorded, ...options }: MoveOptions = {},
): Promise<CopyReport | undefined> {
  if ((await stageOf(move, options.signal)).is !== 'unverified') return undefined;
  const wip = wipOf(move.to);
  // What its listing shows is told before a byte is copied.
  if (recorded) assertAsRecorded(move.from, recorded, (await listTree(move.from, options.signal)).files);
  const former = await sumsOf(move);
  await forgetVerification(wip);
  const report = await copyTree(move.from, wip, options);
  const sums = new Map([...former, ...report.copied].map((file) => [file.path, file]));
  await writeVerification(wip, 'copied', { from: move.from, files: [...sums.values()] });
  if (recorded) assertAsRecorded(move.from, only(recorded, report.copied), report.copied);
  return report;
}

/**
 * Step 2: verifies the copy, mends it where it differs, and writes down that it is verified.
 *
 * @throws {FixityBroken} when the source is not as recorded
 */
export async function verifyForMove(
  move: Move,
  { recorded, ...options }: MoveOptions = {},
): Promise<VerifyReport | undefined> {
  if ((await stageOf(move, options.signal)).is !== 'unverified') return undefined;
  const wip = wipOf(move.to);
  const report = await verifyTree(move.from, wip, { ...options, sums: await sumsOf(move) });
  if (recorded) assertAsRecorded(move.from, recorded, report.files);
  await writeVerification(wip, 'verified', { from: move.from, files: report.files });
  return report;
}

/** What the verification found, as long as the move has not ended. */
export async function verifiedFiles({ from, to }: Move): Promise<Verification['files'] | undefined> {
  const verification = await readVerification(wipOf(to), 'verified');
  return verification?.from === from ? verification.files : undefined;
}

/** The sums that were taken while the source was copied. */
async function sumsOf({ from, to }: Move): Promise<Verification['files']> {
  const copied = await readVerification(wipOf(to), 'copied');
  return copied?.from === from ? copied.files : [];
}

function only(recorded: readonly KeptRecord[], files: readonly { path: string }[]): KeptRecord[] {
  const paths = new Set(files.map(({ path }) => path));
  return recorded.filter(({ path }) => paths.has(path));
}

/**
 * Step 3: deletes the source.
 *
 * @throws {CopyNotVerified} when the verified copy is not there and whole, or the source has changed since
 */
export async function deleteForMove(move: Move, signal?: AbortSignal): Promise<void> {
  const stage = await stageOf(move, signal);
  if (stage.is === 'ended') return;
  if (stage.is === 'unverified') {
    throw new CopyNotVerified(
      move,
      `${stage.because}, so the source is not deleted; let it be copied again, then go on`,
      stage.isMissing,
    );
  }
  await removeTree(move.from, signal);
}

/** Step 4: brings the copy to its name. */
export async function renameForMove({ to }: Move): Promise<void> {
  await renameDirectory(wipOf(to), to);
  await forgetVerification(wipOf(to));
}

function named(paths: readonly string[]): string {
  return paths.slice(0, 10).map(quoted).join(', ') + (paths.length > 10 ? ` and ${paths.length - 10} more` : '');
}
