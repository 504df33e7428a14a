/**
 * The record beside a copy that it was verified, of what, and with which sums: `.wip-X.verified` beside `.wip-X`. While
 * a move is under way it is the proof without which no source is deleted.
 */
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileSafely } from './land.js';
import type { Tree } from './list-tree.js';
import { quoted } from './quoted.js';
import type { VerifiedFile } from './verify-tree.js';

const schema = z.object({
  /** The directory that was copied. */
  from: z.string(),
  files: z.array(z.object({ path: z.string(), size: z.number(), mtimeMs: z.number(), sha256: z.string() })).readonly(),
});

export type Verification = z.output<typeof schema>;

const pathOf = (copy: string) => `${copy}.verified`;

export async function writeVerification(copy: string, from: string, files: readonly VerifiedFile[]): Promise<void> {
  await writeFileSafely(pathOf(copy), JSON.stringify({ from, files } satisfies z.input<typeof schema>));
}

/** Undefined when the copy was not verified. */
export async function readVerification(copy: string): Promise<Verification | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(pathOf(copy), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${quoted(pathOf(copy))} cannot be read; delete it, then run the move again from its copy`, {
      cause: error,
    });
  }
}

export async function forgetVerification(copy: string): Promise<void> {
  await rm(pathOf(copy), { force: true });
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
