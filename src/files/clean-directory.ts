/** Removes what desktops leave beside pages (spec 3.1.5). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './land.js';
import { readDirectory } from './read-directory.js';

/**
 * Deletes, in this directory only, everything that is no directory and whose name begins with "." or is "thumbs.db"
 * in any case. Run again it finds nothing.
 *
 * @returns the names it deleted
 */
export async function cleanDirectory(directory: string): Promise<string[]> {
  const clutter = (await readDirectory(directory))
    .filter(({ name, kind }) => kind !== 'directory' && (name.startsWith('.') || name.toLowerCase() === 'thumbs.db'))
    .map(({ name }) => name);
  for (const name of clutter) await rm(join(directory, name), { force: true });
  if (clutter.length > 0) await syncDirectory(directory);
  return clutter;
}
