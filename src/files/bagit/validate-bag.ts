/** Validates bags of BagIt 0.93 to 1.0 (RFC 8493, 3): complete, and every file as its sums say. */
import { join } from 'node:path';
import { atOnce } from '../at-once.js';
import { existing, vanished } from '../existing.js';
import { listTree, type Tree } from '../list-tree.js';
import { quoted } from '../quoted.js';
import { UnsafeEntries } from '../read-directory.js';
import { inThread } from '../threads.js';
import type { Algorithm } from './algorithms.js';
import { checkCompleteness, type Findings } from './completeness.js';
import type { HashOrder } from './hash-thread.js';
import { readBag, type BagManifest } from './read-bag.js';

/** As many as there are threads to hash in; more would only wait. */
const FILES_AT_ONCE = 4;

export interface ValidateOptions {
  signal?: AbortSignal;
  /**
   * Whether payload files are read. Without, their names (and by Payload-Oxum their number and size together) are
   * compared, and tag files are read all the same.
   */
  readPayload?: boolean;
  /** Told of every file that was read. */
  onFile?: (bytes: number) => void;
}

/** What is wrong with a bag, in plain words; without problems it is valid. */
export interface BagReport extends Findings {
  /** Files that were read, and their bytes. */
  files: number;
  bytes: number;
}

/**
 * Looks whether a directory is a valid bag. Nothing is fetched, followed or changed; whatever is in it, nothing that it
 * finds is thrown. Sums of all algorithms of a file are taken in one reading.
 *
 * @throws only for what the disk refuses, e.g. when the directory is not there
 */
export async function validateBag(directory: string, options: ValidateOptions = {}): Promise<BagReport> {
  const { signal, readPayload = true, onFile } = options;
  if (!(await existing(directory, 'directory'))) throw await vanished(directory, 'a bag should be there');
  let tree: Tree;
  try {
    tree = await listTree(directory, signal);
  } catch (error) {
    if (!(error instanceof UnsafeEntries)) throw error;
    return { problems: error.entries.map((entry) => `${entry} cannot be in a bag`), warnings: [], files: 0, bytes: 0 };
  }
  const bag = await readBag(directory, tree);
  const report: BagReport = { problems: bag.problems, warnings: bag.warnings, files: 0, bytes: 0 };
  if (bag.version === 0) return report;
  const { problems, warnings } = checkCompleteness(bag, tree);
  report.problems.push(...problems);
  report.warnings.push(...warnings);

  const wanted = tree.files.filter(({ path }) => readPayload || !path.startsWith('data/'));
  const check = async ({ path, size }: { path: string; size: number }, either: AbortSignal): Promise<string[]> => {
    const listed = bag.manifests.filter(({ sums }) => sums.has(path));
    if (listed.length === 0) return [];
    report.files += 1;
    report.bytes += size;
    const found = await compareSums(directory, path, listed, either);
    onFile?.(size);
    return found;
  };
  report.problems.push(...(await atOnce(FILES_AT_ONCE, wanted, check, signal)).flat());
  return report;
}

async function compareSums(
  directory: string,
  path: string,
  listed: readonly BagManifest[],
  signal: AbortSignal,
): Promise<string[]> {
  const algorithms: Algorithm[] = [...new Set(listed.map(({ algorithm }) => algorithm))];
  const order: HashOrder = { path: join(directory, path), algorithms };
  let sums: string[];
  try {
    sums = await inThread<string[]>(new URL('./hash-thread.js', import.meta.url), 'hashWithAll', order, signal);
  } catch (error) {
    signal.throwIfAborted();
    return [`${quoted(path)} cannot be read: ${(error as Error).message}`]; // what a thread throws is an Error
  }
  return listed.flatMap(({ name, algorithm, sums: wanted }) => {
    const sum = sums[algorithms.indexOf(algorithm)];
    if (sum === wanted.get(path)) return [];
    return [
      `${quoted(path)} has the ${algorithm} sum ${sum ?? ''}, but ${wanted.get(path) ?? ''} is listed in ${name}`,
    ];
  });
}
