const AT_LEAST_MS = 5_000;
/** So what is read takes no more than a twentieth of the time, however slow it is today. */
const TIMES_ITS_COST = 20;
/** Prometheus waits 10 s for a page unless told. */
const WAIT_MS = 5_000;

/**
 * What is dear to read, read at most every few seconds, never twice at once. Whoever asks while a reading takes its time is told after
 * a while that there is none now; the reading goes on.
 */
export class Cached<T> {
  private value: T | undefined;
  private freshUntil = 0;
  private reading: Promise<void> | undefined;

  constructor(private readonly read: () => Promise<T>) {}

  /** The value, at most some seconds old; undefined when it cannot be had. */
  async get(): Promise<T | undefined> {
    if (performance.now() < this.freshUntil) return this.value;
    this.reading ??= this.readNow().finally(() => (this.reading = undefined));
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'too late'>((resolve) => (timer = setTimeout(() => resolve('too late'), WAIT_MS)));
    const came = await Promise.race([this.reading, tooLate]).finally(() => clearTimeout(timer));
    return came === 'too late' ? undefined : this.value;
  }

  private async readNow(): Promise<void> {
    const began = performance.now();
    this.value = await this.read().catch(() => undefined);
    const now = performance.now();
    this.freshUntil = now + Math.max(AT_LEAST_MS, (now - began) * TIMES_ITS_COST);
  }
}
