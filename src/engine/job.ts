/**
 * What a job is: one idempotent function, one row. A domain defines its jobs with `defineJob`, the registry knows them
 * by type, the runner runs them (design 4).
 */
import type { Kysely, Transaction } from 'kysely';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Locks } from '../coordination/locks.js';
import type { Progress } from '../coordination/progress.js';
import type { DB, Json } from '../database/database.js';
import type { Settings } from '../settings.js';
import { parseDuration, type Duration } from './duration.js';
import type { PipelinePlan } from './pipeline.js';

/** The lanes. `io`: disk and network; `cpu`: rendering and encoding; `fast`: short; `instant`: one small database write. */
export const QUEUES = ['io', 'cpu', 'fast', 'instant'] as const;
export type Queue = (typeof QUEUES)[number];

/** An answer to a held job: who said what. The held job runs again with it in hand. */
export interface Decision {
  verb: string;
  params: Json;
  comment: string | null;
  actor: string;
  via: string;
  at: Date;
}

/** What a run is given. */
export interface JobContext<Args> {
  args: Args;
  /** The whole database; domain state that belongs to the outcome goes into `done({ commit })` or `hold({ commit })`. */
  db: Kysely<DB>;
  settings: Settings;
  log: Logger;
  /** Aborts on timeout, cancel, shutdown and a lost lease; its reason says which. Hand it to every child process. */
  signal: AbortSignal;
  progress: Progress;
  /** For what a run learns to need only while it runs. A lock that it cannot get, or loses, makes the engine try it later. */
  locks: Locks;
  /** The answer to this job's question, once there is one. */
  decision: Decision | undefined;
  /** Runs a share of the job's work, never more of them at once than the queue is wide, whatever runs beside it. */
  share: <T>(work: () => Promise<T>) => Promise<T>;
  pipelineId: number;
  sequence: number;
  /** 1 for the first run of this job. */
  attempt: number;
}

/** Work that belongs to an outcome: committed with it or not at all. */
export type Commit = (trx: Transaction<DB>) => Promise<void>;

export interface Done {
  kind: 'done';
  /** Kept with the job row, for people and for later jobs. */
  result?: Json;
  commit?: Commit;
  /** Pipelines enqueued in the transaction that finishes this one. Only the last job of a pipeline may start another on the same object. */
  then?: PipelinePlan[];
  /** Jobs that run right after this one, in this order, before what would have come next. */
  siblings?: JobCall[];
}

export interface TryLater {
  kind: 'try_later';
  after: Duration;
  /** Counted from the first "try later" in a row; after it the job fails. */
  deadline: Duration;
  reason: string;
}

export interface Hold {
  kind: 'hold';
  hold: 'person' | 'external' | 'timer' | 'pipeline';
  /** The question, by its action name. A timer or pipeline hold may have none: then nobody can decide it. */
  action?: string;
  role?: string;
  message: string;
  payload?: Json;
  /** Run the job again after this time even without a decision; the question stays open. */
  wakeAfter?: Duration;
  dueAfter?: Duration;
  blockedBy?: number;
  assignee?: string;
  commit?: Commit;
}

export type Outcome = Done | TryLater | Hold;

export const done = (outcome: Omit<Done, 'kind'> = {}): Done => ({ kind: 'done', ...outcome });
export const tryLater = (outcome: Omit<TryLater, 'kind'>): TryLater => ({ kind: 'try_later', ...outcome });
export const hold = ({ kind, ...rest }: Omit<Hold, 'kind' | 'hold'> & { kind: Hold['hold'] }): Hold => ({
  kind: 'hold',
  hold: kind,
  ...rest,
});

/** What retrying cannot mend: the pipeline fails at once and waits for a person. */
export class FatalError extends Error {
  override name = 'FatalError';
}

export interface JobDefinition<Schema extends z.ZodType = z.ZodType> {
  /** Unique over all domains, snake_case. */
  type: string;
  queue: Queue;
  args: Schema;
  /** Runs that may fail before the job does; the default is 25 (NCA's), 13 days of back-off. */
  maxAttempts?: number;
  timeout: Duration;
  /**
   * Names of the locks (`coordination/lock-names.ts`) that are held while it runs. As long as another holds one, or their store is
   * away, it is tried later, without a failure; when one is lost its signal aborts, and it is tried later.
   */
  locks?: (args: z.output<Schema>) => readonly string[];
  /** Nothing returned means done. Throw `FatalError` for what retrying cannot mend, anything else for what it can. */
  run: (context: JobContext<z.output<Schema>>) => Promise<Outcome | undefined>;
}

/** One job of a plan: what becomes a row. */
export interface JobCall {
  type: string;
  queue: Queue;
  args: Json;
  maxAttempts: number;
  timeoutSeconds: number;
  /** Jobs of one pipeline with the same number are retried together, from the first of them. */
  entwine?: number;
}

/** A defined job: call it with its arguments to plan it. */
export interface Job<Schema extends z.ZodType = z.ZodType> {
  (args: z.input<Schema>): JobCall;
  definition: JobDefinition<Schema>;
}

/**
 * Defines a job type.
 *
 * @example
 * const splitPages = defineJob({ type: 'page_split', queue: 'cpu', timeout: '30 min', args: z.object({ issueId: z.number() }), run });
 * splitPages({ issueId: 7 }); // a JobCall, for definePipeline
 */
export function defineJob<Schema extends z.ZodType>(definition: JobDefinition<Schema>): Job<Schema> {
  return Object.assign((args: z.input<Schema>) => callJob(definition, args), { definition });
}

/** Plans a job whose `run` is elsewhere: it starts pipelines that end with this very job, and imports may not go in a circle. */
export const callJob = <Schema extends z.ZodType>(
  definition: Omit<JobDefinition<Schema>, 'run'>,
  args: z.input<Schema>,
): JobCall => ({
  type: definition.type,
  queue: definition.queue,
  args: definition.args.parse(args) as Json, // what zod parsed from JSON-able input is JSON-able
  maxAttempts: definition.maxAttempts ?? 25,
  timeoutSeconds: parseDuration(definition.timeout),
});

/** Binds jobs so that when one fails they are all retried, from the first (newspapers 2.7: load a batch, wait for the load). */
export function entwined(...calls: JobCall[]): JobCall[] {
  if (calls.length < 2)
    throw new Error('entwined() needs at least two jobs: a group of one has nothing to be retried with');
  const entwine = 1 + Math.floor(Math.random() * 2 ** 31);
  return calls.map((call) => ({ ...call, entwine }));
}
