/** Tar files of flat directories. */
import { rm } from 'node:fs/promises';
import { FatalError } from '../engine/job.js';
import { landFile, temporaryBeside } from './land.js';
import { quoted } from './quoted.js';
import type { TarOrder, TarredFile } from './tar-thread.js';
import { inThread } from './threads.js';
import { fileTrouble } from './trouble.js';

/**
 * Writes a tar of files, which lands whole or not at all. The same files give the same bytes.
 *
 * @param members path on the disk, name in the tar
 * @param accept looks at what was read, before it lands: what it throws keeps the tar from landing
 */
export async function makeTar(
  target: string,
  members: TarOrder['members'],
  { signal, accept }: { signal?: AbortSignal; accept?: (files: TarredFile[]) => void } = {},
): Promise<void> {
  const temporary = temporaryBeside(target);
  try {
    const order: TarOrder = { target: temporary, members };
    const files = await inThread<TarredFile[]>(new URL('./tar-thread.js', import.meta.url), 'writeTar', order, signal);
    accept?.(files);
    await landFile(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    signal?.throwIfAborted();
    if (error instanceof FatalError) throw error; // it says itself what is wrong, with which directory
    throw fileTrouble(`${quoted(target)} could not be written`, error as Error);
  }
}
