/** A full disk is an outage, as a database that is away: it says nothing of the job, and is over when somebody has made room. */
import { FatalError, tryLater, type TryLater } from '../engine/job.js';
import { NotEnoughSpace } from './free-space.js';
import { explained } from './trouble.js';

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** Whether an error, or what caused it, is a full disk, and nothing that no retry mends. */
function saysFull(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof FatalError) return false;
  if (error instanceof NotEnoughSpace || FULL.includes((error as NodeJS.ErrnoException).code)) return true;
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
