/** A whole directory tree as lists, for copying and comparing. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { existing } from './existing.js';
import { isTemporary } from './land.js';
import { quoted } from './quoted.js';
import { readDirectory, UnsafeEntries } from './read-directory.js';

export interface TreeFile {
  /** From the root of the tree, with "/". */
  path: string;
  /** Bytes. */
  size: number;
  mode: number;
  mtimeMs: number;
}

export interface Tree {
  /** Every directory below the root, parents first. */
  directories: { path: string; mode: number }[];
  files: TreeFile[];
  /** Of all files together. */
  bytes: number;
  /** Rests of killed processes (`land.ts`): not part of the tree. */
  temporaries: string[];
}

/**
 * Lists everything below a directory, sorted. Nothing is followed.
 *
 * @throws {UnsafeEntries} naming every symlink and special file in it
 */
export async function listTree(root: string, signal?: AbortSignal): Promise<Tree> {
  const tree: Tree = { directories: [], files: [], bytes: 0, temporaries: [] };
  const unsafe: string[] = [];
  const walk = async (below: string) => {
    for (const { name, kind } of await readDirectory(join(root, below))) {
      signal?.throwIfAborted();
      const path = below === '' ? name : `${below}/${name}`;
      if (isTemporary(name)) {
        tree.temporaries.push(path);
        continue;
      }
      if (kind !== 'file' && kind !== 'directory') {
        unsafe.push(`${quoted(join(root, path))} (${kind})`);
        continue;
      }
      const { mode, size, mtimeMs } = await lstat(join(root, path));
      if (kind === 'file') {
        tree.files.push({ path, size, mode, mtimeMs });
        tree.bytes += size;
      } else {
        tree.directories.push({ path, mode });
        await walk(path);
      }
    }
  };
  await existing(root, 'directory'); // a symlink here is refused, too
  await walk('');
  if (unsafe.length > 0) throw new UnsafeEntries(unsafe);
  return tree;
}
