import { LockHeld, LockLost, LocksUnavailable, type Lock, type Locks } from '../../coordination/locks.js';
import { isLockedOut } from './connection-trouble.js';

/** A lock that another has is asked for again after this long; one that was lost, too. */
const HELD_AGAIN_S = 5;
/** The longer the store of the locks is away, the more seldom each job asks: thousands may wait for it. */
const UNAVAILABLE_AGAIN_S = { least: 5, most: 60, shareOfOutage: 1 / 4 };

/** The locks that a run needs, held together. */
export class JobLocks {
  private constructor(private readonly held: readonly Lock[]) {}

  /**
   * Takes them all, in one order for everybody, waiting for none: so no two runs can block each other.
   *
   * @param lost told, once, when one of them is lost
   * @throws LockHeld, LocksUnavailable; then none is held
   */
  static async take(locks: Locks, names: readonly string[], lost: (reason: LockLost) => void): Promise<JobLocks> {
    const held: Lock[] = [];
    try {
      for (const name of [...new Set(names)].sort()) held.push(await locks.take(name));
    } catch (error) {
      await new JobLocks(held).release();
      throw error;
    }
    for (const { signal } of held) {
      const tell = () => lost(signal.reason as LockLost); // its only reason
      if (signal.aborted) tell();
      else signal.addEventListener('abort', tell, { once: true });
    }
    return new JobLocks(held);
  }

  /** @throws LockLost when one was lost */
  throwIfLost(): void {
    for (const lock of this.held) lock.throwIfLost();
  }

  async release(): Promise<void> {
    await Promise.all(this.held.map((lock) => lock.release()));
  }
}

/** What became of a run that did not get, or keep, a lock: no failure, it is tried later. */
export interface Later {
  kind: 'later';
  reason: string;
  afterSeconds: number;
}

/** `Later` for what locks throw, and for a lock of the database that was not granted; undefined for any other error. */
export function laterForLocks(error: unknown): Later | undefined {
  const jitter = 0.75 + Math.random() / 2;
  if (error instanceof LockHeld || error instanceof LockLost)
    return { kind: 'later', reason: error.message, afterSeconds: HELD_AGAIN_S * jitter };
  if (isLockedOut(error)) {
    const reason = `another session has locked what it needs in the database (${(error as Error).message}); pg_stat_activity tells who, perhaps "idle in transaction"`;
    return { kind: 'later', reason, afterSeconds: HELD_AGAIN_S * jitter };
  }
  if (!(error instanceof LocksUnavailable)) return undefined;
  const { least, most, shareOfOutage } = UNAVAILABLE_AGAIN_S;
  const afterSeconds = Math.min(most, Math.max(least, error.outageSeconds * shareOfOutage)) * jitter;
  return { kind: 'later', reason: error.message, afterSeconds };
}
