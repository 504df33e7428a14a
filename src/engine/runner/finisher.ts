import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from '../job.js';
import { isConnectionTrouble, isLockedOut } from './connection-trouble.js';
import { finish, type Finished, type FinishedRow } from '../statements/finish.js';
import type { Run } from '../statements/statement.js';

const BATCH = 500;
/** Two: while one flush is on its way the next fills up and leaves. More gain nothing (measured). */
const FLUSHES = 2;
/** Results that go on alone wait for locks: they must leave connections to the heartbeat and all else. */
const ALONE = 8;

/**
 * Checks off finished jobs in micro-batches: many in one statement, flushed as soon as the former flush is back.
 * A batch that does not reach the database is sent again; the statement's fence makes that harmless. Of a batch of which another
 * session has locked a row, each result goes on alone: the others do not wait for that one, and it takes no place from them.
 */
export class Finisher {
  private waiting: Finished[] = [];
  private readonly alone = pLimit(ALONE);
  private flushing = 0;

  constructor(
    private readonly run: Run,
    private readonly runnerId: number,
    private readonly log: Logger,
    /** Takes the places that the other lanes can give while a flush is under way. */
    private readonly reserve: () => Partial<Record<Queue, number>>,
    /** Called for each flush: what was sent, what came back (missing: taken away), what had been reserved. */
    private readonly settled: (
      batch: Finished[],
      rows: FinishedRow[],
      reserved: Partial<Record<Queue, number>>,
    ) => void,
    /** Called for a result that the database refuses, whatever else it takes. */
    private readonly refused: (finished: Finished, error: unknown) => void,
    /** False once the lease is lost: then nothing is sent again. */
    private readonly leased: () => boolean,
    /** False when the pipeline was taken away, or claimed anew, since: nothing is sent of it then. */
    private readonly current: (finished: Finished) => boolean,
  ) {}

  push(finished: Finished): void {
    this.waiting.push(finished);
    if (this.flushing < FLUSHES) void this.flush();
  }

  private async flush(): Promise<void> {
    this.flushing++;
    try {
      await Promise.resolve(); // what finishes in this turn of the loop goes along
      while (this.waiting.length > 0) {
        const batch = this.waiting.splice(0, BATCH);
        await this.sendSettled(batch);
        await Promise.resolve();
      }
    } finally {
      this.flushing--;
    }
  }

  private async sendSettled(batch: Finished[]): Promise<void> {
    const reserved = this.reserve();
    try {
      this.settled(batch, await this.send(batch, reserved), reserved);
    } catch (error) {
      this.settled([], [], reserved);
      if (isLockedOut(error)) for (const finished of batch) void this.sendAlone(finished);
      else if (batch[0] && batch.length === 1) this.refused(batch[0], error);
      else for (const finished of batch) await this.sendSettled([finished]); // one of them is to blame: the others are not
    }
  }

  /** Beside the flushes, until it is recorded; it never rejects. */
  private async sendAlone(finished: Finished): Promise<void> {
    try {
      this.settled([finished], await this.send([finished], {}, true), {});
    } catch (error) {
      this.refused(finished, error);
    }
  }

  private async send(
    batch: Finished[],
    reserved: Partial<Record<Queue, number>>,
    alone = false,
  ): Promise<FinishedRow[]> {
    // Asked each time which still count: while the database was away much may have happened.
    const record = () => finish(this.run, this.runnerId, batch.filter(this.current), reserved);
    for (let delay = 100; this.leased(); delay = Math.min(delay * 2, 5000)) {
      try {
        return await (alone ? this.alone(record) : record());
      } catch (error) {
        if (!isConnectionTrouble(error) || (isLockedOut(error) && !alone)) throw error;
        this.log.warn({ err: error, jobs: batch.length }, 'finished jobs could not be recorded yet; trying again');
        await sleep(delay);
      }
    }
    return []; // somebody else has them by now
  }
}
