/**
 * The records beside the copy of a move, `.wip-X`: `.wip-X.copied` holds the sums that were taken while copying, so that
 * no source is read twice; `.wip-X.verified` says that the copy was compared with them. Without the second no source is
 * deleted.
 */
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { isThere } from './existing.js';
import { writeFileSafely } from './land.js';
import type { Tree } from './list-tree.js';
import { quoted } from './quoted.js';

const schema = z.object({
  /** The directory that was copied. */
  from: z.string(),
  files: z.array(z.object({ path: z.string(), size: z.number(), mtimeMs: z.number(), sha256: z.string() })).readonly(),
});

export type Verification = z.output<typeof schema>;

/** What a record says of the copy. */
export type Claim = 'copied' | 'verified';

const pathOf = (copy: string, claim: Claim) => `${copy}.${claim}`;

export async function writeVerification(copy: string, claim: Claim, verification: Verification): Promise<void> {
  await writeFileSafely(pathOf(copy, claim), JSON.stringify(verification satisfies z.input<typeof schema>));
}

/** Undefined when there is no such record. */
export async function readVerification(copy: string, claim: Claim): Promise<Verification | undefined> {
  if (!(await isThere(pathOf(copy, claim)))) return undefined;
  try {
    return schema.parse(JSON.parse(await readFile(pathOf(copy, claim), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error; // the disk's trouble, not the record's
    throw new Error(`${quoted(pathOf(copy, claim))} cannot be read; delete it, then run the move again from its copy`, {
      cause: error,
    });
  }
}

export async function forgetVerification(copy: string): Promise<void> {
  await rm(pathOf(copy, 'copied'), { force: true });
  await rm(pathOf(copy, 'verified'), { force: true });
}

/** Paths of files in the source that are not what was verified: new, or changed since. A source may have lost files. */
export function changedSince(verification: Verification, source: Tree): string[] {
  const verified = new Map(verification.files.map((file) => [file.path, file]));
  return source.files
    .filter(({ path, size, mtimeMs }) => verified.get(path)?.size !== size || verified.get(path)?.mtimeMs !== mtimeMs)
    .map(({ path }) => path);
}

/** Paths that are no longer in the copy as they were verified (by size). */
export function missingFrom(verification: Verification, copy: Tree): string[] {
  const sizes = new Map(copy.files.map(({ path, size }) => [path, size]));
  return verification.files.filter(({ path, size }) => sizes.get(path) !== size).map(({ path }) => path);
}
