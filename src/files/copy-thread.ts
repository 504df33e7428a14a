/** Runs in a thread, for `copy-file.ts`: copies and hashes in one reading, without giving way. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fchmodSync, fstatSync, futimesSync, openSync, readSync, writeSync } from 'node:fs';
import { chunk } from './chunk.js';

export interface CopyOrder {
  from: string;
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

/**
 * Copies a regular file, its times and permissions (owner may always read and write, set-id bits are dropped).
 *
 * @throws when the source is no regular file, or changes while it is read
 */
export function copyAndHash({ from, to, written }: CopyOrder): CopiedFile {
  const counter = new BigInt64Array(written);
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK); // a pipe would block for ever
  try {
    const before = fstatSync(source);
    if (!before.isFile()) throw new Error('it is not a regular file');
    const target = openSync(to, 'wx', 0o600);
    try {
      const { bytes, sha256 } = pour(source, target, before.size, counter);
      const after = fstatSync(source);
      if (bytes !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs)
        throw new Error('it changed meanwhile; somebody still writes to it');
      fchmodSync(target, (before.mode & 0o777) | 0o600);
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
