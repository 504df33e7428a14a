/** Jobs whose behaviour the test decides, run by run; every run is written down. */
import { z } from 'zod';
import {
  defineJob,
  QUEUES,
  type Decision,
  type Job,
  type JobCall,
  type JobContext,
  type Outcome,
  type Queue,
} from '../../src/engine/job.js';
import type { PipelineObject, PipelinePlan } from '../../src/engine/pipeline.js';

const args = z.object({ name: z.string() });
export type StageContext = JobContext<z.output<typeof args>>;
export type Behaviour = (context: StageContext) => Promise<Outcome | undefined>;

export interface StageRun {
  name: string;
  queue: Queue;
  pipelineId: number;
  sequence: number;
  attempt: number;
  decision: Decision | undefined;
  signal: AbortSignal;
  ended: boolean;
}

/** One run that stands still until the test lets it go, or until its signal aborts. */
export interface Gate {
  /** Resolves when the run has begun. */
  entered: Promise<StageContext>;
  /** Whether the run has ended, in whatever way. */
  left: () => boolean;
  end: (outcome?: Outcome) => void;
  fail: (error: Error) => void;
}

export interface StepOptions {
  maxAttempts?: number;
  timeoutSeconds?: number;
  entwine?: number;
}

export class Stage {
  readonly runs: StageRun[] = [];
  /** "+A" when a run of A begins, "-A" when it ends. */
  readonly story: string[] = [];
  /** The most jobs of each queue that ever ran at once. */
  readonly peak: Record<Queue, number> = { io: 0, cpu: 0, fast: 0, instant: 0 };
  /** Pipelines of which two jobs were seen running at once. */
  readonly overlapping = new Set<number>();
  private readonly now: Record<Queue, number> = { io: 0, cpu: 0, fast: 0, instant: 0 };
  private readonly running = new Map<number, number>();
  private readonly behaviours = new Map<string, Behaviour[]>();
  private always: Behaviour = () => Promise.resolve(undefined);
  readonly jobs: readonly Job[] = QUEUES.map((queue) =>
    defineJob({ type: `${queue}_step`, queue, args, timeout: '5 min', run: (context) => this.play(queue, context) }),
  );

  /** What each next run of a job does; the last behaviour stays. */
  on(name: string, ...behaviours: Behaviour[]): void {
    this.behaviours.set(name, behaviours);
  }

  /** What jobs do of which nothing else is said; done unless told. */
  otherwise(behaviour: Behaviour): void {
    this.always = behaviour;
  }

  /** The next run of a job waits for the test; later runs do `then`, or are done at once. */
  gate(name: string, then?: Behaviour): Gate {
    let enter!: (context: StageContext) => void;
    let end!: (outcome?: Outcome) => void;
    let fail!: (error: Error) => void;
    let left = false;
    const entered = new Promise<StageContext>((resolve) => (enter = resolve));
    const passed = new Promise<Outcome | undefined>((resolve, reject) => {
      end = resolve;
      fail = reject;
    });
    passed.catch(() => undefined); // failed before it was entered: the run rejects with it
    const waiting: Behaviour = (context) => {
      enter(context);
      return Promise.race([passed, aborted(context.signal)]).finally(() => (left = true));
    };
    this.on(name, waiting, then ?? (() => Promise.resolve(undefined)));
    return { entered, left: () => left, end, fail };
  }

  /** A job for a plan. */
  step(queue: Queue, name: string, options: StepOptions = {}): JobCall {
    return {
      type: `${queue}_step`,
      queue,
      args: { name },
      maxAttempts: options.maxAttempts ?? 25,
      timeoutSeconds: options.timeoutSeconds ?? 300,
      ...(options.entwine !== undefined && { entwine: options.entwine }),
    };
  }

  /** The names of the jobs in the order in which their runs began. */
  order(pipelineId?: number): string[] {
    return this.runs.filter((run) => pipelineId === undefined || run.pipelineId === pipelineId).map((run) => run.name);
  }

  /** How often a job has been run. */
  count(name: string): number {
    return this.runs.filter((run) => run.name === name).length;
  }

  private async play(queue: Queue, context: StageContext): Promise<Outcome | undefined> {
    const { name } = context.args;
    const { pipelineId, sequence, attempt, decision, signal } = context;
    const run: StageRun = { name, queue, pipelineId, sequence, attempt, decision, signal, ended: false };
    this.runs.push(run);
    this.story.push(`+${name}`);
    this.peak[queue] = Math.max(this.peak[queue], ++this.now[queue]);
    const beside = this.running.get(pipelineId) ?? 0;
    if (beside > 0) this.overlapping.add(pipelineId);
    this.running.set(pipelineId, beside + 1);
    try {
      const behaviours = this.behaviours.get(name);
      const behaviour = behaviours && behaviours.length > 1 ? behaviours.shift() : behaviours?.[0];
      return await (behaviour ?? this.always)(context);
    } finally {
      run.ended = true;
      this.story.push(`-${name}`);
      this.now[queue]--;
      this.running.set(pipelineId, (this.running.get(pipelineId) ?? 1) - 1);
    }
  }
}

/** Rejects with the reason when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = () => reject(signal.reason as Error); // the engine aborts with Errors only
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

/** A plan of the given jobs; about nothing unless an object is named. */
export const plan = (jobs: JobCall[], object?: PipelineObject, more: Partial<PipelinePlan> = {}): PipelinePlan => ({
  name: 'Test',
  description: object ? `${object.type} ${object.id}` : 'a test',
  ...(object && { object }),
  jobs,
  ...more,
});
