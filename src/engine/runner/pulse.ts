/**
 * Whether a loop really turns. Each of its steps says when it begins, and until when the next sign is due at the latest; a step
 * that never comes back gives no further sign. An outage that ends in an error is no hang: the loop goes on and says so.
 */
export class Pulse {
  private due = Infinity;

  /** @param stepMs how long a step may take at most: what bounds its statements, and some more */
  constructor(private readonly stepMs: number) {}

  /** A step begins now, or after a sleep of so many milliseconds. */
  beat(sleepMs = 0): void {
    this.due = performance.now() + sleepMs + this.stepMs;
  }

  /** Nothing is due any more: the loop was ended. */
  end(): void {
    this.due = Infinity;
  }

  get isTurning(): boolean {
    return performance.now() <= this.due;
  }
}
