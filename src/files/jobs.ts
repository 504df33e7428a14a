/**
 * The file jobs that every domain uses (spec 3.1), under NCA's names. Each can be run again at any time, also when it
 * was killed half-way or had ended without being recorded.
 */
import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { defineJob, done, type JobCall, type JobContext } from '../engine/job.js';
import { cleanDirectory } from './clean-directory.js';
import { copyTree } from './copy-tree.js';
import { existing, isThere } from './existing.js';
import { syncDirectory } from './land.js';
import { copyForMove, deleteForMove, verifyForMove, wipOf } from './move.js';
import { removeTree } from './remove-tree.js';
import { renameDirectory as rename } from './rename-directory.js';
import { forgetVerification } from './verification.js';
import { verifyTree } from './verify-tree.js';

/** An absolute path without "." or ".." in it: what a job does must not depend on where its runner was started. */
const path = z
  .string()
  .refine((text) => resolve(text) === text && dirname(text) !== text, 'must be an absolute, plain path');

const copyArgs = z.object({
  from: path,
  to: path,
  /** Set when this is a step of a move: the name that the copy gets in the end. */
  movedTo: path.optional(),
});

const options = ({ signal, progress }: JobContext<unknown>) => ({ signal, progress });

/**
 * Copies a tree: what is missing in `to` or has another size. Done before: everything is there with its size, and it
 * copies nothing; in a move also when the copy was verified before or the whole move has ended.
 */
export const syncRecursive = defineJob({
  type: 'sync_recursive',
  queue: 'io',
  timeout: '12 h',
  args: copyArgs,
  async run(context) {
    const { from, to, movedTo } = context.args;
    const report = movedTo
      ? await copyForMove({ from, to: movedTo }, options(context))
      : await copyTree(from, to, options(context));
    if (!report) return done({ result: { copied: 0, because: 'copied before' } });
    return done({ result: { copied: report.copied.length, files: report.files, bytes: report.bytes } });
  },
});

/**
 * Compares a tree with its copy by SHA-256 and mends the copy. Done before: in a move the record beside the copy says
 * so; otherwise it compares again.
 */
export const verifyRecursive = defineJob({
  type: 'verify_recursive',
  queue: 'io',
  timeout: '12 h',
  args: copyArgs,
  async run(context) {
    const { from, to, movedTo } = context.args;
    const report = movedTo
      ? await verifyForMove({ from, to: movedTo }, options(context))
      : await verifyTree(from, to, options(context));
    if (!report) return done({ result: { because: 'verified before' } });
    if (report.recopied.length > 0) context.log.warn({ files: report.recopied }, 'the copy differed and was mended');
    return done({ result: { files: report.files.length, bytes: report.bytes, recopied: report.recopied } });
  },
});

/**
 * Deletes a directory. Done before: it is not there. As a step of a move it refuses to delete a source whose verified
 * copy is not there whole.
 */
export const deleteDirectory = defineJob({
  type: 'delete_directory',
  queue: 'io',
  timeout: '2 h',
  args: z.object({
    location: path,
    /** Set when this is a step of a move: the name that the copy gets in the end. */
    movedTo: path.optional(),
  }),
  async run({ args: { location, movedTo }, signal }) {
    if (movedTo) await deleteForMove({ from: location, to: movedTo }, signal);
    else await removeTree(location, signal);
    return undefined;
  },
});

/** Renames a directory on one filesystem. Done before: only the target is there. */
export const renameDirectory = defineJob({
  type: 'rename_directory',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ from: path, to: path }),
  async run({ args: { from, to } }) {
    await rename(from, to);
    await forgetVerification(from); // when it was the last step of a move
    return undefined;
  },
});

/** Removes dotfiles and thumbs.db from one directory. Done before: it finds none. */
export const cleanFiles = defineJob({
  type: 'clean_files',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ location: path }),
  async run({ args: { location } }) {
    return done({ result: { removed: await cleanDirectory(location) } });
  },
});

/** Deletes one file. Done before: it is not there. */
export const removeFile = defineJob({
  type: 'remove_file',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ location: path }),
  async run({ args: { location } }) {
    if (await existing(location, 'file')) await rm(location, { force: true });
    if (await isThere(dirname(location))) await syncDirectory(dirname(location));
    return undefined;
  },
});

/**
 * A move that survives everything: copy to `.wip-…` beside the target, verify by SHA-256, delete the source, rename
 * (spec 4, MOVE). Four jobs, for `definePipeline`.
 */
export function moveDirectory({ from, to }: { from: string; to: string }): JobCall[] {
  const wip = wipOf(to);
  return [
    syncRecursive({ from, to: wip, movedTo: to }),
    verifyRecursive({ from, to: wip, movedTo: to }),
    deleteDirectory({ location: from, movedTo: to }),
    renameDirectory({ from: wip, to }),
  ];
}

/** All job types of this module, for the registry. */
export const fileJobs = [syncRecursive, verifyRecursive, deleteDirectory, renameDirectory, cleanFiles, removeFile];
