/**
 * How files land: written beside the target under a temporary name, synced, renamed over it, the directory synced.
 * A reader sees the former file, or none, or the whole new one; never half of it, whatever dies when (design 5, W7).
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const TEMPORARY = /^\.pressmark-[\da-f]{16}$/;

/** A unique name in the target's directory; short, so that a target name of full length is no obstacle. */
export function temporaryBeside(target: string): string {
  return join(dirname(target), `.pressmark-${randomBytes(8).toString('hex')}`);
}

/** Whether a name is one of `temporaryBeside`: in a listing, the rest of a killed process. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/**
 * Brings a finished temporary file, e.g. one that a program wrote, to its name. It must lie on the target's filesystem:
 * make it with `temporaryBeside(target)`. What was at the target is replaced.
 *
 * @param mode permissions of the target; readable by all by default, as image and web servers read what lands
 */
export async function landFile(temporary: string, target: string, { mode = 0o644 }: { mode?: number } = {}): Promise<void> {
  const file = await open(temporary, 'r+');
  try {
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, target);
  await syncDirectory(dirname(target));
}

/** Writes a file so that it lands whole or not at all. */
export async function writeFileSafely(
  target: string,
  content: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const temporary = temporaryBeside(target);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await landFile(temporary, target, options);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes what happened in a directory (new names, renames, removals) survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    // SMB and some FUSE filesystems cannot sync directories; they keep no promise that we could hold them to.
    if (!['EINVAL', 'ENOTSUP', 'EBADF', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await directory.close();
  }
}
