/** Makes sure that a copied tree is the same to the last bit (spec 3.1.2). */
import { join } from 'node:path';
import { FatalError } from '../engine/job.js';
import { sha256, sha256OfAll } from './checksum.js';
import { copyFiles, copyTree, type CopyOptions } from './copy-tree.js';
import { listTree, type TreeFile } from './list-tree.js';
import { quoted } from './quoted.js';

export interface VerifiedFile {
  /** From the root of the tree. */
  path: string;
  size: number;
  /** Of the source, when it was listed. */
  mtimeMs: number;
  sha256: string;
}

export interface VerifyReport {
  files: VerifiedFile[];
  bytes: number;
  /** Paths of files that were missing or different in the copy, and are right now. */
  recopied: string[];
}

/** The copy holds files that the source does not: deleting the source, or shipping the copy, would both be guesses. */
export class ExtraFiles extends FatalError {
  override name = 'ExtraFiles';
  constructor(from: string, to: string, paths: readonly string[]) {
    const named = paths.slice(0, 10).map(quoted).join(', ') + (paths.length > 10 ? ` and ${paths.length - 10} more` : '');
    super(
      `${quoted(to)} holds files that ${quoted(from)} does not: ${named}; look whether they were removed from the source ` +
        'on purpose (then delete them from the copy) or are all that is left of them, and requeue',
    );
  }
}

/**
 * Compares both sides by SHA-256, copies again what is missing or differs, and compares that once more.
 *
 * Extra files in the copy are an error, and are never deleted: a copy is only made into an empty place, so either
 * somebody took the page out of the source after it was copied (it must not come back), or the source is already
 * being deleted and the copy is the only one left.
 *
 * @returns the sum of every file
 * @throws {ExtraFiles}
 * @throws {UnsafeEntries} for symlinks and special files on either side
 */
export async function verifyTree(from: string, to: string, options: CopyOptions = {}): Promise<VerifyReport> {
  const { signal, progress } = options;
  const { copied } = await copyTree(from, to, { ...options, progress: { report: () => undefined } });
  const [source, copy] = [await listTree(from, signal), await listTree(to, signal)];
  const expected = new Set(source.files.map(({ path }) => path));
  const extra = copy.files.map(({ path }) => path).filter((path) => !expected.has(path));
  if (extra.length > 0) throw new ExtraFiles(from, to, extra);

  let bytes = 0;
  const sums = new Map<string, string>();
  const wrong: TreeFile[] = [];
  await atOnce(FILES_AT_ONCE, source.files, async (file, signal) => {
    const original = await sha256(join(from, file.path), signal);
    if (original !== (await sha256(join(to, file.path), signal))) wrong.push(file);
    sums.set(file.path, original);
    bytes += file.size;
    progress?.report(megabytes(bytes), megabytes(source.bytes), 'MB');
  }, signal);

  await copyFiles(from, to, source, wrong, { ...(signal && { signal }) });
  for (const { path } of wrong) {
    const again = await sha256(join(to, path), signal);
    if (again === sums.get(path)) continue;
    throw new Error(`${quoted(join(to, path))} still differs from ${quoted(join(from, path))} after it was copied twice; does somebody write to it, or is the disk failing?`);
  }
  return {
    files: source.files.map(({ path, size, mtimeMs }) => ({ path, size, mtimeMs, sha256: sums.get(path) ?? '' })),
    bytes: source.bytes,
    recopied: [...copied, ...wrong.map(({ path }) => path)].sort(),
  };
}
