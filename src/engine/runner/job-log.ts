import type pg from 'pg';
import { parseJobLine, type JobLogLine } from './job-log-line.js';

const FLUSH_MS = 200;
/** Lines kept while the database is away; older ones are dropped first, stderr has them all. */
const KEEP = 20_000;

/** A stream for pino: lines that a job wrote go into `job_logs` as well, in batches, in order. Lines of the runner itself pass by. */
export class JobLog {
  private lines: JobLogLine[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private told = false;

  constructor(private readonly pool: pg.Pool) {}

  write(json: string): void {
    const line = parseJobLine(json);
    if (!line) return;
    this.lines.push(line);
    if (this.lines.length > KEEP) this.lines.shift();
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  /** Waits until everything written so far is stored, or could not be. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.flushing = this.flushing.then(() => this.store());
    return this.flushing;
  }

  private async store(): Promise<void> {
    const batch = this.lines.splice(0, 1000);
    if (batch.length === 0) return;
    try {
      await this.insert(batch);
    } catch (error) {
      if (!isOfTheData(error)) {
        this.lines = [...batch, ...this.lines].slice(-KEEP);
        this.timer ??= setTimeout(() => void this.flush(), 2000).unref();
        return;
      }
      for (const line of batch) await this.insert([line]).catch((refused: unknown) => this.tell(refused)); // only the one to blame is lost
    }
    if (this.lines.length > 0) await this.store();
  }

  /** Once: the line itself has been on stderr. */
  private tell(refused: unknown): void {
    if (this.told) return;
    this.told = true;
    process.emitWarning(`a log line could not be stored in job_logs (stderr has it): ${String(refused)}`);
  }

  private async insert(batch: JobLogLine[]): Promise<void> {
    await this.pool.query(
      // the join: lines of a job whose row was deleted meanwhile belong to nothing
      `insert into job_logs (pipeline_id, sequence, attempt, at, level, message, fields)
       select l.pipeline, l.job, l.attempt, to_timestamp(l.at / 1000.0), l.level, l.message, nullif(l.fields, '{}'::jsonb)
       from unnest($1::bigint[], $2::int[], $3::int[], $4::float8[], $5::text[], $6::text[], $7::jsonb[]) with ordinality
         as l (pipeline, job, attempt, at, level, message, fields, place)
       join jobs j on j.pipeline_id = l.pipeline and j.sequence = l.job
       order by l.place`,
      [
        batch.map((l) => l.pipeline),
        batch.map((l) => l.job),
        batch.map((l) => l.attempt),
        batch.map((l) => l.at),
        batch.map((l) => l.level),
        batch.map((l) => l.message),
        batch.map((l) => l.fields),
      ],
    );
  }
}

/** SQLSTATE classes that blame a value: data exception, constraint, too deep or too large. */
const isOfTheData = (error: unknown): boolean => /^(22|23|54)/.test(String((error as { code?: unknown }).code));
