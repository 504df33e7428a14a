import { setTimeout as sleep } from 'node:timers/promises';
import { answerWithin } from './answer-within.js';
import type { LockStore } from './lock-store.js';
import { LockLost, type Lock } from './locks.js';

/** Shares of the expiry: how often a lock is renewed; when, unrenewed, its holder gives it up. The rest is for stopping the work. */
const RENEW_EVERY = 1 / 6;
const GIVE_UP_AT = 3 / 4;

/**
 * A lock in hand, or one whose answer is awaited. Time is measured on the monotonic clock from before each renewal was sent, so
 * that a process that was stopped or starved notices, too: its timers run late, the clock does not.
 */
export class HeldLock implements Lock {
  fence = 0;
  private readonly lost = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private renewing = false;
  private released = false;

  constructor(
    private readonly leases: LockStore,
    readonly name: string,
    private readonly token: string,
    private readonly expiryMs: number,
    /** When the request for it was sent. */
    private confirmedAt: number,
  ) {}

  get signal(): AbortSignal {
    return this.lost.signal;
  }

  /** It was granted: renews it from now on. */
  keep(fence: number): void {
    this.fence = fence;
    this.timer = setInterval(
      () => {
        this.look();
        if (!this.renewing && performance.now() - this.confirmedAt >= this.expiryMs * RENEW_EVERY) void this.renew();
      },
      (this.expiryMs * RENEW_EVERY) / 4,
    );
  }

  throwIfLost(): void {
    this.look();
    this.lost.signal.throwIfAborted();
  }

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    clearInterval(this.timer);
    if (!(await this.tryRelease())) void this.releaseLater();
  }

  /** Gives up a lock whose granting was never heard of: it may be granted all the same, even after a release that overtook the request. */
  forget(): void {
    this.released = true;
    void this.tryRelease();
    void this.releaseLater();
  }

  private look(): void {
    const silence = performance.now() - this.confirmedAt;
    if (silence >= this.expiryMs * GIVE_UP_AT)
      this.lose(
        `${this.leases.name} was out of reach for ${Math.round(silence / 1000)} s of its ${this.expiryMs / 1000} s`,
      );
  }

  private lose(reason: string): void {
    if (this.released || this.lost.signal.aborted) return;
    clearInterval(this.timer);
    this.lost.abort(new LockLost(this.name, reason));
  }

  private async renew(): Promise<void> {
    this.renewing = true;
    const sentAt = performance.now();
    try {
      const isOurs = await answerWithin(
        this.expiryMs * RENEW_EVERY,
        this.leases.renew(this.name, this.token, this.expiryMs),
      );
      if (isOurs) this.confirmedAt = sentAt;
      else this.lose(`${this.leases.name} does not know it any more: it expired, was taken away, or all was flushed`);
    } catch {
      // the next try may come in time
    } finally {
      this.renewing = false;
    }
  }

  /** Whether the store answered. */
  private async tryRelease(): Promise<boolean> {
    try {
      await answerWithin(this.expiryMs * RENEW_EVERY, this.leases.release(this.name, this.token));
      return true;
    } catch {
      return false;
    }
  }

  /** So that nobody has to wait for the expiry when the store is back before it. */
  private async releaseLater(): Promise<void> {
    const until = this.confirmedAt + this.expiryMs;
    do await sleep(this.expiryMs * RENEW_EVERY, undefined, { ref: false });
    while (performance.now() < until && !(await this.tryRelease()));
  }
}
