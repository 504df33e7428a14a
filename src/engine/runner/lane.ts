import pLimit from 'p-limit';
import type { Queue } from '../job.js';

/** The places of one queue in one runner: how many of its jobs run here at once. */
export class Lane {
  /** Jobs running. */
  running = 0;
  /** Places promised to a claim or a flush that is under way. */
  reserved = 0;
  /** Limits the shares of jobs that split their work (`share` of the job context) to the width of the lane. */
  readonly share = pLimit({ concurrency: 1 });

  constructor(
    readonly queue: Queue,
    readonly width: number,
  ) {
    this.share.concurrency = Math.max(1, width);
  }

  get free(): number {
    return this.width - this.running - this.reserved;
  }

  /** Claims are worth a statement when this many places are free: a wide lane waits for a few, a narrow one for one. */
  get worthClaiming(): number {
    return Math.max(1, Math.floor(this.width / 4));
  }
}
