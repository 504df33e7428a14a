/**
 * The file jobs that every domain uses (spec 3.1), under NCA's names. Each can be run again at any time, also when it
 * was killed half-way or had ended without being recorded.
 */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../coordination/lock-names.js';
import { done, type JobCall, type JobContext } from '../engine/job.js';
import { cleanDirectory } from './clean-directory.js';
import { copyTree } from './copy-tree.js';
import { existing, isThere } from './existing.js';
import { defineFileJob } from './file-job.js';
import {
  checkFixity,
  fixityArgs,
  recordedForMove,
  recordFixity,
  recordIntake,
  relocated,
  type Fixity,
} from './fixity/jobs.js';
import { syncDirectory } from './land.js';
import { copyForMove, deleteForMove, verifiedFiles, verifyForMove, wipOf, isWip } from './move.js';
import { absolutePath } from './paths.js';
import { removeTree } from './remove-tree.js';
import { renameDirectory as rename } from './rename-directory.js';
import { forgetVerification } from './verification.js';
import { verifyTree } from './verify-tree.js';

const copyArgs = z.object({
  from: absolutePath,
  to: absolutePath,
  /** Set when this is a step of a move: the name that the copy gets in the end. */
  movedTo: absolutePath.optional(),
  fixity: fixityArgs.optional(),
});

const options = ({ signal, progress }: JobContext<unknown>) => ({ signal, progress });

/**
 * Copies a tree: what is missing in `to` or has another size. Done before: everything is there with its size, and it
 * copies nothing; in a move also when the copy was verified before or the whole move has ended.
 */
export const syncRecursive = defineFileJob({
  type: 'sync_recursive',
  queue: 'io',
  timeout: '12 h',
  args: copyArgs,
  locks: ({ from, to, movedTo }) => [filesLock(from), filesLock(movedTo ?? to)],
  async run(context) {
    const { from, to, movedTo, fixity } = context.args;
    const recorded = await recordedForMove(context.db, fixity, from);
    const report = movedTo
      ? await copyForMove({ from, to: movedTo }, { ...options(context), recorded })
      : await copyTree(from, to, options(context));
    if (!report) return done({ result: { copied: 0, because: 'copied before' } });
    return done({ result: { copied: report.copied.length, files: report.files, bytes: report.bytes } });
  },
});

/**
 * Compares a tree with its copy by SHA-256 and mends the copy. Done before: in a move the record beside the copy says
 * so; otherwise it compares again.
 */
export const verifyRecursive = defineFileJob({
  type: 'verify_recursive',
  queue: 'io',
  timeout: '12 h',
  args: copyArgs,
  locks: ({ from, to, movedTo }) => [filesLock(from), filesLock(movedTo ?? to)],
  async run(context) {
    const { from, to, movedTo, fixity } = context.args;
    const recorded = await recordedForMove(context.db, fixity, from);
    const report = movedTo
      ? await verifyForMove({ from, to: movedTo }, { ...options(context), recorded })
      : await verifyTree(from, to, options(context));
    const files = report?.files ?? (movedTo ? await verifiedFiles({ from, to: movedTo }) : undefined);
    const intake = recordIntake(fixity, from, files, context.pipelineId);
    if (!report) return done({ result: { because: 'verified before' }, ...intake });
    if (report.recopied.length > 0) context.log.warn({ files: report.recopied }, 'the copy differed and was mended');
    const { bytes, recopied } = report;
    return done({ result: { files: report.files.length, bytes, recopied }, ...intake });
  },
});

/**
 * Deletes a directory. Done before: it is not there. As a step of a move it refuses to delete a source whose verified
 * copy is not there whole.
 */
export const deleteDirectory = defineFileJob({
  type: 'delete_directory',
  queue: 'io',
  timeout: '2 h',
  args: z.object({
    location: absolutePath,
    /** Set when this is a step of a move: the name that the copy gets in the end. */
    movedTo: absolutePath.optional(),
    fixity: fixityArgs.optional(),
  }),
  locks: ({ location, movedTo }) => [filesLock(location), ...(movedTo ? [filesLock(movedTo)] : [])],
  async run({ args: { location, movedTo, fixity }, signal }) {
    if (!movedTo) {
      await removeTree(location, signal);
      if (isWip(location)) await forgetVerification(location); // the copy of a move that was given up
      return undefined;
    }
    await deleteForMove({ from: location, to: movedTo }, signal);
    return done(relocated(fixity, location, wipOf(movedTo)));
  },
});

/** Renames a directory on one filesystem. Done before: only the target is there. */
export const renameDirectory = defineFileJob({
  type: 'rename_directory',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ from: absolutePath, to: absolutePath, fixity: fixityArgs.optional() }),
  locks: ({ from, to }) => [filesLock(from), filesLock(to)],
  async run({ args: { from, to, fixity } }) {
    await rename(from, to);
    await forgetVerification(from); // when it was the last step of a move
    return done(relocated(fixity, from, to));
  },
});

/** Removes dotfiles and thumbs.db from one directory. Done before: it finds none. */
export const cleanFiles = defineFileJob({
  type: 'clean_files',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { location } }) {
    return done({ result: { removed: await cleanDirectory(location) } });
  },
});

/** Deletes one file. Done before: it is not there. */
export const removeFile = defineFileJob({
  type: 'remove_file',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { location } }) {
    if (await existing(location, 'file')) await rm(location, { force: true });
    if (await isThere(dirname(location))) await syncDirectory(dirname(location));
    return undefined;
  },
});

/**
 * A move that survives everything: copy to `.wip-…` beside the target, verify by SHA-256, delete the source, rename
 * (spec 4, MOVE). Four jobs, for `definePipeline`.
 *
 * @param move.fixity whose files these are: they are checked against their records, which follow them (W17)
 */
export function moveDirectory(move: { from: string; to: string; fixity?: Fixity }): JobCall[] {
  const { from, to, fixity } = move;
  const wip = wipOf(to);
  const whose = fixity && { fixity };
  return [
    syncRecursive({ from, to: wip, movedTo: to, ...whose }),
    verifyRecursive({ from, to: wip, movedTo: to, ...whose }),
    deleteDirectory({ location: from, movedTo: to, ...whose }),
    renameDirectory({ from: wip, to, ...whose }),
  ];
}

/** All job types of this module, for the registry. */
export const fileJobs = [
  syncRecursive,
  verifyRecursive,
  deleteDirectory,
  renameDirectory,
  cleanFiles,
  removeFile,
  recordFixity,
  checkFixity,
];
