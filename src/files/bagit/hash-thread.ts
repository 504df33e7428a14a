/** Runs in a thread, for `validate-bag.ts`: takes several sums of a file in one reading. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { chunk } from '../chunk.js';
import type { Algorithm } from './algorithms.js';

export interface HashOrder {
  path: string;
  algorithms: readonly Algorithm[];
}

/** The sums of a regular file, in lower-case hex, in the order of the algorithms. */
export function hashWithAll({ path, algorithms }: HashOrder): string[] {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK); // a pipe would block for ever
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${JSON.stringify(path)} is not a regular file`);
    const hashes = algorithms.map((algorithm) => createHash(algorithm));
    for (let bytes; (bytes = readSync(file, chunk)) > 0;)
      for (const hash of hashes) hash.update(chunk.subarray(0, bytes));
    return hashes.map((hash) => hash.digest('hex'));
  } finally {
    closeSync(file);
  }
}
