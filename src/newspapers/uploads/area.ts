/** Reading an upload area: nothing in it is trusted, nothing in it stops a scan. */
import { join } from 'node:path';
import { listDirectory, type DirectoryEntry } from '../../files/read-directory.js';
import { problem, type Problem, type UploadRule } from './problem.js';
import type { Obstacle } from './upload.js';

/** The entries of a directory in order of their names; undefined when it is gone; the error when it cannot be read. */
export async function entriesIn(path: string): Promise<DirectoryEntry[] | Error | undefined> {
  try {
    return await listDirectory(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // fs errors have one
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : (error as Error);
  }
}

/** Its name, for messages. */
export const shown = ({ name, escaped }: DirectoryEntry): string => escaped ?? name;

/** Hidden directories are passed over: snapshots and wastebaskets of file servers, full of copies of issues. */
export const visibleDirectories = (entries: readonly DirectoryEntry[]): DirectoryEntry[] =>
  entries.filter((entry) => entry.kind === 'directory' && !entry.name.startsWith('.') && isText(entry));

/** Whether its name is UTF-8: else no path leads there. */
export const isText = ({ escaped }: DirectoryEntry): boolean => escaped === undefined;

/** Directories that cannot be entered under the name that we can say: passed over, they would look like nothing there. */
export const unnameable = (directory: string, entries: readonly DirectoryEntry[]): Obstacle[] =>
  entries
    .filter((entry) => entry.kind === 'directory' && !isText(entry))
    .map((entry) =>
      obstacle(
        join(directory, shown(entry)),
        'bad name',
        'is not named in UTF-8, so it cannot be looked into; rename it to letters and digits',
      ),
    );

/** Links are not followed: they could lead anywhere, and the move would delete what they lead to. */
export const links = (directory: string, entries: readonly DirectoryEntry[]): Obstacle[] =>
  entries
    .filter((entry) => entry.kind === 'symlink')
    .map((entry) =>
      obstacle(
        join(directory, shown(entry)),
        'not a regular file',
        'is a symbolic link, which is not followed; put the directory itself here',
      ),
    );

export const obstacle = (path: string, rule: UploadRule, message: string): Obstacle => ({
  found: 'obstacle',
  path,
  problem: problem(rule, message, { scope: 'top' }),
});

/** Row 8 of newspapers spec 5.4. */
export const unreadable = (error: Error): Problem =>
  problem('unreadable', `couldn't be scanned for files: ${error.message}; mend its permissions`);

/** Row 2 of newspapers spec 5.4. */
export const unknownTitle = (directory: string): Problem =>
  problem(
    'unknown title',
    `unable to find title ${JSON.stringify(directory)} in database; add it with "bin/titles add", or name the directory after its LCCN or SFTP user`,
  );

/** Row 1 of newspapers spec 5.4; of born-digital uploads it is the title that has none. */
export const unknownOrg = (code: string, scope: 'top' | 'title' = 'top'): Problem =>
  problem(
    'unknown organisation',
    `unable to find MARC Org Code ${JSON.stringify(code)} in database; add it with "bin/orgs add"`,
    { scope },
  );
