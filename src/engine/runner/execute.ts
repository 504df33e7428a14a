import type { Logger } from 'pino';
import type { Coordination } from '../../coordination/coordination.js';
import { jobProgress, type JobProgress } from '../../coordination/progress.js';
import type { Database, Json } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import { done, FatalError, type Decision, type JobDefinition, type Outcome } from '../job.js';
import { storableJson, storableText } from '../storable.js';
import type { ClaimedJob } from '../statements/claim.js';
import { JobTimeout, LeaseLost, ShuttingDown } from './abort-reasons.js';
import type { StopOrder } from './stop-order.js';
import { JobLocks, laterForLocks, type Later } from './job-locks.js';

/** After its signal was aborted a job has this long to stop; then it is given up on. */
const STOP_WITHIN_MS = 15_000;

/** A timer set for longer goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How a run ended. `later`: a lock was not to be had, or was lost. `stopped`: it was told to, for this reason, and has no result. */
export type Ending =
  | { kind: 'outcome'; outcome: Outcome }
  | Later
  | { kind: 'failed'; error: Json; retryable: boolean; thrown: unknown }
  | { kind: 'stopped'; reason: LeaseLost | ShuttingDown };

export interface ExecuteServices {
  database: Database;
  coordination: Coordination;
  settings: Settings;
  log: Logger;
  share: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Runs one job to its end: parses its arguments, takes its locks, gives it its context, enforces its timeout, tells failures apart. Never throws. */
export async function execute(
  definition: JobDefinition,
  job: ClaimedJob,
  stop: StopOrder,
  services: ExecuteServices,
): Promise<Ending> {
  const timeout = setTimeout(
    () => stop.give(new JobTimeout(`it ran longer than its timeout of ${job.timeoutSeconds} s`)),
    Math.min(job.timeoutSeconds * 1000, LONGEST_TIMER_MS),
  );
  const context = new Context(job, stop, services);
  let locks: JobLocks | undefined;
  let stray: Promise<unknown> | undefined;
  try {
    const args = definition.args.safeParse(job.args);
    if (!args.success)
      throw new FatalError(
        `its arguments do not fit ${job.type}: ${args.error.message}; an older or newer version wrote them`,
      );
    if (definition.locks) {
      const names = definition.locks(args.data);
      locks = await JobLocks.take(services.coordination.locks, names, (lost) => stop.give(lost));
      if (stop.reason) throw stop.reason; // told to stop meanwhile
    }
    const running = definition.run(context.with(args.data));
    stray = running;
    const outcome = await orStray(running, stop);
    locks?.throwIfLost(); // then another may have worked beside it: it looks again
    stray = undefined;
    return { kind: 'outcome', outcome: checked(outcome ?? done(), job) };
  } catch (thrown) {
    if (!(thrown instanceof Stray)) stray = undefined;
    const { reason } = stop;
    if (reason instanceof LeaseLost || reason instanceof ShuttingDown) return { kind: 'stopped', reason };
    const later = thrown instanceof Stray ? undefined : laterForLocks(reason ?? thrown);
    if (later) return later;
    const cause = reason instanceof JobTimeout && !(thrown instanceof Stray) ? reason : thrown;
    return {
      kind: 'failed',
      error: describeError(cause),
      retryable: !(cause instanceof FatalError || cause instanceof Stray),
      thrown: cause,
    };
  } finally {
    clearTimeout(timeout);
    await context.close();
    // Locks are held as long as the work goes on, also that of a stray that nobody waits for any more.
    if (stray) void stray.catch(() => undefined).then(() => locks?.release());
    else await locks?.release();
  }
}

/** What a run returned, when it can be recorded: what the types promise, and a result that is JSON. */
function checked(outcome: Outcome, { pipelineId }: ClaimedJob): Outcome {
  if (!['done', 'try_later', 'hold'].includes(outcome.kind))
    throw new FatalError('its outcome is none: a run returns nothing, done(), hold() or tryLater()');
  if (outcome.kind === 'hold' && outcome.hold === 'person' && !outcome.action)
    throw new FatalError(`it holds for a person without an action: nobody could answer "${outcome.message}"`);
  if (outcome.kind === 'hold' && outcome.hold === 'pipeline' && outcome.blockedBy === pipelineId)
    throw new FatalError(`it waits for its own pipeline ${pipelineId}, which would never end`);
  if (outcome.kind === 'done' && outcome.result !== undefined) {
    try {
      storableJson(outcome.result);
    } catch (error) {
      throw new FatalError(`its result is no JSON: ${String(error)}`);
    }
  }
  return outcome;
}

/** A run that goes on although it was told to stop. Retrying beside it could do harm, so a person must look. */
class Stray extends Error {
  override name = 'Stray';
}

/** The job's own end, or, when it ignores its aborted signal, a `Stray`. */
function orStray<T>(running: Promise<T>, stop: StopOrder): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    stop.onGiven(() => {
      timer = setTimeout(
        () =>
          reject(
            new Stray(
              `${stop.reason?.message ?? 'it was told to stop'}, and it did not stop within ${STOP_WITHIN_MS / 1000} s; restart its runner, then requeue it`,
            ),
          ),
        STOP_WITHIN_MS,
      );
    });
    running.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      stop.onGiven(undefined);
    });
  });
}

/** The job's context; what costs something is made when it is asked for. */
class Context {
  private progressOfJob: JobProgress | undefined;
  private logOfJob: Logger | undefined;

  constructor(
    private readonly job: ClaimedJob,
    private readonly stop: StopOrder,
    private readonly services: ExecuteServices,
  ) {}

  with<Args>(args: Args) {
    const { job, services, stop } = this;
    const log = () => (this.logOfJob ??= jobLogger(services.log, job));
    const progress = () =>
      (this.progressOfJob ??= jobProgress(services.coordination.progress, job.pipelineId, job.sequence));
    return {
      args,
      db: services.database.kysely,
      settings: services.settings,
      locks: services.coordination.locks,
      get signal() {
        return stop.signal;
      },
      share: services.share,
      pipelineId: job.pipelineId,
      sequence: job.sequence,
      attempt: job.attempt,
      decision: job.decision === null ? undefined : toDecision(job.decision),
      get log() {
        return log();
      },
      get progress() {
        return progress();
      },
    };
  }

  async close(): Promise<void> {
    await this.progressOfJob?.close();
  }
}

/** A logger whose lines say which job they are of; they also go to `job_logs`. */
export const jobLogger = (log: Logger, job: ClaimedJob): Logger =>
  log.child({
    pipeline: job.pipelineId,
    job: job.sequence,
    attempt: job.attempt,
    type: job.type,
    ...(job.objectType !== null && { object: `${job.objectType} ${job.objectId ?? ''}` }),
  });

const toDecision = ({ verb, params, comment, actor, via, at }: NonNullable<ClaimedJob['decision']>): Decision => ({
  verb,
  params,
  comment,
  actor,
  via,
  at: new Date(at),
});

/** An error as it is kept with job and pipeline: what a person needs, in JSON. Takes whatever was thrown. */
export function describeError(thrown: unknown): { name: string; message: string; stack?: string } {
  if (!(thrown instanceof Error)) return { name: 'Error', message: printed(() => thrown) };
  return {
    name: printed(() => thrown.name),
    message: printed(() =>
      thrown instanceof AggregateError ? [thrown.message, ...thrown.errors.map(String)].join('; ') : thrown.message,
    ),
    ...(thrown.stack && { stack: printed(() => thrown.stack) }),
  };
}

function printed(part: () => unknown): string {
  try {
    return storableText(String(part()));
  } catch {
    return '(cannot be printed)';
  }
}

export const messageOf = (error: unknown): string => (error as { message: string }).message; // made by describeError
