/** Copies a directory tree; running it again copies what is still missing (spec 3.1.1). */
import { chmod, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Progress } from '../coordination/progress.js';
import { FatalError } from '../engine/job.js';
import { atOnce } from './at-once.js';
import { copyFileSafely } from './copy-file.js';
import { KEPT_PERMISSIONS } from './copy-thread.js';
import { existing, vanished } from './existing.js';
import { assertFreeSpace, type Statfs } from './free-space.js';
import { holdDirectory } from './held-directory.js';
import { syncDirectory } from './land.js';
import { listTree, type Tree, type TreeFile } from './list-tree.js';
import { makeDirectory } from './make-directory.js';
import { megabytes } from './megabytes.js';
import { quoted } from './quoted.js';

/** Enough that the disk's syncs overlap, few enough that one copy does not crowd out the rest. */
const FILES_AT_ONCE = 4;
const BLOCK_BYTES = 4096;

export interface CopyOptions {
  signal?: AbortSignal;
  progress?: Progress;
  /** How free space is looked up; for tests. */
  look?: Statfs;
}

/** A file of a tree and its sum. */
export interface SummedFile {
  /** From the root of the tree. */
  path: string;
  size: number;
  /** Of the source, when it was read. */
  mtimeMs: number;
  /** In lower-case hex. */
  sha256: string;
}

export interface CopyReport {
  /** The files that were copied now, with the sums of their sources, which were taken in the same reading. */
  copied: SummedFile[];
  /** Of the whole source. */
  files: number;
  bytes: number;
}

/**
 * Makes `to` hold everything that `from` holds: copies files that are missing there or have another size, each landing
 * whole, and makes the directories. What else lies in `to` stays. Content is not compared: that is `verifyTree`.
 *
 * Permissions are kept, but owners may always read and write, others never write, and set-id bits are dropped; times of files are kept.
 *
 * @throws {UnsafeEntries} for symlinks and special files on either side, before anything is written
 * @throws {NotEnoughSpace} before anything is written
 * @throws {FatalError} when one side lies in the other, or a file stands where a directory must be
 */
export async function copyTree(from: string, to: string, options: CopyOptions = {}): Promise<CopyReport> {
  assertApart(from, to);
  if (!(await existing(from, 'directory'))) throw await vanished(from, `it was to be copied to ${quoted(to)}`);
  const source = await listTree(from, options.signal);
  const target = (await existing(to, 'directory')) ? await listTree(to, options.signal) : undefined;
  assertSameKinds(source, target, to);
  await Promise.all((target?.temporaries ?? []).map((path) => rm(join(to, path), { force: true })));

  const sizes = new Map(target?.files.map(({ path, size }) => [path, size]));
  const wanted = source.files.filter(({ path, size }) => sizes.get(path) !== size);
  await assertFreeSpace(to, room(wanted), options.look);
  await makeDirectories(from, to, source);
  const copied = await copyFiles(from, to, source, wanted, options);
  return { copied, files: source.files.length, bytes: source.bytes };
}

/** Copies the wanted files of a tree, whose directories are there, and makes all of it survive a power cut. @returns their sums */
export async function copyFiles(
  from: string,
  to: string,
  source: Tree,
  wanted: readonly TreeFile[],
  { signal, progress }: CopyOptions,
): Promise<SummedFile[]> {
  let bytes = source.bytes - wanted.reduce((sum, { size }) => sum + size, 0);
  const onBytes = (written: number) => {
    bytes += written;
    progress?.report(megabytes(bytes), megabytes(source.bytes), 'MB');
  };
  const held = await holdDirectory(from);
  const copy = async ({ path }: TreeFile, signal: AbortSignal): Promise<SummedFile> => {
    const root = held.realPath();
    const realPath = root === undefined ? undefined : join(root, path);
    return { path, ...(await copyFileSafely(join(from, path), join(to, path), { signal, onBytes, realPath })) };
  };
  const copied = await atOnce(FILES_AT_ONCE, wanted, copy, signal).finally(() => held.close());
  for (const { path } of source.directories) await syncDirectory(join(to, path));
  await syncDirectory(to);
  await syncDirectory(dirname(to));
  return copied;
}

async function makeDirectories(from: string, to: string, source: Tree): Promise<void> {
  await makeDirectory(dirname(to));
  const root = await stat(from);
  for (const { path, mode } of [{ path: '', mode: root.mode }, ...source.directories]) {
    const directory = join(to, path);
    await makeDirectory(directory);
    const { mode: now } = await stat(directory);
    await chmod(directory, (now & 0o7000) | (mode & KEPT_PERMISSIONS) | 0o700); // the parent's set-group-id stays inherited
  }
}

function assertApart(from: string, to: string): void {
  const inside = (inner: string, outer: string) => !relative(outer, inner).startsWith('..');
  if (inside(from, to) || inside(to, from)) {
    throw new FatalError(`Cannot copy ${quoted(from)} to ${quoted(to)}: one is in the other; correct the settings`);
  }
}

function assertSameKinds(source: Tree, target: Tree | undefined, to: string): void {
  const files = new Set(source.files.map(({ path }) => path));
  const directories = new Set(source.directories.map(({ path }) => path));
  const clash =
    target?.directories.find(({ path }) => files.has(path)) ?? target?.files.find(({ path }) => directories.has(path));
  if (clash) {
    const what = files.has(clash.path) ? 'a directory stands where a file' : 'a file stands where a directory';
    throw new FatalError(`At ${quoted(join(to, clash.path))} ${what} must be copied to; move it away and requeue`);
  }
}

const room = (files: readonly TreeFile[]) =>
  files.reduce((sum, { size }) => sum + Math.ceil((size + 1) / BLOCK_BYTES) * BLOCK_BYTES, 0);
