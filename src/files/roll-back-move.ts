/** Undoing a move (see move.ts), whatever stage it is at: everything is at its source again, and no copy of it is left. */
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from './checksum.js';
import { copyFileSafely } from './copy-file.js';
import type { CopyOptions } from './copy-tree.js';
import { existing } from './existing.js';
import { syncDirectory, temporaryBeside } from './land.js';
import { listTree } from './list-tree.js';
import { makeDirectory } from './make-directory.js';
import { copyForMove, deleteForMove, MoveRefused, renameForMove, verifyForMove, wipOf, type Move } from './move.js';
import { quoted } from './quoted.js';
import { removeTree } from './remove-tree.js';
import { forgetVerification, readVerification, type Verification } from './verification.js';

/**
 * Brings a move back to "not begun". It may be killed at any point and run again: a file is deleted only where the same
 * one was verified elsewhere.
 *
 * A move that has ended is moved back in the same four steps. One that was about to delete its source gets back from the
 * verified copy what is missing there; what is there stays as it is, as somebody may have changed it since. Before that,
 * the copy is simply dropped.
 *
 * @returns false when there is nothing anywhere: neither source, nor copy, nor target
 * @throws {MoveRefused} when source and target are both there, or all that is left is a copy which nobody verified
 */
export async function rollBackMove(move: Move, options: CopyOptions = {}): Promise<boolean> {
  const { from, to } = move;
  const wip = wipOf(to);
  const back = { from: to, to: from };
  const begun = await readVerification(wipOf(from), 'verified'); // of the way back, or of what brought the source here
  if ((await existing(to, 'directory')) || begun?.from === to) {
    await copyForMove(back, options);
    await verifyForMove(back, options);
    await deleteForMove(back, options.signal);
    await renameForMove(back);
  }
  if (await existing(wip, 'directory')) await dropCopy(move, options);
  await forgetVerification(wip); // a copy that was removed by hand leaves its record
  return existing(from, 'directory');
}

async function dropCopy(move: Move, options: CopyOptions): Promise<void> {
  const wip = wipOf(move.to);
  const verification = await readVerification(wip, 'verified');
  if (verification && verification.from !== move.from) {
    throw new MoveRefused(
      move,
      `${quoted(wip)} is a copy of ${quoted(verification.from)}; end or cancel that move first`,
    );
  }
  if (verification) {
    const source = await restoreMissing(move, verification, options.signal);
    // Under any size: a file may have been changed since.
    const lost = verification.files.map(({ path }) => path).filter((path) => !source.has(path));
    if (lost.length > 0) {
      const where = `in neither ${quoted(move.from)} nor ${quoted(wip)}`;
      throw new MoveRefused(move, `${lost.map(quoted).join(', ')} are ${where} any more; find them, then requeue`);
    }
    await forgetVerification(wip); // from here on the source is whole
  } else if (!(await existing(move.from, 'directory'))) {
    throw new MoveRefused(
      move,
      `the source is gone and nobody verified its copy ${quoted(wip)}; look whether it is whole and bring it back by hand`,
    );
  }
  await removeTree(wip, options.signal);
}

/**
 * Brings back the files that the source has no more. They land when they are known to be right, so what a killed run left
 * there is whole.
 *
 * @returns the paths of all files of the source
 * @throws {MoveRefused} when the copy of a file is no longer what was verified
 */
async function restoreMissing(move: Move, verification: Verification, signal?: AbortSignal): Promise<Set<string>> {
  const { from } = move;
  const wip = wipOf(move.to);
  const sums = new Map(verification.files.map(({ path, sha256 }) => [path, sha256]));
  const source = (await existing(from, 'directory')) ? await listTree(from, signal) : undefined;
  for (const rest of source?.temporaries ?? []) await rm(join(from, rest), { force: true });
  const there = new Set(source?.files.map(({ path }) => path));
  const copies = (await listTree(wip, signal)).files.filter(({ path }) => !there.has(path));
  for (const { path } of copies) {
    const [copy, lost] = [join(wip, path), join(from, path)];
    await makeDirectory(dirname(lost));
    const temporary = temporaryBeside(lost);
    const { sha256: sum } = await copyFileSafely(copy, temporary, { signal });
    const verified = sums.get(path) ?? sum;
    if (sum !== verified) {
      await rm(temporary);
      throw new MoveRefused(
        move,
        `${quoted(copy)}, all that is left of ${quoted(lost)}, is not what was verified any more (SHA-256 ${sum}, was ${verified}); ` +
          'find a backup of it and put it back there, then requeue',
      );
    }
    if ((await sha256(temporary, signal)) !== sum) {
      await rm(temporary);
      throw new Error(`${quoted(lost)} differs from ${quoted(copy)}; does the disk fail? Trying again`);
    }
    await rename(temporary, lost);
    await syncDirectory(dirname(lost));
    there.add(path);
  }
  if (await existing(from, 'directory')) await syncDirectory(dirname(from));
  return there;
}
