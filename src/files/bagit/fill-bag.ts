/** Brings recorded files into a bag under construction, each checked against its sum as it enters (newspapers spec W17). */
import { chmod, link, lstat, mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Progress } from '../../coordination/progress.js';
import { atOnce } from '../at-once.js';
import { sha256 } from '../checksum.js';
import { copyFileSafely } from '../copy-file.js';
import { existing } from '../existing.js';
import type { Damage } from '../fixity/compare.js';
import type { KeptRecord } from '../fixity/file-records.js';
import { assertFreeSpace, type Statfs } from '../free-space.js';
import { syncDirectory, temporaryBeside } from '../land.js';
import { listTree } from '../list-tree.js';
import { makeDirectory } from '../make-directory.js';
import { megabytes } from '../megabytes.js';

/** Enough that the disk's syncs overlap, few enough that one bag does not crowd out the rest. */
const FILES_AT_ONCE = 4;
const BLOCK_BYTES = 4096;
/** Image and web servers read what lands (newspapers spec 12.2, 25). */
const [FILE_MODE, DIRECTORY_MODE] = [0o644, 0o755];

export interface EnteringFile {
  /** In the bag, e.g. "data/sn1/print/1856051001/0001.jp2". */
  path: string;
  /** Absolute; where it lies now. */
  directory: string;
  /** Its path below that directory, and its sum. */
  record: KeptRecord;
}

export interface FillOptions {
  /** Files may be hard links to the sources, where the filesystem allows it. */
  mayLink: boolean;
  signal?: AbortSignal;
  progress?: Progress;
  /** How free space is looked up; for tests. */
  look?: Statfs;
}

export interface FillReport {
  linked: number;
  copied: number;
  /** There already, from a run that was killed; read and found right. */
  kept: number;
  /** Files that did not enter, as they are not what is recorded of them. */
  damaged: { directory: string; damage: Damage }[];
}

/**
 * Makes a directory hold exactly these files. It is ours alone: what is in it and does not belong there is removed. Every
 * file is read once, and none stays in it that differs from its record. Run again, it goes on.
 *
 * @throws {NotEnoughSpace} before anything is copied
 */
export async function fillBag(
  root: string,
  files: readonly EnteringFile[],
  { mayLink, signal, progress, look }: FillOptions,
): Promise<FillReport> {
  const sizes = await clear(root, new Set(files.map(({ path }) => path)), signal);
  await makeDirectories(
    root,
    files.map(({ path }) => path),
  );
  const linkable = mayLink ? await linkableDirectories(root, files) : new Set<string>();
  const mustCopy = ({ path, directory, record }: EnteringFile) =>
    !linkable.has(directory) && sizes.get(path) !== record.size;
  await assertFreeSpace(root, room(files.filter(mustCopy)), look);

  const report: FillReport = { linked: 0, copied: 0, kept: 0, damaged: [] };
  const total = files.reduce((sum, { record }) => sum + record.size, 0);
  let bytes = 0;
  const enter = async (file: EnteringFile, either: AbortSignal): Promise<void> => {
    const { how, sum, size } = await bring(root, file, linkable.has(file.directory), either);
    if (sum === file.record.sha256) report[how] += 1;
    else report.damaged.push({ directory: file.directory, damage: changed(file.record, sum, size) });
    progress?.report(megabytes((bytes += file.record.size)), megabytes(total), 'MB');
  };
  await atOnce(FILES_AT_ONCE, files, enter, signal);
  for (const directory of parentsOf(files.map(({ path }) => path))) await syncDirectory(join(root, directory));
  await syncDirectory(dirname(root));
  return report;
}

/** One that is not as recorded is taken out again. */
async function bring(
  root: string,
  { path, directory, record }: EnteringFile,
  mayLink: boolean,
  signal: AbortSignal,
): Promise<{ how: 'linked' | 'copied' | 'kept'; sum: string; size: number }> {
  const [source, target] = [join(directory, record.path), join(root, path)];
  if (await existing(target, 'file')) {
    const { size } = await lstat(target);
    if (size === record.size && (await sha256(target, signal)) === record.sha256) {
      await allowReading(target);
      return { how: 'kept', sum: record.sha256, size };
    }
    await rm(target);
  }
  const sum = mayLink
    ? await link(source, target).then(() => sha256(target, signal))
    : (await copyFileSafely(source, target, { signal })).sha256;
  const { size } = await lstat(target);
  if (sum === record.sha256) await allowReading(target);
  else await rm(target);
  return { how: mayLink ? 'linked' : 'copied', sum, size };
}

async function allowReading(path: string): Promise<void> {
  const { mode } = await lstat(path);
  if ((mode & 0o7777) !== FILE_MODE) await chmod(path, FILE_MODE);
}

const changed = (record: KeptRecord, sum: string, size: number): Damage => ({
  path: record.path,
  is: 'changed',
  size,
  recordedSize: record.size,
  sha256: sum,
  recordedSha256: record.sha256,
  recordedAt: record.recordedAt,
});

/** Takes out what does not belong. @returns the sizes of the files that stay, by path */
async function clear(root: string, wanted: ReadonlySet<string>, signal?: AbortSignal): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  if (!(await existing(root, 'directory'))) return sizes;
  const tree = await listTree(root, signal);
  for (const path of tree.temporaries) await rm(join(root, path), { recursive: true, force: true });
  const directories = new Set(parentsOf([...wanted]));
  for (const { path, size } of tree.files) {
    if (wanted.has(path)) sizes.set(path, size);
    else await rm(join(root, path), { force: true });
  }
  for (const { path } of tree.directories.toReversed()) {
    if (wanted.has(path) || !directories.has(path)) await rmdir(join(root, path)); // what was in it is gone by now
  }
  return sizes;
}

async function makeDirectories(root: string, paths: readonly string[]): Promise<void> {
  await makeDirectory(dirname(root));
  for (const path of parentsOf(paths)) {
    const directory = join(root, path);
    await mkdir(directory, { recursive: true });
    await chmod(directory, DIRECTORY_MODE); // whatever the umask is
  }
}

/** All directories above the paths, parents first; the root is "". */
function parentsOf(paths: readonly string[]): string[] {
  const parents = new Set(['']);
  for (const path of paths) {
    const parts = path.split('/').slice(0, -1);
    for (const depth of parts.keys()) parents.add(parts.slice(0, depth + 1).join('/'));
  }
  return [...parents].sort();
}

/** What filesystems answer that have no links, or not between these two places, or no more of them. */
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** The source directories whose files can be linked into the bag: found out by linking one of each. */
async function linkableDirectories(root: string, files: readonly EnteringFile[]): Promise<Set<string>> {
  const samples = new Map(files.map(({ directory, record }) => [directory, join(directory, record.path)]));
  const linkable = new Set<string>();
  for (const [directory, source] of samples) {
    const sample = temporaryBeside(join(root, 'sample'));
    try {
      await link(source, sample);
      await rm(sample);
      linkable.add(directory);
    } catch (error) {
      if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return linkable;
}

const room = (files: readonly EnteringFile[]) =>
  files.reduce((sum, { record }) => sum + Math.ceil((record.size + 1) / BLOCK_BYTES) * BLOCK_BYTES, 0);
