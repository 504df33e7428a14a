import type { Logger } from 'pino';

/** Of the lease; what is left of it is for stopping the work. */
const FENCE_AT = 0.75;

/**
 * Says every few seconds that this runner lives. When the database could not be reached for most of the lease the runner fences
 * itself off: others may take its work now, so it must stop it. Measured on the monotonic clock from before the beat was sent,
 * so that a stopped or starved process notices, too.
 */
export class Heartbeat {
  private last = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;
  private fenced = false;

  constructor(
    /** Writes to the database that this runner lives. */
    private readonly say: () => Promise<unknown>,
    private readonly leaseSeconds: number,
    private readonly log: Logger,
    private readonly onLost: (reason: string) => void,
    private readonly onBack: () => void,
  ) {}

  start(): void {
    this.last = performance.now();
    const everyMs = Math.min(1000, (this.leaseSeconds * 1000) / 20);
    const beatMs = (this.leaseSeconds * 1000) / 6;
    this.timer = setInterval(() => {
      this.check();
      if (performance.now() - this.last >= beatMs) this.beating ??= this.beat();
    }, everyMs);
  }

  /** Resolves when no beat is under way any more: none says "alive" after the farewell. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.beating;
  }

  /** Whether this runner may act on its leases. */
  get alive(): boolean {
    this.check();
    return !this.fenced;
  }

  private check(): void {
    const silence = (performance.now() - this.last) / 1000;
    if (this.fenced || silence < this.leaseSeconds * FENCE_AT) return;
    this.fenced = true;
    this.log.error(
      { seconds: Math.round(silence) },
      'the database was out of reach for most of the lease: aborting all work, others may take it',
    );
    this.onLost(`no heartbeat reached the database for ${Math.round(silence)} s`);
  }

  private async beat(): Promise<void> {
    const sent = performance.now();
    try {
      await this.say();
      this.last = sent;
      if (this.fenced) {
        this.fenced = false;
        this.log.info('the database is back: taking work again');
        this.onBack();
      }
    } catch (error) {
      this.log.warn({ err: error }, 'heartbeat failed');
    } finally {
      this.beating = undefined;
    }
  }
}
