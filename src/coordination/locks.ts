/** Locks that processes of every host respect: they expire when their holder dies, and their holder notices when it has lost them. */
import type { ProcessIdentity } from './process-identity.js';

/**
 * Locks by name. The database is the authority over who may do a job (its epoch fences off whoever lost it); a lock keeps
 * processes apart from the same files, or the same look at the world, in the meantime.
 */
export interface Locks {
  /** Where they are kept, for people; never with a password. */
  readonly store: string;

  /**
   * Takes a lock.
   *
   * @throws LockHeld when another holder has it and does not let go within `waitSeconds`
   * @throws LocksUnavailable when the store does not answer, or refuses
   */
  take(name: string, options?: TakeOptions): Promise<Lock>;

  /**
   * Does work under a lock and releases it after. The work's signal aborts with `LockLost` when the lock is lost, or with the
   * caller's own reason; its fence is larger than that of every earlier holder of the name.
   *
   * @example
   * await locks.withLock(filesLock('/mnt/news/sftp/sn83025138/1907-05-01'), async (signal) => queue(upload, signal));
   * @throws LockHeld, LocksUnavailable as `take`
   * @throws LockLost when the lock was lost before the work ended, whatever the work said: another may have worked beside it
   */
  withLock<T>(
    name: string,
    work: (signal: AbortSignal, fence: number) => Promise<T>,
    options?: TakeOptions,
  ): Promise<T>;
}

export interface TakeOptions {
  /** Ends the wait for the lock; `withLock` also hands it on to the work. */
  signal?: AbortSignal;
  /** How long to wait for another holder; 0 unless told. */
  waitSeconds?: number;
}

/** A lock in hand. It is renewed until it is released, or lost. */
export interface Lock {
  readonly name: string;
  /** Larger than that of every earlier holder of this name. */
  readonly fence: number;
  /** Aborts with `LockLost` when the lock is lost. */
  readonly signal: AbortSignal;
  /** @throws LockLost when it is lost; asks the clock, not the store */
  throwIfLost(): void;
  /** Lets go. Never throws: what cannot be released now is released as soon as the store answers, or expires. */
  release(): Promise<void>;
}

/** Who has a lock. */
export interface LockHolder extends ProcessIdentity {
  /** When it was taken, by the holder's clock, for people. */
  since: string;
}

/** Another process has the lock. */
export class LockHeld extends Error {
  override name = 'LockHeld';
  constructor(
    readonly lock: string,
    readonly holder: LockHolder,
  ) {
    super(
      `the lock ${lock} is held by process ${holder.pid} on ${holder.host} since ${holder.since}; try again when it is done`,
    );
  }
}

/** The store of the locks does not answer, or refuses: nobody can take a lock now. */
export class LocksUnavailable extends Error {
  override name = 'LocksUnavailable';
  constructor(
    message: string,
    /** For how long that has been so, as far as this process saw. */
    readonly outageSeconds = 0,
    /** False when the request certainly changed nothing: it was never sent, or was refused. */
    readonly wasAsked = false,
  ) {
    super(message);
  }
}

/** The lock is no longer ours: it expired, was taken away, or its store was out of reach for too long. */
export class LockLost extends Error {
  override name = 'LockLost';
  constructor(
    readonly lock: string,
    reason: string,
  ) {
    super(`the lock ${lock} was lost: ${reason}`);
  }
}
