import type { LockHolder } from './locks.js';

/** Somebody else has it. */
export interface Taken {
  token: string;
  holder: LockHolder;
  expiresInMs: number;
}

/**
 * What a store of locks must be able to do: four atomic statements, timed by its own clock. Any of them may fail or stay
 * unanswered for a while; who renews, waits and notices losses is `LeasedLocks`.
 */
export interface LockStore {
  /** For people and logs, without a password, e.g. "Redis at locks.example.org:6379/0". */
  readonly name: string;
  /** Takes the lock if it is free or expired. */
  take(
    name: string,
    token: string,
    holder: LockHolder,
    expiryMs: number,
  ): Promise<{ fence: number } | { taken: Taken }>;
  /** Lets it live longer. False when the token does not hold it. */
  renew(name: string, token: string, expiryMs: number): Promise<boolean>;
  /** Frees it. False when the token does not hold it. */
  release(name: string, token: string): Promise<boolean>;
}
