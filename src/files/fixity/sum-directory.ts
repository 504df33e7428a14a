import { join } from 'node:path';
import { sha256OfAll } from '../checksum.js';
import { listTree } from '../list-tree.js';
import type { FileRecord } from './file-records.js';

/** The wanted files below a directory, by their paths relative to it, with their sums. */
export async function sumDirectory(
  directory: string,
  isWanted: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<FileRecord[]> {
  const files = (await listTree(directory, signal)).files.filter(({ path }) => isWanted(path));
  const sums = await sha256OfAll(
    files.map(({ path }) => join(directory, path)),
    signal,
  );
  return files.map(({ path, size }, index) => ({ path, size, sha256: sums[index] ?? '' }));
}
