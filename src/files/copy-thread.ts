/** Runs in a thread, for `copy-file.ts`: copies and hashes in one reading, without giving way. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fchmodSync, fstatSync, futimesSync, openSync, readSync, writeSync } from 'node:fs';
import { chunk } from './chunk.js';
import { pathOfOpen } from './held-directory.js';

export interface CopyOrder {
  from: string;
  /** Where the file truly lies, no symlink on the way to it; undefined: that does not matter. */
  realPath: string | undefined;
  /** Must not be there yet. */
  to: string;
  /** One 64-bit number, shared between threads: the bytes written so far. */
  written: SharedArrayBuffer;
}

/** What was copied. */
export interface CopiedFile {
  size: number;
  /** Of the source. */
  mtimeMs: number;
  /** Of the bytes as they were read from the source, in lower-case hex. */
  sha256: string;
}

/** What a copy keeps of permissions: what others may do to the source they may not do to the copy, nor act as its owner. */
export const KEPT_PERMISSIONS = 0o775;

/**
 * Copies a regular file, its times and permissions (the owner may always read and write, others never write, set-id bits
 * are dropped).
 *
 * @throws when the source is no regular file, lies elsewhere than it should, or changes while it is read
 */
export function copyAndHash({ from, realPath, to, written }: CopyOrder): CopiedFile {
  const counter = new BigInt64Array(written);
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK); // a pipe would block for ever
  try {
    const before = fstatSync(source);
    if (!before.isFile()) throw new Error('it is not a regular file');
    if (realPath !== undefined && pathOfOpen(source) !== realPath)
      throw new Error(
        'the path led somewhere else than its directory: somebody moves directories or puts symlinks there',
      );
    const target = openSync(to, 'wx', 0o600);
    try {
      const { bytes, sha256 } = pour(source, target, before.size, counter);
      const after = fstatSync(source);
      if (bytes !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs)
        throw new Error('it changed meanwhile; somebody still writes to it');
      fchmodSync(target, (before.mode & KEPT_PERMISSIONS) | 0o600);
      futimesSync(target, before.atime, before.mtime);
      return { size: bytes, mtimeMs: before.mtimeMs, sha256 };
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Copies at most so many bytes: not the end of the file, which somebody may move on as fast as we read. */
function pour(source: number, target: number, size: number, counter: BigInt64Array): { bytes: number; sha256: string } {
  const hash = createHash('sha256');
  let bytes = 0;
  while (bytes < size) {
    const read = readSync(source, chunk, 0, Math.min(chunk.length, size - bytes), null);
    if (read === 0) break;
    hash.update(chunk.subarray(0, read));
    for (let written = 0; written < read;) written += writeSync(target, chunk, written, read - written, null);
    bytes += read;
    Atomics.store(counter, 0, BigInt(bytes));
  }
  return { bytes, sha256: hash.digest('hex') };
}
