/** Removes what desktops leave beside pages (spec 3.1.5). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isClutter } from './clutter.js';
import { syncDirectory } from './land.js';
import { readDirectory } from './read-directory.js';

/**
 * Deletes, in this directory only, all clutter that is no directory. Run again it finds nothing.
 *
 * @returns the names it deleted
 */
export async function cleanDirectory(directory: string): Promise<string[]> {
  const clutter = (await readDirectory(directory))
    .filter(({ name, kind }) => kind !== 'directory' && isClutter(name))
    .map(({ name }) => name);
  for (const name of clutter) await rm(join(directory, name), { force: true });
  if (clutter.length > 0) await syncDirectory(directory);
  return clutter;
}
