/** Progress of running jobs, for people who watch: how much of how much. Losing it loses nothing. */
import type pg from 'pg';

export interface Progress {
  /** Says how far the job is, e.g. `report(3, 16, 'pages')`. Cheap: written at most twice a second, the last one always. */
  report(done: number, total: number, unit: string): void;
}

export interface JobProgress extends Progress {
  /** Waits for a write under way and forgets the progress: the job has ended. */
  close(): Promise<void>;
}

const WRITE_EVERY_MS = 500;

/** Progress kept in the unlogged table `progress`. Failing writes are dropped: the next one says more. */
export function postgresProgress(pool: pg.Pool, pipelineId: number, sequence: number): JobProgress {
  let latest: [number, number, string] | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<unknown> = Promise.resolve();
  let reported = false;

  const write = () => {
    timer = undefined;
    if (!latest) return;
    const [done, total, unit] = latest;
    latest = undefined;
    writing = pool
      .query(
        `insert into progress (pipeline_id, sequence, done, total, unit) values ($1, $2, $3, $4, $5)
         on conflict (pipeline_id) do update set sequence = excluded.sequence, done = excluded.done, total = excluded.total, unit = excluded.unit, at = now()`,
        [pipelineId, sequence, done, total, unit],
      )
      .catch(() => undefined);
  };

  return {
    report(done, total, unit) {
      latest = [done, total, unit];
      if (timer) return;
      if (!reported) {
        reported = true;
        write();
      }
      timer = setTimeout(write, WRITE_EVERY_MS).unref();
    },
    async close() {
      clearTimeout(timer);
      if (!reported) return;
      await writing;
      await pool
        .query('delete from progress where pipeline_id = $1 and sequence = $2', [pipelineId, sequence])
        .catch(() => undefined);
    },
  };
}
