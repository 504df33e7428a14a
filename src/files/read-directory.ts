/** Reads a directory without following anything, and refuses what cannot be kept safely. */
import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { FatalError } from '../engine/job.js';
import { escapedBytes } from './quoted.js';

export interface DirectoryEntry {
  name: string;
  kind: 'file' | 'directory' | 'symlink' | 'special';
  /** Of a name that is no UTF-8: its bytes, escaped. No path leads there by its `name`. */
  escaped?: string;
}

/** Entries that no file operation takes: symlinks, devices, sockets, names that are no text. A person has to remove them. */
export class UnsafeEntries extends FatalError {
  override name = 'UnsafeEntries';
  /** @param entries e.g. "/a/b (symlink)" */
  constructor(readonly entries: readonly string[]) {
    const named = entries.slice(0, 10).join(', ') + (entries.length > 10 ? ` and ${entries.length - 10} more` : '');
    super(`Only regular files and directories can be handled; remove or replace these and requeue: ${named}`);
  }
}

/** What lies in a directory, whatever its names are, sorted by their bytes. */
export async function listDirectory(path: string): Promise<DirectoryEntry[]> {
  const dirents = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  dirents.sort((a, b) => Buffer.compare(a.name, b.name));
  return dirents.map((dirent) => ({
    name: dirent.name.toString('utf8'),
    kind: kindOf(dirent),
    ...(!isUtf8(dirent.name) && { escaped: escapedBytes(dirent.name) }),
  }));
}

/**
 * What lies in a directory, sorted by the bytes of the names.
 *
 * @throws {UnsafeEntries} for names that are not UTF-8: they could not be opened again under the name we would store
 */
export async function readDirectory(path: string): Promise<DirectoryEntry[]> {
  const entries = await listDirectory(path);
  const unreadable = entries.flatMap(({ escaped }) => escaped ?? []);
  if (unreadable.length > 0) {
    const parent = escapedBytes(Buffer.from(`${path}/`));
    throw new UnsafeEntries(unreadable.map((name) => `${parent}${name} (name is not UTF-8)`));
  }
  return entries;
}

function kindOf(dirent: Dirent<Buffer>): DirectoryEntry['kind'] {
  if (dirent.isFile()) return 'file';
  if (dirent.isDirectory()) return 'directory';
  return dirent.isSymbolicLink() ? 'symlink' : 'special';
}
