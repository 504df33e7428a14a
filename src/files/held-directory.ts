/**
 * A directory that is held open while something is done in it. Whoever may write beside it may put a symlink in its place
 * at any moment; what is reached through the open directory lies in the one that was looked at (issue of security).
 */
import { constants, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { FatalError } from '../engine/job.js';
import { quoted } from './quoted.js';

export interface HeldDirectory {
  /** A path that leads into it whatever becomes of its name. Only while it is held. */
  through: string;
  /** Where it lies now; undefined where the system does not tell. */
  realPath: () => string | undefined;
  close: () => Promise<void>;
}

/** Elsewhere than on Linux no path leads through an open directory: the name has to do. */
const HAS_PROC = process.platform === 'linux';

/**
 * Opens a directory; a symlink is not followed.
 *
 * @param name for messages, when the path is not the one that people know
 * @throws {FatalError} when something else has come in its place
 */
export async function holdDirectory(path: string | Buffer, name = String(path)): Promise<HeldDirectory> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const directory = await open(path, flags).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ELOOP' && code !== 'ENOTDIR') throw error;
    throw new FatalError(
      `${quoted(name)} must be a directory but became something else; look who did that and requeue`,
    );
  });
  return {
    through: HAS_PROC ? `/proc/self/fd/${directory.fd}` : String(path),
    realPath: () => pathOfOpen(directory.fd),
    close: () => directory.close(),
  };
}

/** The path of an open file or directory as the kernel knows it; undefined where it does not tell. It blocks, for no time. */
export const pathOfOpen = (descriptor: number): string | undefined =>
  HAS_PROC ? readlinkSync(`/proc/self/fd/${descriptor}`) : undefined;
