/** Looks for room before big work: a full disk is the worst that can happen in the middle of it (W40). */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { megabytes } from './megabytes.js';
import { quoted } from './quoted.js';

/** Of node's `statfs`, what we need. */
export type Statfs = (path: string) => Promise<{ bavail: number; bsize: number }>;

/** Left free beside what is asked for: logs, manifests and other jobs need room too. */
export const RESERVE_BYTES = 64 * 1024 * 1024;

/** There is no room for what was about to be written. Room may come, so retrying helps. */
export class NotEnoughSpace extends Error {
  override name = 'NotEnoughSpace';
  constructor(
    readonly directory: string,
    readonly neededBytes: number,
    readonly freeBytes: number,
  ) {
    super(
      `${quoted(directory)} has ${megabytes(freeBytes)} MB free, ${megabytes(neededBytes)} MB are needed ` +
        `(and ${megabytes(RESERVE_BYTES)} MB to spare); make room, the job will try again`,
    );
  }
}

/**
 * Makes sure that so many bytes fit below a directory, which need not exist yet.
 *
 * @throws {NotEnoughSpace}
 */
export async function assertFreeSpace(directory: string, neededBytes: number, look: Statfs = statfs): Promise<void> {
  const { bavail, bsize } = await nearest(directory, look);
  const free = bavail * bsize; // what is free for plain users, in bytes
  if (free < neededBytes + RESERVE_BYTES) throw new NotEnoughSpace(directory, neededBytes, free);
}

async function nearest(directory: string, look: Statfs): ReturnType<Statfs> {
  try {
    return await look(directory);
  } catch (error) {
    const parent = dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
    return nearest(parent, look);
  }
}
