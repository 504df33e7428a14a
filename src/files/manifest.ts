/** NCA's directory manifest, the file `.manifest` (spec 5.7, exact): what lies in a directory, and since when (spec 5.4.4). */
import { constants } from 'node:fs';
import { lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256OfAll } from './checksum.js';
import { formatInstant, parseInstant, writable } from './instant.js';
import { temporaryBeside } from './land.js';
import { quoted } from './quoted.js';
import { readDirectory, UnsafeEntries } from './read-directory.js';

const NAME = '.manifest';

/** One of ten thousand pages takes 2 MB. */
const MAX_BYTES = 32_000_000;

export interface ManifestFile {
  name: string;
  /** SHA-256 in hex; '' when not hashed. */
  sum: string;
  size: number;
  /** As Go's os.FileMode: permissions, and above them its own bits for set-id and sticky. */
  mode: number;
  /** Nanoseconds since 1970. */
  modTime: bigint;
}

export interface Manifest {
  /** When it was made. Nanoseconds since 1970. */
  created: bigint;
  /** Regular, non-hidden files, sorted by name. */
  files: ManifestFile[];
  hashAlgo: '' | 'sha256';
}

/**
 * Looks at a directory as it is now.
 *
 * @param options.sums compute SHA-256 sums (in threads)
 * @throws {UnsafeEntries} when a non-hidden entry is no regular file
 */
export async function buildManifest(
  directory: string,
  { sums = false, now = new Date(), signal }: { sums?: boolean; now?: Date; signal?: AbortSignal } = {},
): Promise<Manifest> {
  const entries = (await readDirectory(directory)).filter(({ name }) => !name.startsWith('.'));
  const others = entries.filter(({ kind }) => kind !== 'file');
  if (others.length > 0) {
    throw new UnsafeEntries(others.map(({ name, kind }) => `${quoted(join(directory, name))} (${kind})`));
  }
  const paths = entries.map(({ name }) => join(directory, name));
  const hashes = sums ? await sha256OfAll(paths, signal) : [];
  const files = entries.map(async ({ name }, index): Promise<ManifestFile> => {
    const { size, mode, mtimeNs } = await lstat(join(directory, name), { bigint: true });
    return {
      name,
      sum: hashes[index] ?? '',
      size: Number(size),
      mode: goMode(Number(mode)),
      modTime: writable(mtimeNs),
    };
  });
  return {
    created: BigInt(now.getTime()) * 1_000_000n,
    files: await Promise.all(files),
    hashAlgo: sums ? 'sha256' : '',
  };
}

/** Whether two manifests speak of the same files: all but sums must agree, and sums where both have them. */
export function sameFiles(one: Manifest, other: Manifest): boolean {
  const theirs = new Map(other.files.map((file) => [file.name, file]));
  const names = new Set(one.files.map(({ name }) => name)); // what somebody else wrote may list one twice, and another not at all
  return (
    names.size === theirs.size &&
    one.files.length === other.files.length &&
    one.files.every(({ name, sum, size, mode, modTime }) => {
      const file = theirs.get(name);
      if (file?.size !== size || file.mode !== mode || file.modTime !== modTime) return false;
      return sum === '' || file.sum === '' || sum === file.sum;
    })
  );
}

/** Where the clock of a directory that cannot be written is kept instead: says since when it is as the manifest tells. */
export type KeepElsewhere = (current: Manifest, why: Error) => Promise<Date>;

/** What a directory answers that others may look at but not change, and a full disk. */
const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

/**
 * Since when the directory has been as it is. The files' own times say little, as copies bring old ones along; so the
 * first look writes a `.manifest`, and as long as the directory matches it, its creation is the answer. Any change
 * (a file added, removed, renamed, touched, its mode) starts the clock anew. Now, for a directory that is gone or
 * holds what is no regular file.
 *
 * @param keepElsewhere asked when the `.manifest` cannot be written; without it that is an error
 */
export async function lastModified(
  directory: string,
  now: Date = new Date(),
  keepElsewhere?: KeepElsewhere,
): Promise<Date> {
  let current: Manifest;
  try {
    current = await buildManifest(directory, { now });
  } catch (error) {
    if (error instanceof UnsafeEntries || (error as NodeJS.ErrnoException).code === 'ENOENT') return now;
    throw error;
  }
  const former = await readManifest(directory);
  if (former && sameFiles(former, current)) return new Date(Number(former.created / 1_000_000n));
  try {
    await writeManifest(directory, current);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // fs rejects with errors only
    if (code === 'ENOENT') return now;
    if (!keepElsewhere || !UNWRITABLE.has(code ?? '')) throw error;
    return keepElsewhere(current, error as Error);
  }
  return now;
}

const schema = z.object({
  Created: z.string(),
  Files: z
    .array(z.object({ Name: z.string(), Sum: z.string(), Size: z.number(), Mode: z.number(), ModTime: z.string() }))
    .nullable(),
  HashAlgo: z.enum(['', 'sha256']),
});

/**
 * Reads the directory's `.manifest`; undefined when there is none, or none that can be understood or read: it may be
 * anything at all, as whoever uploads may put one there.
 */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const text = await readPlainFile(join(directory, NAME));
  if (text === undefined) return undefined;
  try {
    const { Created, Files, HashAlgo } = schema.parse(JSON.parse(text));
    const files = (Files ?? []).map(({ Name, Sum, Size, Mode, ModTime }) => {
      return { name: Name, sum: Sum, size: Size, mode: Mode, modTime: parseInstant(ModTime) };
    });
    return { created: parseInstant(Created), files, hashAlgo: HashAlgo };
  } catch {
    return undefined; // an unreadable one is made anew
  }
}

/** The text of a regular file of no mad size. Links are not followed, and a pipe is not waited for. */
async function readPlainFile(path: string): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException; // fs rejects with errors only
    // ELOOP: a link; ENXIO: a socket; EACCES: somebody else's
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO' || code === 'EACCES') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { size } = await file.stat().then((found) => (found.isFile() ? found : { size: Infinity }));
    return size > MAX_BYTES ? undefined : await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Writes the directory's `.manifest`: one line of JSON, mode 0600. It lands whole or not at all. It is not synced: that
 * takes the disk's time for each of thousands of uploads, and one that a power cut loses only starts the clock anew.
 */
export async function writeManifest(directory: string, { created, files, hashAlgo }: Manifest): Promise<void> {
  const Files = files.map(({ name, sum, size, mode, modTime }) => {
    return { Name: name, Sum: sum, Size: size, Mode: mode, ModTime: formatInstant(modTime) };
  });
  const content: z.input<typeof schema> = {
    Created: formatInstant(created),
    Files: Files.length > 0 ? Files : null,
    HashAlgo: hashAlgo,
  };
  const target = join(directory, NAME);
  const temporary = temporaryBeside(target);
  try {
    await writeFile(temporary, JSON.stringify(content), { mode: 0o600, flag: 'wx' });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Go keeps permissions where Unix does and the three bits above them elsewhere. */
function goMode(mode: number): number {
  const moved: [unix: number, go: number][] = [[0o4000, 1 << 23], [0o2000, 1 << 22], [0o1000, 1 << 20]]; // prettier-ignore
  return moved.reduce((bits, [unix, go]) => (mode & unix ? bits | go : bits), mode & 0o777);
}
