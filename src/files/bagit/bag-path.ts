/** Paths as manifests and fetch lists of bags write them: read so that none leads out of the bag (RFC 8493, 2.1.3 and 5.2). */
import { FatalError } from '../../engine/job.js';
import { quoted } from '../quoted.js';

export type BagPath =
  | { path: string; warning?: string }
  /** It must not be followed, and why. */
  | { unsafe: string };

/**
 * Reads a path as it is written. From version 1.0 on, CR, LF and % are percent-encoded; before, a % is a %.
 *
 * @returns the path below the bag's directory, with "/"
 */
export function parseBagPath(written: string, version: number): BagPath {
  const plain = written.replace(/^(?:\.\/)+/, '');
  const path = version < 1 ? plain : plain.replaceAll(/%0a|%0d|%25/gi, (code) => decodeURIComponent(code));
  const unsafe = whyUnsafe(path);
  if (unsafe !== undefined) return { unsafe: `${quoted(written)} ${unsafe}` };
  if (plain !== written) return { path, warning: `${quoted(written)} begins with "./", which no path in a bag needs` };
  if (version >= 1 && /%(?!0a|0d|25)/i.test(plain))
    return { path, warning: `${quoted(written)} has a "%" that should be written as %25` };
  return { path };
}

/** Whatever the system: a bag made on one is opened on another. */
function whyUnsafe(path: string): string | undefined {
  if (path === '') return 'is no path';
  if (path.includes('\0')) return 'holds a NUL character';
  if (path.startsWith('/')) return 'is absolute: only files in the bag can be named';
  if (path.startsWith('~')) return 'begins with "~", which may mean a home directory';
  if (/^(?:[a-z]:)?\\|^[a-z]:\//i.test(path))
    return 'is an absolute path of Windows: only files in the bag can be named';
  if (/^%\w+%(?:[\\/]|$)/.test(path)) return 'begins with a variable of Windows';
  const parts = path.split('/');
  if (parts.includes('..') || path.split(/[\\/]/).includes('..')) return 'leads out of its directory by ".."';
  if (parts.includes('') || parts.includes('.')) return 'is not plain: it has an empty part, or one that is "."';
  return undefined;
}

/** A name that no manifest can list so that every reader finds the file again. A person has to rename it. */
export class UnlistablePath extends FatalError {
  override name = 'UnlistablePath';
  constructor(path: string, why: string) {
    super(`${quoted(path)} cannot be listed in a bag: it ${why}; rename it and requeue`);
  }
}

/**
 * Writes a path into a manifest.
 *
 * @throws {UnlistablePath} for what no reader would follow, or not as it is meant
 */
export function formatBagPath(path: string, version: number): string {
  const unsafe = whyUnsafe(path);
  if (unsafe !== undefined) throw new UnlistablePath(path, unsafe);
  if (/^[ \t*]/.test(path)) throw new UnlistablePath(path, 'begins with a blank or "*", which would be taken for no part of it'); // prettier-ignore
  if (version >= 1)
    return path.replaceAll(
      /[%\r\n]/g,
      (character) => `%${character === '%' ? '25' : character === '\r' ? '0D' : '0A'}`,
    );
  if (/[\r\n]/.test(path)) throw new UnlistablePath(path, 'has a line break, which BagIt below 1.0 cannot write');
  return path;
}
