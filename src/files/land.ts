/**
 * How files land: written beside the target under a temporary name, synced, renamed over it, the directory synced.
 * A reader sees the former file, or none, or the whole new one; never half of it, whatever dies when (design 5, W7).
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const TEMPORARY = /^\.pressmark-[\da-f]{8}-[\da-f]{16}(?:\.[\da-zA-Z]{1,8})?$/;

/**
 * A unique name in the target's directory with the target's extension (programs look at it); short, so that a target
 * name of full length is no obstacle.
 */
export function temporaryBeside(target: string): string {
  const [extension = ''] = /\.[\da-zA-Z]{1,8}$/.exec(target) ?? [];
  return join(dirname(target), `${prefixOf(target)}${randomBytes(8).toString('hex')}${extension}`);
}

/** Whether a name is one of `temporaryBeside`: in a listing, the rest of a killed process. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** The same for all temporary names of a target, so that the next run finds what a killed one left. */
function prefixOf(target: string): string {
  return `.pressmark-${createHash('sha256').update(basename(target)).digest('hex').slice(0, 8)}-`;
}

/**
 * Brings a finished temporary file, e.g. one that a program wrote, to its name. It must lie on the target's filesystem:
 * make it with `temporaryBeside(target)`. What was at the target is replaced; what killed runs left for it is removed.
 *
 * @param mode permissions of the target; readable by all by default, as image and web servers read what lands
 */
export async function landFile(
  temporary: string,
  target: string,
  { mode = 0o644 }: { mode?: number } = {},
): Promise<void> {
  const file = await open(temporary, 'r+');
  try {
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  // Before the rename: who finds the target there looks for no rests.
  const rests = (await readdir(dirname(target))).filter(
    (name) => isTemporary(name) && name.startsWith(prefixOf(target)) && name !== basename(temporary),
  );
  for (const name of rests) await rm(join(dirname(target), name), { recursive: true, force: true });
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
    // A write that is refused, e.g. by a full disk, does not say of what file it was.
    throw error instanceof Error && 'code' in error && !('path' in error)
      ? Object.assign(error, { path: target })
      : error;
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
