/** Makes sure that a copied tree is the same to the last bit (spec 3.1.2). */
import { join } from 'node:path';
import { FatalError } from '../engine/job.js';
import { atOnce } from './at-once.js';
import { sha256 } from './checksum.js';
import { copyFiles, copyTree, type CopyOptions, type SummedFile } from './copy-tree.js';
import { listTree, type TreeFile } from './list-tree.js';
import { megabytes } from './megabytes.js';
import { quoted } from './quoted.js';

const FILES_AT_ONCE = 2;

export interface VerifyReport {
  files: SummedFile[];
  bytes: number;
  /** Paths of files that were missing or different in the copy, and are right now. */
  recopied: string[];
}

/** The copy holds files that the source does not: deleting the source, or shipping the copy, would both be guesses. */
export class ExtraFiles extends FatalError {
  override name = 'ExtraFiles';
  constructor(from: string, to: string, paths: readonly string[]) {
    const named =
      paths.slice(0, 10).map(quoted).join(', ') + (paths.length > 10 ? ` and ${paths.length - 10} more` : '');
    super(
      `${quoted(to)} holds files that ${quoted(from)} does not: ${named}; look whether they were removed from the source ` +
        'on purpose (then delete them from the copy) or are all that is left of them, and requeue',
    );
  }
}

/**
 * Compares both sides by SHA-256, copies again what is missing or differs, and compares that once more. A source whose
 * sum was taken while it was copied, and that has not changed since by size and time, is not read again.
 *
 * Extra files in the copy are an error, and are never deleted: a copy is only made into an empty place, so either
 * somebody took the page out of the source after it was copied (it must not come back), or the source is already
 * being deleted and the copy is the only one left.
 *
 * @returns the sum of every file
 * @throws {ExtraFiles}
 * @throws {UnsafeEntries} for symlinks and special files on either side
 */
export async function verifyTree(
  from: string,
  to: string,
  options: CopyOptions & { sums?: readonly SummedFile[] } = {},
): Promise<VerifyReport> {
  const { signal, progress, sums = [] } = options;
  const { copied } = await copyTree(from, to, { ...options, progress: { report: () => undefined } });
  const known = new Map([...sums, ...copied].map((file) => [file.path, file]));
  const [source, copy] = [await listTree(from, signal), await listTree(to, signal)];
  const expected = new Set(source.files.map(({ path }) => path));
  const extra = copy.files.map(({ path }) => path).filter((path) => !expected.has(path));
  if (extra.length > 0) throw new ExtraFiles(from, to, extra);

  let bytes = 0;
  const compare = async (file: TreeFile, either: AbortSignal) => {
    const taken = known.get(file.path);
    const isAsTaken = taken?.size === file.size && taken.mtimeMs === file.mtimeMs;
    const original = isAsTaken ? taken.sha256 : await sha256(join(from, file.path), either);
    const isSame = original === (await sha256(join(to, file.path), either));
    progress?.report(megabytes((bytes += file.size)), megabytes(source.bytes), 'MB');
    return { file, original, isSame };
  };
  const compared = await atOnce(FILES_AT_ONCE, source.files, compare, signal);
  const wrong = compared.filter(({ isSame }) => !isSame);
  await copyFiles(
    from,
    to,
    source,
    wrong.map(({ file }) => file),
    { ...(signal && { signal }) },
  );
  for (const { file, original } of wrong) await assertMended(from, to, file, original, signal);
  return {
    files: compared.map(({ file: { path, size, mtimeMs }, original }) => ({ path, size, mtimeMs, sha256: original })),
    bytes: source.bytes,
    recopied: [...copied, ...wrong.map(({ file }) => file)].map(({ path }) => path).sort(),
  };
}

async function assertMended(
  from: string,
  to: string,
  { path }: TreeFile,
  sum: string,
  signal?: AbortSignal,
): Promise<void> {
  if ((await sha256(join(to, path), signal)) === sum) return;
  throw new Error(
    `${quoted(join(to, path))} still differs from ${quoted(join(from, path))} after it was copied again; ` +
      'does somebody write to it, or does the disk fail? The job will try again',
  );
}
