/** Whether a disk takes what is about to be written: programs that write often do not say that it was the disk which failed them. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const PIECE = Buffer.alloc(1024 * 1024);

/**
 * Writes so many bytes into a directory, to the disk, and removes them.
 *
 * @throws the system's error (ENOSPC, EDQUOT, EIO ...) when they cannot be written
 */
export async function assertWritable(directory: string, bytes: number): Promise<void> {
  const path = join(directory, '.writable');
  try {
    const file = await open(path, 'w');
    try {
      for (let left = Math.ceil(bytes); left > 0; left -= PIECE.length)
        await file.write(PIECE, 0, Math.min(left, PIECE.length));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}
