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
  let timer: NodeJS.Timeout | undefined;
  let repeating: NodeJS.Timeout | undefined;
  let writing: Promise<unknown> = Promise.resolve();

  const write = () => {
    timer = undefined;
    if (!latest || !isNew) return;
    isNew = false;
    writing = answerWithin(ANSWER_WITHIN_MS, store.write(pipelineId, latest, EXPIRY_MS)).catch(() => undefined);
  };

  return {
    report(done, total, unit) {
      latest = { sequence, done, total, unit };
      isNew = true;
      if (timer) return;
      if (!repeating) {
        repeating = setInterval(() => {
          isNew = true;
          write();
        }, REPEAT_EVERY_MS).unref();
        write();
      }
      timer = setTimeout(write, WRITE_EVERY_MS).unref();
    },
    async close() {
      clearTimeout(timer);
      clearInterval(repeating);
      if (!latest) return;
      await writing;
      await answerWithin(ANSWER_WITHIN_MS, store.forget(pipelineId, sequence)).catch(() => undefined);
    },
  };
}
