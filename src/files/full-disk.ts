/** A full disk is an outage, as a database that is away: it says nothing of the job, and is over when somebody has made room. */
import { statfs } from 'node:fs/promises';
import { FatalError, tryLater, type TryLater } from '../engine/job.js';
import { NotEnoughSpace, RESERVE_BYTES } from './free-space.js';
import { megabytes } from './megabytes.js';
import { ProgramFailed } from './programs.js';
import { quoted } from './quoted.js';
import { explained, FileTrouble } from './trouble.js';

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];
/** The same two, as programs say them. */
const SAID_FULL = /no space left|quota exceeded/i;
/** Fewer are none: programs make files beside those that are seen. */
const RESERVE_INODES = 64;

/** Whether an error, or what caused it, is a full disk, and nothing that no retry mends. */
function saysFull(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof FatalError) return false;
  if (error instanceof NotEnoughSpace || FULL.includes((error as NodeJS.ErrnoException).code)) return true;
  if (error instanceof ProgramFailed && SAID_FULL.test(error.stderr)) return true;
  if (error instanceof AggregateError && error.errors.some(saysFull)) return true;
  return saysFull(error.cause);
}

/**
 * Puts a job off that met a full disk: a night without room must not use up the attempts of everything that came by. Undefined: it
 * was something else.
 */
export function laterIfDiskFull(error: unknown): TryLater | undefined {
  if (!saysFull(error)) return undefined;
  return tryLater({ after: '5 min', deadline: '7 d', reason: (explained(error) as Error).message });
}

/**
 * Tells whether a full disk is behind an error that does not say why something could not be written: poppler "could not write", qpdf
 * ends well and its file is cut short. The disk itself is asked, so this must be called while the half-made files are still there.
 *
 * @param directory where was written
 * @returns the error; where the disk has no room, for bytes or for files, a `FileTrouble` that says so, of the same words
 */
export async function askedOfDisk(directory: string, error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof FatalError || saysFull(error) || saysWhy(error)) return error;
  const left = await nextToNothing(directory).catch(() => undefined); // a disk that does not answer is another trouble
  if (left === undefined) return error;
  const what = error.message.replace(/; the job will try again$/, '');
  const cause = Object.assign(new Error(left, { cause: error }), { code: 'ENOSPC' });
  return new FileTrouble(`${what}; ${left}: make room; the job will try again`, { cause });
}

/** Whether the system has said what it refused, e.g. with EROFS: that is no guess, and needs none. */
function saysWhy({ code, cause }: NodeJS.ErrnoException): boolean {
  return code !== undefined || (cause instanceof Error && saysWhy(cause));
}

/** What a disk has left that has no room; undefined: it has. Some file systems make inodes as they need them, and count none. */
async function nextToNothing(directory: string): Promise<string | undefined> {
  const { bavail, bsize, files, ffree } = await statfs(directory);
  const free = bavail * bsize;
  if (files > 0 && ffree < RESERVE_INODES) return `${quoted(directory)} has ${ffree} inodes free (each file takes one)`;
  return free < RESERVE_BYTES ? `${quoted(directory)} has ${megabytes(free)} MB free` : undefined;
}
