/** What the engine promises, in memory and in a few lines: pipelines, their cursors, claims, questions (design 3). No time, no SQL. */
import type { Queue } from '../../../src/engine/job.js';

export type Status = 'pending' | 'delayed' | 'in_process' | 'held' | 'failed' | 'success' | 'cancelled';

export interface ModelJob {
  name: string;
  queue: Queue;
  max: number;
  entwine: number | null;
  status: 'waiting' | 'success' | 'failed' | 'skipped';
  attempt: number;
  failures: number;
  /** In a row of "try later". */
  tried: boolean;
  /** Checked off with this result. */
  result: string | null;
}

/** A run in a runner's hands, or one that a runner believes to have. */
export interface Claim {
  runner: number;
  pipeline: ModelPipeline;
  epoch: number;
  job: ModelJob;
  /** Number of the question whose answer it has in hand. */
  answer: number | null;
}

export interface HoldAsked {
  kind: 'person' | 'external' | 'timer' | 'pipeline';
  action: string | null;
  wakes: boolean;
  blocker: ModelPipeline | null;
  /** It is to be answered by some time. */
  due: boolean;
  /** Whose desk it is put on. */
  assignee: string | null;
}

/** It runs anew, its failures count anew. */
const renew = (job: ModelJob) => Object.assign(job, { status: 'waiting', failures: 0, tried: false, result: null });
const closed = (status: Status) => status === 'success' || status === 'cancelled';

export class ModelPipeline {
  status: Status = 'pending';
  cursor = 0;
  epoch = 0;
  runner: number | null = null;
  rescues = 0;
  kind: HoldAsked['kind'] | null = null;
  action: string | null = null;
  rev = 0;
  answered: number | null = null;
  wakes = false;
  blocker: ModelPipeline | null = null;
  assignee: string | null = null;
  /** The claim has not expired. */
  counts = false;
  hasDue = false;
  snoozed: number | null = null;
  /** What `error` says: a failure, a job put off, nothing. */
  error: 'boom' | 'busy' | 'late' | null = null;
  readonly decisions = new Map<number, string>();
  readonly events: string[] = [];

  constructor(
    readonly id: number,
    readonly object: number | null,
    public priority: number,
    readonly jobs: ModelJob[],
    /** When it became runnable: claims go by priority, this, id. */
    public since: number,
  ) {}

  get job(): ModelJob {
    const job = this.jobs[this.cursor];
    if (!job) throw new Error('the model lost its cursor');
    return job;
  }
  get open(): boolean {
    return !closed(this.status);
  }

  /** Whether what this claim says still counts. */
  stands(claim: Claim): boolean {
    return (
      this.status === 'in_process' &&
      this.runner === claim.runner &&
      this.epoch === claim.epoch &&
      this.job === claim.job
    );
  }

  claimedBy(runner: number): Claim {
    this.status = 'in_process';
    this.runner = runner;
    this.epoch++;
    return this.claimOf(runner);
  }
  claimOf(runner: number): Claim {
    return { runner, pipeline: this, epoch: this.epoch, job: this.job, answer: this.answered };
  }

  /** Returns where the pipeline stands then; `keep` says whether its runner goes on with a job of that queue. */
  finished(claim: Claim, keep: (next: ModelJob) => boolean): Status {
    this.ended();
    this.error = null;
    this.job.tried = false;
    if (this.answered !== claim.answer) return this.leave('pending'); // answered meanwhile: it runs again, with the answer
    Object.assign(this.job, { status: 'success', result: this.job.name });
    this.action = null;
    this.answered = null;
    const next = this.jobs.findIndex((job, i) => i > this.cursor && job.status === 'waiting');
    if (next < 0) return this.leave('success');
    this.cursor = next;
    return keep(this.job) ? this.status : this.leave('pending');
  }

  failed(retryable: boolean): void {
    this.ended();
    this.job.failures++;
    this.job.tried = false;
    this.error = 'boom';
    if (retryable && this.job.failures < this.job.max) {
      this.events.push('failed_attempt');
      const group = this.job.entwine;
      const first =
        group === null ? this.cursor : this.jobs.findIndex((job) => job.entwine === group && job.status !== 'skipped');
      for (const job of this.jobs.slice(first, this.cursor))
        if (job.entwine === group && job.status === 'success') Object.assign(job, { status: 'waiting', result: null });
      this.cursor = first;
      this.leave('delayed');
    } else this.gaveUp();
  }
  putOff(tooLate: boolean): void {
    this.ended();
    this.job.tried = true;
    this.error = tooLate ? 'late' : 'busy';
    if (tooLate) this.gaveUp();
    else this.leave('delayed');
  }
  private ended(): void {
    this.job.attempt++;
    this.rescues = 0;
  }
  private gaveUp(): void {
    this.job.status = 'failed';
    this.events.push('failed');
    this.leave('failed');
  }

  asked(claim: Claim, asked: HoldAsked): 'held' | 'pending' {
    this.ended();
    Object.assign(this.job, { failures: 0, tried: false });
    this.error = null;
    if (this.answered !== claim.answer) {
      this.leave('pending');
      return 'pending';
    }
    const same = this.action !== null && this.answered === null && this.action === asked.action;
    if (!same && asked.action !== null) this.rev++;
    if (!same && asked.kind === 'person') this.events.push('held');
    this.answered = null;
    this.action = asked.action;
    if (!same) Object.assign(this, { assignee: asked.assignee, counts: asked.assignee !== null, hasDue: asked.due });
    this.leave('held');
    Object.assign(this, { kind: asked.kind, wakes: asked.wakes, blocker: asked.blocker });
    return 'held';
  }

  handedBack(): void {
    this.job.attempt++;
    this.epoch++;
    this.leave('pending');
  }
  rescued(now: number): void {
    this.job.attempt++;
    this.epoch++;
    const hopeless = this.rescues >= 3;
    this.rescues++;
    this.leave(hopeless ? 'held' : 'pending');
    this.events.push(hopeless ? 'rescue_limit' : 'rescued');
    if (hopeless) {
      Object.assign(this, { kind: 'person', action: 'runner_died', hasDue: false });
      this.desk(null);
      this.rev++;
    } else this.since = now;
  }

  /** Whether it becomes due when all times have come. */
  get due(): boolean {
    return (
      this.status === 'delayed' ||
      (this.status === 'held' && (this.wakes || (this.blocker !== null && !this.blocker.open)))
    );
  }
  madeDue(now: number): void {
    this.leave('pending');
    this.since = now;
  }

  decided(rev: number, verb: string, actor: string, now: number): Status | 'refused' {
    if (this.decisions.has(rev)) return 'refused';
    if (this.action === null || !['held', 'pending', 'delayed', 'in_process'].includes(this.status)) return 'refused';
    if (this.rev !== rev || this.isSomebodyElses(actor)) return 'refused';
    this.decisions.set(rev, verb);
    this.events.push('decided');
    if (this.action === 'runner_died') {
      if (verb === 'cancel') return this.cancelled();
      this.action = null;
      return this.standAt(this.cursor, now);
    }
    this.answered = rev;
    this.desk(null);
    return this.status === 'in_process' ? 'in_process' : this.standAt(this.cursor, now);
  }

  /** Whether there is a question that can be put on a desk: open, and not answered while its job looks again. */
  private get asks(): boolean {
    const isOpen = this.action !== null && ['held', 'pending', 'delayed', 'in_process'].includes(this.status);
    return isOpen && this.answered !== this.rev && !this.decisions.has(this.rev);
  }
  private isSomebodyElses(actor: string): boolean {
    return this.assignee !== null && this.assignee !== actor && this.counts;
  }
  private desk(owner: string | null): void {
    this.assignee = owner;
    this.counts = owner !== null;
  }
  putOnDesk(actor: string): string {
    if (!this.asks || this.isSomebodyElses(actor)) return 'refused';
    this.desk(actor);
    this.events.push('claimed');
    return actor;
  }
  assigned(to: string): string {
    if (!this.asks) return 'refused';
    this.desk(to);
    this.events.push('assigned');
    return to;
  }
  released(actor: string, others: boolean): string {
    if (this.assignee === null || (this.isSomebodyElses(actor) && !others)) return 'refused';
    this.desk(null);
    this.events.push('released');
    return 'released';
  }
  snoozedUntil(time: 'past' | 'to come' | null, reason: string | null): string {
    const isOpen = this.action !== null && ['pending', 'delayed', 'in_process'].includes(this.status);
    if (this.status !== 'held' && !isOpen) return 'refused';
    if (time === 'past' || (time !== null && reason === null)) return 'refused';
    this.snoozed = time === null ? null : this.rev;
    this.events.push(time === null ? 'unsnoozed' : 'snoozed');
    return time === null ? 'shown' : 'snoozed';
  }

  woken(now: number): Status | 'refused' {
    if (this.status !== 'held' || this.action === 'runner_died') return 'refused';
    this.events.push('woken');
    return this.standAt(this.cursor, now);
  }
  cancelled(): Status | 'refused' {
    if (!this.open) return 'refused';
    if (this.status === 'in_process') this.job.attempt++;
    this.events.push('cancelled');
    this.epoch++;
    return this.leave('cancelled');
  }
  requeued(now: number): Status | 'refused' {
    if (this.status !== 'failed' && this.status !== 'delayed') return 'refused';
    const group = this.job.entwine;
    const again = this.jobs.filter(
      (job) => job === this.job || (group !== null && job.entwine === group && job.status !== 'skipped'),
    );
    for (const job of again) renew(job);
    this.events.push('requeued');
    return this.standAt(Math.min(...again.map((job) => this.jobs.indexOf(job))), now);
  }
  skipped(now: number): Status | 'refused' {
    if (!['failed', 'held', 'delayed', 'pending'].includes(this.status)) return 'refused';
    this.job.status = 'skipped';
    this.events.push('skipped');
    this.voidQuestion();
    const next = this.jobs.findIndex((job, i) => i > this.cursor && job.status === 'waiting');
    if (next >= 0) return this.standAt(next, now);
    this.epoch++;
    this.error = null;
    return this.leave('success');
  }
  wentTo(target: number, now: number): Status | 'refused' {
    if (!this.open || this.status === 'in_process') return 'refused';
    for (const job of this.jobs.slice(target)) renew(job);
    for (const job of this.jobs.slice(this.cursor, target))
      if (job.status === 'waiting' || job.status === 'failed') job.status = 'skipped';
    this.voidQuestion();
    this.events.push('goto');
    return this.standAt(target, now);
  }
  /** `update pipelines set status = 'pending'` by hand. */
  editedToPending(now: number): void {
    if (this.status === 'pending' || !this.open) return;
    if (this.status === 'in_process') this.job.attempt++;
    else Object.assign(this.job, { status: 'waiting', failures: 0, tried: false });
    if (this.status === 'delayed') this.since = now;
    this.epoch++;
    this.leave('pending');
  }

  /** `update pipelines set status = …` by hand, to an end or to a failure. */
  editedTo(status: 'cancelled' | 'success' | 'failed'): void {
    if (status !== 'failed' || this.status === 'in_process' || this.status === 'held') this.epoch++; // the trigger has to mend the row
    this.leave(status);
  }

  private standAt(cursor: number, now: number): Status {
    this.cursor = cursor;
    this.epoch++;
    this.rescues = 0;
    this.error = null;
    this.since = now;
    return this.leave('pending');
  }
  private voidQuestion(): void {
    this.action = null;
    this.answered = null;
    this.hasDue = false;
    this.desk(null);
    this.rev++;
  }
  private leave(status: Status): Status {
    Object.assign(this, { status, runner: null, kind: null, wakes: false, blocker: null });
    return status;
  }
}

export class Model {
  readonly pipelines: ModelPipeline[] = [];
  /** Everything that some runner believes to have in hand, right or wrong. */
  claims: Claim[] = [];
  runners: number[] = [];
  /** What was committed with an outcome: pipeline and job. */
  readonly effects: string[] = [];
  /** Counts transactions: later ones see later times. */
  now = 0;

  runnable(queue: Queue): ModelPipeline[] {
    return this.pipelines
      .filter((p) => p.status === 'pending' && p.job.queue === queue)
      .sort((a, b) => a.priority - b.priority || a.since - b.since || a.id - b.id);
  }
  busy(object: number | null): boolean {
    return object !== null && this.pipelines.some((p) => p.object === object && p.open);
  }
}
