/** A Redis that can be killed, emptied and frozen: all it knows are locks and counters, and they are gone with it. */
import { startRedis, type TestRedis } from '../../support/redis.js';
import type { ChaosRedis } from '../fault.js';
import { dyingWithUs } from '../processes.js';

/**
 * Starts one, empty.
 *
 * @param listenOn an address of this machine; 127.0.0.1 unless told
 */
export async function startChaosRedis({ listenOn = '127.0.0.1' } = {}): Promise<TormentedRedis> {
  const password = 'of the chaos run'; // it listens where other machines' packets could come in
  return new TormentedRedis(await startRedis({ host: listenOn, password, prefix: dyingWithUs('KILL') }), listenOn);
}

export class TormentedRedis implements ChaosRedis {
  private isDown = false;
  private isFrozen = false;

  /** Use `startChaosRedis`. */
  constructor(
    private readonly redis: TestRedis,
    readonly address: string,
  ) {}

  get url(): string {
    return this.redis.url;
  }

  get port(): number {
    return this.redis.port;
  }

  /** It is there and not frozen. */
  isUp(): boolean {
    return !this.isDown && !this.isFrozen;
  }

  async kill(): Promise<void> {
    this.isDown = true;
    await this.redis.stop('SIGKILL');
    this.isFrozen = false;
  }

  /** Starts it again on its port, empty. Does nothing when it runs. */
  async start(): Promise<void> {
    if (!this.isDown) return;
    await this.redis.start();
    this.isDown = false;
  }

  /** All locks and counters are forgotten while their holders live. */
  async flush(): Promise<void> {
    const client = this.redis.client();
    await client.flushall().finally(() => client.disconnect());
  }

  /** Connections stand, nothing is answered. */
  freeze(): void {
    this.isFrozen = true;
    this.redis.signal('SIGSTOP');
  }

  thaw(): void {
    this.isFrozen = false;
    this.redis.signal('SIGCONT');
  }

  drop(): Promise<void> {
    return this.redis.drop();
  }
}
