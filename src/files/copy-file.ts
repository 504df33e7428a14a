/** Copies one file so that it lands whole, and takes its SHA-256 sum in the same reading. */
import { open, rename, rm } from 'node:fs/promises';
import type { CopiedFile, CopyOrder } from './copy-thread.js';
import { temporaryBeside } from './land.js';
import { quoted } from './quoted.js';
import { inThread } from './threads.js';
import { fileTrouble } from './trouble.js';

const TELL_EVERY_MS = 200;

/**
 * Copies a regular file with its times and permissions (the owner may always read and write, others never write, set-id bits are dropped).
 * Reading, hashing and writing is done by a thread. The caller syncs the directory: once for many files.
 *
 * @param realPath where the file must truly lie; undefined: whatever the path leads to
 * @param onBytes told now and then how many more bytes were written
 * @returns size, time and sum of the source as it was read
 * @throws {Error} naming both: the source is no regular file, changes while it is read, the disk is full ...
 */
export async function copyFileSafely(
  from: string,
  to: string,
  {
    signal,
    onBytes,
    realPath,
  }: { signal?: AbortSignal | undefined; onBytes?: (bytes: number) => void; realPath?: string | undefined } = {},
): Promise<CopiedFile> {
  const temporary = temporaryBeside(to);
  const counter = new SharedArrayBuffer(8);
  const tell = teller(counter, onBytes);
  const timer = setInterval(tell, TELL_EVERY_MS);
  try {
    const order: CopyOrder = { from, realPath, to: temporary, written: counter };
    const module = new URL('./copy-thread.js', import.meta.url);
    const copied = await inThread<CopiedFile>(module, 'copyAndHash', order, signal);
    tell();
    signal?.throwIfAborted();
    const file = await open(temporary, 'r+');
    await file.sync().finally(() => file.close());
    await rename(temporary, to);
    return copied;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // on a disk that has gone it stays, and is passed over
    signal?.throwIfAborted();
    throw fileTrouble(`${quoted(from)} could not be copied to ${quoted(to)}`, error as Error);
  } finally {
    clearInterval(timer);
  }
}

function teller(counter: SharedArrayBuffer, onBytes?: (bytes: number) => void): () => void {
  const written = new BigInt64Array(counter);
  let told = 0;
  return () => {
    const bytes = Number(Atomics.load(written, 0));
    if (bytes > told) onBytes?.(bytes - told);
    told = bytes;
  };
}
