/** Reading an upload area: nothing in it is trusted, nothing in it stops a scan. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Obstacle, Problem, UploadRule } from './upload.js';

/** The entries of a directory in order of their names; undefined when it is gone; the error when it cannot be read. */
export async function readDirectory(path: string): Promise<Dirent[] | Error | undefined> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // fs errors have one
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : (error as Error);
  }
}

/** Hidden directories are passed over: snapshots and wastebaskets of file servers, full of copies of issues. */
export const visibleDirectories = (entries: readonly Dirent[]): Dirent[] =>
  entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));

/** Links are not followed: they could lead anywhere, and the move would delete what they lead to. */
export const links = (directory: string, entries: readonly Dirent[]): Obstacle[] =>
  entries
    .filter((entry) => entry.isSymbolicLink())
    .map(({ name }) =>
      obstacle(
        join(directory, name),
        'not a regular file',
        'is a symbolic link, which is not followed; put the directory itself here',
      ),
    );

export const obstacle = (path: string, rule: UploadRule, message: string): Obstacle => ({
  found: 'obstacle',
  path,
  problem: { rule, message },
});

export const unreadable = (error: Error): Problem => ({
  rule: 'unreadable',
  message: `couldn't be scanned for files: ${error.message}; mend its permissions`,
});

/** Row 2 of newspapers spec 5.4. */
export const unknownTitle = (directory: string): Problem => ({
  rule: 'unknown title',
  message: `unable to find title ${JSON.stringify(directory)} in database; add it with "bin/titles add", or name the directory after its LCCN or SFTP user`,
});

/** Row 1 of newspapers spec 5.4. */
export const unknownOrg = (code: string): Problem => ({
  rule: 'unknown organisation',
  message: `unable to find MARC Org Code ${JSON.stringify(code)} in database; add it with "bin/orgs add"`,
});
