/** An agent's queue: in memory only, one job at a time in the order they came, ids from 1 at each start (newspapers spec 8.4, W28). */

export type QueuedStatus = 'pending' | 'started' | "couldn't start" | 'successful' | 'failed';

export interface QueuedJob {
  id: number;
  name: string;
  queued: Date;
  status: QueuedStatus;
  error?: string;
  stdout: string[];
  stderr: string[];
}

/** What a job writes. */
export interface JobOutput {
  out: (line: string) => void;
  err: (line: string) => void;
}

export class JobQueue {
  readonly jobs: QueuedJob[] = [];
  private running = Promise.resolve();
  private resume: (() => void) | undefined;
  private gate = Promise.resolve();
  private isStopped = false;

  /** No job begins until `release`. */
  hold(): void {
    if (this.resume) return;
    this.gate = new Promise((resolve) => (this.resume = resolve));
  }

  release(): void {
    this.resume?.();
    this.resume = undefined;
  }

  /** Forgets what has not begun, as an agent that ends does. */
  stop(): void {
    this.isStopped = true;
    this.release();
  }

  /** Resolves when every job that was added has ended. */
  async idle(): Promise<void> {
    await this.running;
  }

  add(name: string, work: (output: JobOutput) => Promise<void>): QueuedJob {
    const id = this.jobs.length + 1;
    const job: QueuedJob = { id, name, queued: new Date(), status: 'pending', stdout: [], stderr: [] };
    this.jobs.push(job);
    this.running = this.running.then(async () => {
      await this.gate;
      if (!this.isStopped) await run(job, work);
    });
    return job;
  }
}

async function run(job: QueuedJob, work: (output: JobOutput) => Promise<void>): Promise<void> {
  let written = 0;
  const line = (text: string): string => `[${rfc3339(new Date(), ++written)}] ${text}`;
  job.status = 'started';
  try {
    await work({ out: (text) => job.stdout.push(line(text)), err: (text) => job.stderr.push(line(text)) });
    job.status = 'successful';
  } catch (error) {
    for (const text of (error as Error).message.split('\n')) job.stderr.push(line(text));
    job.status = 'failed';
    job.error = 'exit status 1';
  }
}

/** With nine digits of the second; lines of one moment are told apart by the last of them. */
export const rfc3339 = (at: Date, nanoseconds = 0): string =>
  at.toISOString().replace('Z', `${String(nanoseconds).padStart(6, '0')}Z`);
