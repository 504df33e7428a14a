/** Runs in a thread, for `checksum.ts`: reads and hashes without giving way. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { chunk } from './chunk.js';

/** The SHA-256 sum of a regular file, in lower-case hex. */
export function hashFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK); // a pipe would block for ever
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${JSON.stringify(path)} is not a regular file`);
    const hash = createHash('sha256');
    for (let bytes; (bytes = readSync(file, chunk)) > 0;) hash.update(chunk.subarray(0, bytes));
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}
