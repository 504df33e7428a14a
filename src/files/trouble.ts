/**
 * What the system says about files, in words: the thing, the reason, the remedy; and whether waiting may mend it. A full
 * disk or a mount that is gone is tried again; what no time mends (permissions, a symlink) waits for a person at once (W10).
 */
import { FatalError } from '../engine/job.js';
import { quoted } from './quoted.js';

interface Meaning {
  reason: string;
  remedy: string;
  /** No retry helps. */
  isFatal?: true;
}

const UNREACHABLE: Meaning = { reason: 'the disk cannot be reached', remedy: 'look at the disk and its mount' };
const BUSY: Meaning = { reason: 'the system is short of something', remedy: 'nothing need be done' };
const FORBIDDEN: Meaning = {
  reason: 'permission is missing',
  remedy: 'give it to the user that runs the jobs',
  isFatal: true,
};
const WRONG_KIND: Meaning = {
  reason: 'something else stands there than it should',
  remedy: 'look, and move it away',
  isFatal: true,
};

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOSPC: { reason: 'the disk is full', remedy: 'make room' },
  EDQUOT: { reason: 'the quota is used up', remedy: 'make room or raise it' },
  EROFS: { reason: 'the disk is mounted read-only', remedy: 'see in the system log whether it is failing, then mount it for writing' },
  ENOENT: { reason: 'it went away meanwhile', remedy: 'put it back, or mount its disk' },
  EIO: UNREACHABLE,
  ESTALE: UNREACHABLE,
  ENODEV: UNREACHABLE,
  ENXIO: UNREACHABLE,
  ENOTCONN: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EMFILE: BUSY,
  ENFILE: BUSY,
  ENOMEM: BUSY,
  EBUSY: BUSY,
  EAGAIN: BUSY,
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ELOOP: { reason: 'it is a symlink, and those are not followed', remedy: 'replace it by the file itself', isFatal: true },
  ENAMETOOLONG: { reason: 'its name is too long here', remedy: 'give it a shorter one', isFatal: true },
  EFBIG: { reason: 'it is too big for that disk', remedy: 'use another filesystem', isFatal: true },
  ENOTDIR: WRONG_KIND,
  EISDIR: WRONG_KIND,
  EXDEV: { reason: 'both lie on different filesystems', remedy: 'correct the settings', isFatal: true },
}; // prettier-ignore

/** Trouble with files that may pass by itself: the job is tried again. */
export class FileTrouble extends Error {
  override name = 'FileTrouble';
}

/** Trouble with files that a person has to mend. */
export class FileTroubleForGood extends FatalError {
  override name = 'FileTroubleForGood';
}

/**
 * The error to throw for what the system refused.
 *
 * @param what e.g. "/a/1.pdf could not be copied to /b/1.pdf"
 * @param cause as node threw it; one of our own keeps its words, and whether retrying helps
 */
export function fileTrouble(what: string, cause: Error): Error {
  if (cause instanceof FatalError) return new FileTroubleForGood(`${what}: ${cause.message}`, { cause });
  const meaning = MEANINGS[(cause as NodeJS.ErrnoException).code ?? ''];
  if (!meaning) return new FileTrouble(`${what}: ${cause.message}`, { cause });
  const said = `${what}: ${meaning.reason} (${cause.message}); ${meaning.remedy}`;
  return meaning.isFatal
    ? new FileTroubleForGood(`${said}, then requeue`, { cause })
    : new FileTrouble(`${said}; the job will try again`, { cause });
}

/** The same for whatever a file job throws: what has its own words already, and an abort, stays as it is. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof FatalError || error instanceof FileTrouble) return error;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || !(code in MEANINGS) || syscall === 'connect') return error; // of a database no file is told
  return fileTrouble(path === undefined ? 'A file' : quoted(path), error);
}
