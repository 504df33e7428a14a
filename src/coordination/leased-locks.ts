import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerWithin } from './answer-within.js';
import { HeldLock } from './held-lock.js';
import type { LockStore } from './lock-store.js';
import { LockHeld, LocksUnavailable, type Lock, type LockHolder, type Locks, type TakeOptions } from './locks.js';
import { isGone, thisProcess } from './process-identity.js';

/** A lock whose holder gives no sign of life is free after this long. */
export const LOCK_EXPIRY_SECONDS = 30;

/** No store of locks is asked for longer than this. */
const ANSWER_WITHIN_MS = 5_000;

/** Who waits for a lock asks again after this long, longer each time up to the second. */
const ASK_AGAIN_MS = [50, 1000] as const;

/** Locks over any store: here is who waits, who renews, and how a dead holder of this host is told from a living one. */
export class LeasedLocks implements Locks {
  constructor(
    private readonly leases: LockStore,
    private readonly expirySeconds = LOCK_EXPIRY_SECONDS,
    /** Who the locks say has them. */
    private readonly process = thisProcess(),
  ) {}

  get store(): string {
    return this.leases.name;
  }

  async take(name: string, { signal, waitSeconds = 0 }: TakeOptions = {}): Promise<Lock> {
    const until = performance.now() + waitSeconds * 1000;
    for (let pause = ASK_AGAIN_MS[0] as number; ; pause = Math.min(pause * 2, ASK_AGAIN_MS[1])) {
      signal?.throwIfAborted();
      const answer = await this.tryTake(name);
      if (answer instanceof HeldLock) return answer;
      if (performance.now() >= until) throw new LockHeld(name, answer);
      // not in step with the others who wait
      await sleep(Math.min(pause * (0.5 + Math.random()), Math.max(1, until - performance.now())), undefined, {
        ...(signal && { signal }),
      }).catch(() => signal?.throwIfAborted());
    }
  }

  async withLock<T>(
    name: string,
    work: (signal: AbortSignal, fence: number) => Promise<T>,
    options: TakeOptions = {},
  ): Promise<T> {
    const lock = await this.take(name, options);
    try {
      const result = await work(
        options.signal ? AbortSignal.any([options.signal, lock.signal]) : lock.signal,
        lock.fence,
      );
      lock.throwIfLost();
      return result;
    } catch (error) {
      lock.throwIfLost(); // the work's error then only says that it was told to stop
      throw error;
    } finally {
      await lock.release();
    }
  }

  private async tryTake(name: string): Promise<HeldLock | LockHolder> {
    for (let broken = false; ;) {
      const token = randomUUID();
      const holder = { ...this.process, since: new Date().toISOString() };
      const sentAt = performance.now();
      const lock = new HeldLock(this.leases, name, token, this.expirySeconds * 1000, sentAt);
      let answer;
      try {
        answer = await answerWithin(ANSWER_WITHIN_MS, this.leases.take(name, token, holder, this.expirySeconds * 1000));
      } catch (error) {
        const trouble = unavailable(error, this.store);
        if (trouble.wasAsked) lock.forget();
        throw trouble;
      }
      if ('fence' in answer) {
        lock.keep(answer.fence);
        return lock;
      }
      const { taken } = answer;
      const silentSeconds = this.expirySeconds - taken.expiresInMs / 1000;
      if (broken || !isGone(taken.holder, silentSeconds)) return taken.holder;
      // Its process died on this host: nobody needs to wait for the expiry. Once: the next holder is a living one.
      broken = true;
      await answerWithin(ANSWER_WITHIN_MS, this.leases.release(name, taken.token)).catch((error: unknown) => {
        throw unavailable(error, this.store);
      });
    }
  }
}

const unavailable = (error: unknown, store: string): LocksUnavailable =>
  error instanceof LocksUnavailable
    ? error
    : new LocksUnavailable(
        `locks cannot be taken: ${store} says: ${(error as Error).message}; is it running, and within reach?`,
        0,
        true,
      );
