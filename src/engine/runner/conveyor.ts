/**
 * The way of pipelines through one runner: claimed into a lane, run, recorded, kept or let go.
 * All that is kept in memory here may be lost at any moment: rows say everything.
 */
import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../duration.js';
import { FatalError, QUEUES, type Done, type Hold, type Outcome, type Queue } from '../job.js';
import { claim, type ClaimedJob, type ClaimedRow } from '../statements/claim.js';
import { fail } from '../statements/fail.js';
import { finishWith, holdWith } from '../statements/finish-with.js';
import { isPlain, type Finished, type FinishedRow } from '../statements/finish.js';
import { handBack } from '../statements/hand-back.js';
import { holdJob } from '../statements/hold.js';
import { onPool, type Run } from '../statements/statement.js';
import { tryJobLater } from '../statements/try-later.js';
import { LeaseLost, ShuttingDown } from './abort-reasons.js';
import { isConnectionTrouble, isLockedOut } from './connection-trouble.js';
import type { ConveyorServices } from './conveyor-services.js';
import { describeError, execute, jobLogger, messageOf, type Ending } from './execute.js';
import { Finisher } from './finisher.js';
import { Lane } from './lane.js';
import { missingJob } from './missing-job.js';
import type { RunEnd } from './observer.js';
import { StopOrder } from './stop-order.js';
import { traced } from './trace.js';
import { UnknownTypes } from './unknown-types.js';

/** No job fails because another process has its lock for long, or because Redis is away for weeks. */
const LOCK_DEADLINE_S = 10 * 365 * 86_400;

interface Work {
  job: ClaimedJob;
  lane: Lane;
  stop: StopOrder;
  /** Its job runs, told to stop or not: its place is taken. */
  executing: boolean;
  /** How long it ran. */
  seconds: number;
}

export class Conveyor {
  readonly lanes: ReadonlyMap<Queue, Lane>;
  /** Claims that the database has answered so far. */
  claimsAnswered = 0;
  private readonly works = new Map<number, Work>();
  private readonly run: Run;
  private readonly finisher: Finisher;
  private readonly unknown: UnknownTypes;
  /** Of which claim a result is: two may have the same number, when the database went back in time (a failover to a replica that lagged). */
  private readonly claimOf = new WeakMap<Finished, ClaimedJob>();
  private readonly claiming = new Set<Queue>();
  private readonly claimAgain = new Set<Queue>();
  private taking = true;
  private keeping = true;

  constructor(
    private readonly services: ConveyorServices,
    widths: Partial<Record<Queue, number>>,
  ) {
    this.lanes = new Map(
      QUEUES.filter((queue) => (widths[queue] ?? 0) > 0).map((queue) => [queue, new Lane(queue, widths[queue] ?? 0)]),
    );
    this.run = onPool(services.database.pool);
    this.unknown = new UnknownTypes(this.run, services.runnerId, services.log);
    this.finisher = new Finisher(
      this.run,
      services.runnerId,
      services.log,
      () => this.reserveFree(),
      (batch, rows, reserved) => this.settleBatch(batch, rows, reserved),
      (finished, error) => this.refuse(finished, error),
      services.leased,
      (finished) => this.workOf(finished) !== undefined,
    );
  }

  /** Jobs in hand, by pipeline. */
  running(): ReadonlyMap<number, ClaimedJob> {
    return new Map([...this.works].map(([id, work]) => [id, work.job]));
  }

  /** Those of them whose function runs. */
  executing(): ReadonlySet<ClaimedJob> {
    return new Set([...this.works.values()].filter((work) => work.executing).map((work) => work.job));
  }

  /** Job types that came by and are not known here. */
  get unknownTypes(): readonly string[] {
    return this.unknown.types;
  }

  isIdle(): boolean {
    return this.works.size === 0 && this.claiming.size === 0;
  }

  /** Claims what is pending for a lane's free places. One claim per lane at a time; a call during one leads to another. */
  async fill(lane: Lane, atLeast = lane.worthClaiming): Promise<void> {
    if (this.claiming.has(lane.queue)) {
      this.claimAgain.add(lane.queue);
      return;
    }
    this.claiming.add(lane.queue);
    try {
      for (let more = true; more && this.taking && this.services.leased() && lane.free >= atLeast;) {
        this.claimAgain.delete(lane.queue);
        more = (await this.claimInto(lane)) === 'filled' || this.claimAgain.has(lane.queue);
      }
    } catch (error) {
      this.services.log.warn({ err: error, queue: lane.queue }, 'could not claim; the next poll tries again');
    } finally {
      this.claiming.delete(lane.queue);
    }
  }

  private async claimInto(lane: Lane): Promise<'filled' | 'nothing more'> {
    const want = lane.free;
    lane.reserved += want;
    try {
      const rows = await claim(this.run, this.services.runnerId, lane.queue, want, this.unknown.types);
      this.claimsAnswered++;
      for (const row of rows) this.begin(row, lane);
      return rows.length === want ? 'filled' : 'nothing more';
    } finally {
      lane.reserved -= want;
    }
  }

  /** Claims one pipeline of any lane, runs the one job it stands at to its end. Undefined when nothing is pending. */
  async runOne(): Promise<ClaimedJob | undefined> {
    this.stopTaking();
    for (const lane of this.lanes.values()) {
      for (;;) {
        const [row] = await claim(this.run, this.services.runnerId, lane.queue, 1, this.unknown.types);
        if (row === undefined) break;
        this.begin(row, lane);
        while (!this.isIdle()) await sleep(20);
        if (row.type === null || this.services.registry.jobs.has(row.type)) return row as ClaimedJob;
      }
    }
    return undefined;
  }

  /** Claims nothing more and keeps nothing: what finishes is left to others. */
  stopTaking(): void {
    this.taking = false;
    this.keeping = false;
  }

  /** Tells the given jobs to stop, for a reason; they are no longer this runner's. */
  drop(jobs: Iterable<ClaimedJob>, reason: Error): void {
    for (const job of jobs) {
      const work = this.works.get(job.pipelineId);
      if (work?.job !== job) continue;
      work.stop.give(reason);
      this.letGo(work);
    }
  }

  /** Tells every job to stop; each is handed back when it has. */
  abortAll(reason: ShuttingDown): void {
    for (const work of this.works.values()) work.stop.give(reason);
  }

  /** Hands back everything at once, stopped or not; the fence keeps the strays from harm. */
  async handBackAll(): Promise<void> {
    const rest = [...this.works.values()].map((work) => work.job);
    if (rest.length > 0) await handBack(this.run, this.services.runnerId, rest);
    this.drop(rest, new ShuttingDown('the runner stopped'));
  }

  private begin(row: ClaimedRow, lane: Lane): void {
    // Let go by the database already, and claimed anew before the answer that said so was read here.
    const former = this.works.get(row.pipelineId);
    // The database went back in time (a failover to a replica that lagged): the result of the former claim may be on its way, and
    // would be taken for this one's. Handed back, the pipeline gets an epoch that no result has; or that result was first, and counts.
    if (former && row.epoch <= former.job.epoch) {
      const { log, runnerId } = this.services;
      handBack(this.run, runnerId, [{ ...row, standsAt: row.sequence }]).catch((error: unknown) =>
        log.warn({ err: error, pipeline: row.pipelineId }, 'could not hand back a claim; it is found as an orphan'),
      );
      return;
    }
    if (former) this.drop([former.job], new LeaseLost('the pipeline was claimed anew'));
    lane.running++;
    const job: ClaimedJob = row.type === null ? { ...row, type: 'missing' } : row;
    const work: Work = { job, lane, stop: new StopOrder(), executing: false, seconds: 0 };
    this.works.set(row.pipelineId, work);
    if (row.type === null) void this.record(work, missingJob(row));
    else void this.carryOut(work);
  }

  private async carryOut(work: Work): Promise<void> {
    const { job, lane, stop } = work;
    const definition = this.services.registry.jobs.get(job.type);
    if (definition === undefined) return this.record(work, { kind: 'unknown type' });
    const { database, coordination, settings, log } = this.services;
    work.executing = true;
    const began = performance.now();
    const ending = await traced(job, () =>
      execute(definition, job, stop, { database, coordination, settings, log, share: (work) => lane.share(work) }),
    );
    work.executing = false;
    work.seconds = (performance.now() - began) / 1000;
    if (this.works.get(job.pipelineId) !== work) {
      this.ended(work, 'stopped');
      this.freePlace(work); // taken away meanwhile: nothing may be said about it
      return;
    }
    if (ending.kind === 'outcome' && isPlain(ending.outcome)) this.finisher.push(this.finished(work, ending.outcome));
    else await this.record(work, ending);
  }

  private finished({ job, lane }: Work, outcome: Done): Finished {
    const finished = {
      pipelineId: job.pipelineId,
      epoch: job.epoch,
      sequence: job.sequence,
      result: outcome.result,
      seenRev: job.decision?.hold_rev ?? null,
      lane: this.keeping ? lane.queue : undefined,
    };
    this.claimOf.set(finished, job);
    return finished;
  }

  /** The work that a result is of; undefined when the pipeline was taken away, or claimed anew, since. */
  private workOf(finished: Finished): Work | undefined {
    const work = this.works.get(finished.pipelineId);
    return work && work.job === this.claimOf.get(finished) ? work : undefined;
  }

  /** Records an ending that is not simply "done", and tries until it is recorded or the lease is lost: a finished run is not forgotten because the database was away. */
  private async record(work: Work, ending: Ending | { kind: 'unknown type' }): Promise<void> {
    const since = performance.now();
    for (
      let delay = 100;
      this.services.leased() && this.works.get(work.job.pipelineId) === work;
      delay = Math.min(delay * 2, 5000)
    ) {
      try {
        await this.recordOnce(work, ending);
        return;
      } catch (error) {
        // The lease lives: if it goes on for longer, it is not the database that is out of reach. A lock may be held for hours.
        const isLasting = performance.now() - since > this.services.settings.RUNNER_LEASE * 1000;
        const ownFault = !isConnectionTrouble(error) || (isLasting && !isLockedOut(error));
        if (ending.kind === 'outcome' && ownFault) {
          // its commit or what follows was refused: that is a failure of the job
          ending = {
            kind: 'failed',
            error: describeError(error),
            retryable: !(error instanceof FatalError),
            thrown: error,
          };
          continue;
        }
        this.services.log.warn(
          { err: error, pipeline: work.job.pipelineId },
          'the end of a run could not be recorded yet; trying again',
        );
        await sleep(delay);
      }
    }
    if (this.works.get(work.job.pipelineId) === work) this.letGo(work);
  }

  private async recordOnce(work: Work, ending: Ending | { kind: 'unknown type' }): Promise<void> {
    const { database, runnerId } = this.services;
    const { job } = work;
    const log = jobLogger(this.services.log, job);
    switch (ending.kind) {
      case 'outcome':
        return this.recordOutcome(work, ending.outcome, log);
      case 'failed': {
        const failed = await fail(this.run, runnerId, job, ending.error, ending.retryable);
        this.ended(work, failed?.status === 'failed' ? 'failed' : failed ? 'retried' : 'stopped');
        if (failed?.status === 'failed') log.error({ err: ending.thrown }, `failed: ${messageOf(ending.error)}`);
        else if (failed)
          log.warn(
            { err: ending.thrown, retryAt: failed.retryAt, failures: failed.failures, of: failed.maxAttempts },
            `run failed, to be retried: ${messageOf(ending.error)}`,
          );
        break;
      }
      case 'unknown type':
        await this.unknown.leave(job);
        this.ended(work, 'unknown_type');
        break;
      case 'later':
        // for the status, not the log: the outage is logged once, not for each of the thousands that wait for its end
        await tryJobLater(this.run, runnerId, job, { ...ending, by: 'engine', deadlineSeconds: LOCK_DEADLINE_S });
        this.ended(work, 'locked');
        break;
      case 'stopped':
        await handBack(onPool(database.pool), runnerId, [job]);
        this.ended(work, 'stopped');
        break;
    }
    this.letGo(work);
  }

  private async recordOutcome(work: Work, outcome: Outcome, log: Logger): Promise<void> {
    const { database, runnerId } = this.services;
    const { job } = work;
    switch (outcome.kind) {
      case 'done': {
        const finished = this.finished(work, outcome);
        const row = await finishWith(database, runnerId, job, finished, outcome);
        this.settle(finished, row);
        return;
      }
      case 'try_later':
        log.info(`to be tried later: ${outcome.reason}`);
        await tryJobLater(this.run, runnerId, job, {
          by: 'job',
          afterSeconds: parseDuration(outcome.after),
          deadlineSeconds: parseDuration(outcome.deadline),
          reason: outcome.reason,
        });
        this.ended(work, 'later');
        break;
      case 'hold': {
        const status = await this.hold(job, outcome);
        this.ended(work, status === undefined ? 'stopped' : 'held');
        if (status === 'held' && job.attempt === 1) log.info(`held: ${outcome.message}`);
        break;
      }
    }
    this.letGo(work);
  }

  private hold(job: ClaimedJob, outcome: Hold) {
    const { database, runnerId } = this.services;
    return outcome.commit ? holdWith(database, runnerId, job, outcome) : holdJob(this.run, runnerId, job, outcome);
  }

  /** The database takes everything but this result: that is a failure of its job. */
  private refuse(finished: Finished, thrown: unknown): void {
    const work = this.workOf(finished);
    if (!work) return;
    void this.record(work, { kind: 'failed', error: describeError(thrown), retryable: true, thrown });
  }

  private settleBatch(batch: Finished[], rows: FinishedRow[], reserved: Partial<Record<Queue, number>>): void {
    for (const [queue, places] of Object.entries(reserved)) {
      const lane = this.lanes.get(queue as Queue); // keys are the queues of this.lanes
      if (lane) lane.reserved -= places;
    }
    const answers = new Map(rows.map((row) => [row.pipelineId, row]));
    for (const finished of batch) this.settle(finished, answers.get(finished.pipelineId));
  }

  /** After a finish: the pipeline goes on here with its next job, or is let go. */
  private settle(finished: Finished, row: FinishedRow | undefined): void {
    const work = this.workOf(finished);
    if (!work) return;
    this.ended(work, row === undefined ? 'stopped' : 'done');
    this.letGo(work);
    if (row?.status === 'in_process') {
      const lane = this.lanes.get(row.queue);
      if (lane) this.begin({ ...work.job, ...row, decision: null }, lane); // its answer, if there was one, was the last job's
    } else if (row?.status === 'pending' && row.queue !== null) {
      const lane = this.lanes.get(row.queue);
      if (lane) void this.fill(lane);
      else this.services.database.pool.query(`select pg_notify('pressmark', $1)`, [row.queue]).catch(() => undefined); // a hint; the others' poll finds it anyway
    } else if (row?.status === 'success') {
      this.services.log.debug({ pipeline: finished.pipelineId }, 'pipeline done');
    }
  }

  private ended({ job, seconds }: Work, end: RunEnd): void {
    this.services.observer?.runEnded(job.type, end, seconds);
  }

  /** Parts with a pipeline; once, whoever comes first: the answer of the database, or whoever took it away. A run that was told to stop keeps its place until it has. */
  private letGo(work: Work): void {
    if (this.works.get(work.job.pipelineId) !== work) return;
    this.works.delete(work.job.pipelineId);
    if (!work.executing) this.freePlace(work);
  }

  private freePlace(work: Work): void {
    work.lane.running--;
    if (this.taking && work.lane.free >= work.lane.worthClaiming) queueMicrotask(() => void this.fill(work.lane));
    this.services.onFree?.();
  }

  /** Reserves every free place of lanes for pipelines that change lanes in the coming flush. */
  private reserveFree(): Partial<Record<Queue, number>> {
    const reserved: Partial<Record<Queue, number>> = {};
    if (!this.keeping) return reserved;
    for (const lane of this.lanes.values()) {
      if (lane.free <= 0) continue;
      reserved[lane.queue] = lane.free;
      lane.reserved += lane.free;
    }
    return reserved;
  }
}
