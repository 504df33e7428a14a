/** Progress of running jobs, for people who watch: how much of how much. Losing it loses nothing. */
import { answerWithin } from './answer-within.js';

export interface Progress {
  /** Says how far the job is, e.g. `report(3, 16, 'pages')`. Cheap: written at most twice a second, the last one always. */
  report(done: number, total: number, unit: string): void;
}

/** How far the job of a pipeline is. */
export interface ProgressReport {
  sequence: number;
  done: number;
  total: number;
  unit: string;
}

/** Where progress is kept, one report per pipeline: a pipeline runs one job at a time. Any call may fail. */
export interface ProgressStore {
  /** For people and logs, without a password. */
  readonly name: string;
  write(pipelineId: number, report: ProgressReport, expiryMs: number): Promise<void>;
  forget(pipelineId: number, sequence: number): Promise<void>;
  /** What is known and has not expired, by pipeline. */
  read(pipelineIds: readonly number[]): Promise<Map<number, ProgressReport>>;
}

export interface JobProgress extends Progress {
  /** Waits for a write under way and forgets the progress: the job has ended. */
  close(): Promise<void>;
}

const WRITE_EVERY_MS = 500;
/** No job waits longer than this for its progress. */
const ANSWER_WITHIN_MS = 5_000;
/** What a killed job leaves vanishes after this long; a living one repeats itself well before. */
const EXPIRY_MS = 3_600_000;
const REPEAT_EVERY_MS = EXPIRY_MS / 4;

/** The progress of one job. Failing writes are dropped: the next one says more. */
export function jobProgress(store: ProgressStore, pipelineId: number, sequence: number): JobProgress {
  let latest: ProgressReport | undefined;
  let isNew = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let repeating: NodeJS.Timeout | undefined;
  /** One at a time: a late one would come behind that which forgets. */
  let writing: Promise<void> | undefined;

  const write = () => {
    timer = undefined;
    if (!latest || !isNew || writing) return;
    isNew = false;
    writing = store
      .write(pipelineId, latest, EXPIRY_MS)
      .catch(() => undefined)
      .then(() => {
        writing = undefined;
        if (!isClosed) timer = setTimeout(write, WRITE_EVERY_MS).unref();
      });
  };
  const writeSoon = () => {
    isNew = true;
    if (!timer) write();
  };

  return {
    report(done, total, unit) {
      if (isClosed) return;
      latest = { sequence, done, total, unit };
      repeating ??= setInterval(writeSoon, REPEAT_EVERY_MS).unref();
      writeSoon();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      clearInterval(repeating);
      if (!latest) return;
      const forgotten = Promise.resolve(writing).then(() => store.forget(pipelineId, sequence));
      await answerWithin(ANSWER_WITHIN_MS, forgotten).catch(() => undefined);
    },
  };
}
