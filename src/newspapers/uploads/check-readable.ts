import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { atOnce } from '../../files/at-once.js';
import type { DirectoryEntry } from '../../files/read-directory.js';
import { problem, type Problem } from './problem.js';

const FILES_AT_ONCE = 8;

/** To open is the only sure test on file servers; a pipe that took a file's place meanwhile is not waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Row 8 of newspapers spec 5.4, for the files of an upload: one that we may not read would only stop the copy later. */
export async function checkReadable(
  directory: string,
  entries: readonly DirectoryEntry[],
  signal?: AbortSignal,
): Promise<Problem[]> {
  const files = entries
    .filter((entry) => entry.kind === 'file' && entry.name !== '.manifest')
    .map((entry) => entry.name);
  const check = (file: string) =>
    open(join(directory, file), FLAGS).then(
      async (handle) => {
        await handle.close();
        return undefined;
      },
      (error: unknown) => {
        const why = (error as Error).message; // fs rejects with errors only
        return problem('unreadable', `${JSON.stringify(file)} cannot be read: ${why}; mend its permissions`, {
          file,
          scope: 'file',
        });
      },
    );
  return (await atOnce(FILES_AT_ONCE, files, check, signal)).filter((found) => found !== undefined);
}
