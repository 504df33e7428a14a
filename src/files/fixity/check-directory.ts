/** Checks the files of a directory against their records, by reading every one of them. */
import { dirname, join } from 'node:path';
import { atOnce } from '../at-once.js';
import { sha256 } from '../checksum.js';
import { isThere } from '../existing.js';
import { listTree, type TreeFile } from '../list-tree.js';
import { UnsafeEntries } from '../read-directory.js';
import { isClutter } from '../clutter.js';
import { compareFiles, type Damage, type FoundFile } from './compare.js';
import type { KeptRecord } from './file-records.js';

/** As many as there are threads to hash in; more would only wait. */
const FILES_AT_ONCE = 4;

export interface CheckedDirectory {
  directory: string;
  /** Files that were read, and their bytes. */
  files: number;
  bytes: number;
  damage: Damage[];
  /** The whole directory cannot be looked at, and why; then no file of it is told. */
  trouble?: { is: 'gone' | 'unreachable'; reason: string } | undefined;
}

export interface CheckOptions {
  /** Names may change and files may go, as in a page review: only what is in the files is checked. */
  namesAreFree?: boolean;
  signal?: AbortSignal | undefined;
  /** Told of every file that was read. */
  onFile?: ((bytes: number) => void) | undefined;
}

/** Compares what lies in a directory with the records of all sets that lie there. Nothing that it finds is thrown. */
export async function checkDirectory(
  directory: string,
  recorded: readonly KeptRecord[],
  options: CheckOptions = {},
): Promise<CheckedDirectory> {
  const nothing: CheckedDirectory = { directory, files: 0, bytes: 0, damage: [] };
  const { signal } = options;
  let listed: TreeFile[];
  try {
    listed = (await listTree(directory, signal)).files;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UnsafeEntries)
      return { ...nothing, damage: error.entries.map((path) => ({ path, is: 'unexpected' })) };
    return { ...nothing, trouble: await troubleWith(directory, error as NodeJS.ErrnoException) };
  }
  const records = new Map(recorded.map((record) => [record.path, record]));
  const mustRead = ({ path, size }: TreeFile) =>
    options.namesAreFree ? !isClutter(path) : records.get(path)?.size === size; // another size says enough
  const unreadable = new Map<string, string>();
  const read = async ({ path, size }: TreeFile, either: AbortSignal): Promise<[string, string]> => {
    try {
      return [path, await sha256(join(directory, path), either)];
    } catch (error) {
      either.throwIfAborted();
      unreadable.set(path, (error as Error).message);
      return [path, ''];
    } finally {
      options.onFile?.(size);
    }
  };
  const wanted = listed.filter(mustRead);
  const sums = new Map(await atOnce(FILES_AT_ONCE, wanted, read, signal));
  const found = listed.filter(({ path }) => !unreadable.has(path));
  const asFound = found.map(({ path, size }): FoundFile => ({ path, size, ...given(sums.get(path)) }));
  const damage = options.namesAreFree
    ? strangers(recorded, asFound)
    : compareFiles(
        recorded.filter(({ path }) => !unreadable.has(path)),
        asFound,
      );
  for (const [path, reason] of unreadable) damage.push({ path, is: 'unreadable', reason });
  return { directory, files: wanted.length, bytes: wanted.reduce((sum, { size }) => sum + size, 0), damage };
}

const given = (sha256: string | undefined) => (sha256 === undefined ? {} : { sha256 });

/** Files whose content is none of the recorded. */
function strangers(recorded: readonly KeptRecord[], found: readonly FoundFile[]): Damage[] {
  const known = new Set(recorded.map(({ sha256 }) => sha256));
  return found
    .filter(({ path, sha256 }) => !isClutter(path) && !known.has(sha256 ?? ''))
    .map(({ path }) => ({ path, is: 'unexpected' }));
}

async function troubleWith(directory: string, error: NodeJS.ErrnoException): Promise<CheckedDirectory['trouble']> {
  if (error.code !== 'ENOENT') return { is: 'unreachable', reason: error.message };
  const area = dirname(directory);
  if (await isThere(area).catch(() => false)) return { is: 'gone', reason: `the directory ${directory} is not there` };
  return { is: 'unreachable', reason: `${area} is not there: is its disk mounted?` };
}
