/** Copies one file so that it lands whole. */
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { quoted } from './quoted.js';
import { temporaryBeside } from './land.js';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Copies a regular file with its times and permissions (owner may always read and write, set-id bits are dropped).
 * The caller syncs the directory: once for many files.
 *
 * @param onBytes told of every piece that was written
 * @throws {Error} naming both: the source is no regular file, changes while it is read, the disk is full ...
 */
export async function copyFileSafely(
  from: string,
  to: string,
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: (bytes: number) => void } = {},
): Promise<void> {
  const temporary = temporaryBeside(to);
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const before = await source.stat();
    if (!before.isFile()) throw new Error('it is not a regular file');
    const target = await open(temporary, 'wx', 0o600);
    try {
      const bytes = await pour(source, target, before.size, signal, onBytes);
      const after = await source.stat();
      if (bytes !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
        throw new Error('it changed meanwhile; somebody still writes to it');
      }
      await target.chmod((before.mode & 0o777) | 0o600);
      await target.utimes(before.atime, before.mtime);
      await target.sync();
    } finally {
      await target.close();
    }
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    throw new Error(`${quoted(from)} could not be copied to ${quoted(to)}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await source.close();
  }
}

/** Copies at most so many bytes: not the end of the file, which somebody may move on as fast as we read. */
async function pour(
  source: FileHandle,
  target: FileHandle,
  size: number,
  signal: AbortSignal | undefined,
  onBytes: ((bytes: number) => void) | undefined,
): Promise<number> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  while (bytes < size) {
    signal?.throwIfAborted();
    const { bytesRead } = await source.read(chunk, 0, Math.min(CHUNK_BYTES, size - bytes), null);
    if (bytesRead === 0) break;
    for (let written = 0; written < bytesRead;) {
      written += (await target.write(chunk, written, bytesRead - written, null)).bytesWritten;
    }
    bytes += bytesRead;
    onBytes?.(bytesRead);
  }
  return bytes;
}
