/** SHA-256 sums, computed in threads. */
import { atOnce } from './at-once.js';
import { inThread } from './threads.js';

/** Some threads stay free for other work; a disk is not faster for more readers anyway. */
const FILES_AT_ONCE = 2;

/**
 * The SHA-256 sum of a file, in lower-case hex.
 *
 * @throws when it cannot be read or is no regular file; a symlink is not followed (ELOOP)
 */
export async function sha256(path: string, signal?: AbortSignal): Promise<string> {
  return inThread<string>(new URL('./hash-file.js', import.meta.url), 'hashFile', path, signal);
}

/** The sums of several files, in their order. */
export async function sha256OfAll(paths: readonly string[], signal?: AbortSignal): Promise<string[]> {
  return atOnce(FILES_AT_ONCE, paths, sha256, signal);
}
