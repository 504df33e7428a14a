/** One runner: a registered process that lives as long as its heartbeat does. `start`, `stop`, `status`; nothing happens on import. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { postgresCoordination, type Coordination } from '../../coordination/coordination.js';
import { thisProcess } from '../../coordination/process-identity.js';
import type { Database } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import type { Queue } from '../job.js';
import type { Registry } from '../registry.js';
import type { ClaimedJob } from '../statements/claim.js';
import { handBack } from '../statements/hand-back.js';
import { onPool } from '../statements/statement.js';
import { LeaseLost, ShuttingDown } from './abort-reasons.js';
import { makeDue, rescue } from './clockwork.js';
import { Conveyor } from './conveyor.js';
import { Heartbeat } from './heartbeat.js';
import { Hints } from './hints.js';
import type { RunnerObserver } from './observer.js';
import { Overseer } from './overseer.js';
import { Pulse } from './pulse.js';
import { runDueWatchers } from './watch.js';

/** Told to stop, a job has this long after the grace period; then its pipeline is handed back without waiting for it. */
const ABORT_WITHIN_MS = 5_000;
/** A poll waits so long for the claims of its lanes. */
const FILL_MS = 5_000;
/** Beyond the time limits of a statement: for a busy event loop. */
const STEP_SLACK_MS = 5_000;

export interface RunnerOptions {
  database: Database;
  /** Locks and progress; in the database unless told. The runner does not close it. */
  coordination?: Coordination;
  /** For the connection that listens for hints; undefined: polling only. */
  listenOn?: string | undefined;
  registry: Registry;
  settings: Settings;
  log: Logger;
  queues: Partial<Record<Queue, number>>;
  version: string;
  /** Called when nothing is runnable now: nothing pending or in process for these queues. */
  onIdle?: () => void;
  /** Called once, when the database has been asked for work and has answered. */
  onReady?: () => void;
  observer?: RunnerObserver;
}

export class Runner {
  private id = 0;
  private conveyor!: Conveyor; // set by start()
  private heartbeat!: Heartbeat;
  private overseer!: Overseer;
  private hints: Hints | undefined;
  /** Undefined once it stops. */
  private timer: NodeJS.Timeout | undefined;
  private polled: Promise<void> = Promise.resolve();
  private polls = 0;
  private readonly watching = new AbortController();
  private readonly hurry = new AbortController();
  private watchers: Promise<void> = Promise.resolve();
  private readonly coordination: Coordination;
  private readonly pulse: Pulse;
  private isReady = false;
  private log: Logger;

  constructor(private readonly options: RunnerOptions) {
    this.log = options.log;
    this.coordination = options.coordination ?? postgresCoordination(options.database.pool);
    this.pulse = new Pulse(statementMs(options.database.pool) + STEP_SLACK_MS);
  }

  /** Registers the runner, rescues what dead runners of this host left, and begins to take work. */
  async start(): Promise<void> {
    await this.enlist();
    if (this.options.listenOn !== undefined) {
      this.hints = new Hints(
        { connectionString: this.options.listenOn, application_name: 'pressmark hints' },
        this.log,
        (payload) => this.onHint(payload),
      );
      await this.hints.start();
    }
    this.log.info({ queues: this.options.queues }, 'taking work');
    this.schedule(0);
  }

  private async enlist(): Promise<void> {
    const { database, registry, settings, queues } = this.options;
    this.id = await this.register();
    this.log = this.options.log.child({ runner: this.id });
    this.heartbeat = new Heartbeat(
      () => this.beat(),
      settings.RUNNER_LEASE,
      this.log,
      (reason) => this.loseAll(reason),
      () => void this.oversee(0).catch(() => undefined), // the poll does it anyway
    );
    this.overseer = new Overseer(database.pool, this.id);
    this.conveyor = new Conveyor(
      {
        database,
        coordination: this.coordination,
        registry,
        settings,
        log: this.log,
        runnerId: this.id,
        leased: () => this.heartbeat.alive,
        observer: this.options.observer,
      },
      queues,
    );
    this.heartbeat.start();
  }

  /** Stops taking work, lets running jobs finish for the grace period, then aborts them and hands the rest back. */
  async stop(graceSeconds: number): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.conveyor.stopTaking();
    await this.polled;
    this.pulse.end();
    this.watching.abort(new ShuttingDown('the runner stops'));
    await this.untilIdle(graceSeconds * 1000, this.hurry.signal);
    this.conveyor.abortAll(new ShuttingDown('the runner stops'));
    await this.untilIdle(ABORT_WITHIN_MS);
    await this.conveyor
      .handBackAll()
      .catch((error: unknown) => this.log.error({ err: error }, 'could not hand back; the next runner rescues it'));
    await Promise.race([this.watchers, sleep(ABORT_WITHIN_MS, undefined, { ref: false })]); // one that hangs ends with the process
    await this.heartbeat.stop();
    await this.hints?.stop();
    await this.options.database.pool
      .query('update runners set stopped_at = now() where id = $1', [this.id])
      .catch(() => undefined);
    this.log.info('stopped');
  }

  /** Instead of `start` and `stop`: claims one pipeline, runs the one job it stands at, and ends. Undefined when nothing is pending. */
  async runOne(): Promise<ClaimedJob | undefined> {
    await this.enlist();
    await makeDue(this.options.database.pool);
    const job = await this.conveyor.runOne();
    await this.stop(Infinity);
    return job;
  }

  /** Ends the grace period of a `stop` under way: running jobs are aborted and handed back at once. */
  stopAtOnce(): void {
    this.hurry.abort();
  }

  /** What this runner does right now; `turning`: its loop does not hang; `leased`: it may act on what it has claimed. */
  status() {
    const lanes = [...this.conveyor.lanes.values()].map(({ queue, running, width }) => ({ queue, running, width }));
    const running = [...this.conveyor.running().values()];
    return { id: this.id, running, lanes, turning: this.pulse.isTurning, leased: this.heartbeat.alive };
  }

  private async register(): Promise<number> {
    const { host, pid, bootId } = thisProcess();
    const { database, version, queues } = this.options;
    const { rows } = await database.pool.query<{ id: number }>(
      'insert into runners (host, pid, boot_id, version, queues) values ($1, $2, $3, $4, $5) returning id',
      [host, pid, bootId, version, JSON.stringify(queues)],
    );
    const id = rows[0]?.id;
    if (id === undefined) throw new Error('the database returned no id for this runner');
    return id;
  }

  /** Who beats is alive, even if somebody took it for dead, or deleted its row. */
  private async beat(): Promise<void> {
    const { host, pid, bootId } = thisProcess();
    const { database, version, queues } = this.options;
    await database.pool.query(
      `insert into runners (id, host, pid, boot_id, version, queues) values ($1, $2, $3, $4, $5, $6)
       on conflict (id) do update set heartbeat_at = now(), stopped_at = null`,
      [this.id, host, pid, bootId, version, JSON.stringify(queues)],
    );
  }

  private schedule(ms: number): void {
    this.pulse.beat(ms);
    this.timer = setTimeout(() => {
      this.polled = this.poll();
    }, ms);
  }

  private async poll(): Promise<void> {
    const { settings, log, observer } = this.options;
    try {
      if (this.heartbeat.alive) await this.round();
      observer?.polled(this.heartbeat.alive);
    } catch (error) {
      observer?.polled(false);
      log.warn({ err: error }, 'poll failed; the next one tries again');
    }
    if (this.timer !== undefined) this.schedule(settings.POLL_INTERVAL * 1000);
  }

  /** What a poll does, step by step; the pulse of each says that the last one came back. */
  private async round(): Promise<void> {
    const { database, onReady } = this.options;
    await makeDue(database.pool);
    this.pulse.beat();
    if (this.polls++ % 10 === 0) await this.rescueOthers();
    this.pulse.beat();
    if (this.polls % 10 === 0 || !this.conveyor.isIdle()) await this.oversee();
    this.pulse.beat();
    // a lane that keeps finding work goes on filling itself: that is not waited for
    const filled = Promise.all([...this.conveyor.lanes.values()].map((lane) => this.conveyor.fill(lane, 1)));
    await Promise.race([filled, sleep(FILL_MS, undefined, { ref: false })]);
    this.pulse.beat();
    if (!this.isReady && this.conveyor.claimsAnswered > 0) {
      this.isReady = true;
      onReady?.();
    }
    if (this.timer === undefined) return;
    if (this.polls % 5 === 1) this.watch();
    await this.noticeIdleness();
  }

  private async rescueOthers(): Promise<void> {
    await this.beat(); // a database that went back in time (a failover) may not know this runner: its own work is not to be rescued
    const rescued = await rescue(this.options.database.pool, this.options.settings.RUNNER_LEASE, true);
    if (rescued === 0) return;
    this.log.warn({ pipelines: rescued }, 'rescued the work of dead runners');
    this.options.observer?.rescued(rescued);
  }

  private async oversee(orphanAfterMs?: number): Promise<void> {
    const { lost, orphans } = await this.overseer.compare(this.conveyor, orphanAfterMs);
    if (lost.length > 0) {
      this.log.warn(
        { pipelines: lost.map((job) => job.pipelineId) },
        'pipelines were taken away (cancelled, moved or rescued): aborting their jobs',
      );
      this.conveyor.drop(lost, new LeaseLost('the pipeline was taken away: cancelled, moved or rescued'));
    }
    if (orphans.length > 0) {
      this.log.warn(
        { pipelines: orphans.map((orphan) => orphan.pipelineId) },
        'handing back pipelines whose claim was never received',
      );
      await handBack(onPool(this.options.database.pool), this.id, orphans);
    }
  }

  private watch(): void {
    const { database, settings, registry } = this.options;
    const before = this.watchers;
    const { locks } = this.coordination;
    const services = { database, locks, settings, log: this.log, runnerId: this.id, signal: this.watching.signal };
    this.watchers = Promise.all([
      before,
      runDueWatchers(registry.watchers, services).catch((error: unknown) =>
        this.log.warn({ err: error }, 'watchers could not be looked at'),
      ),
    ]).then(() => undefined);
  }

  private onHint(payload: string): void {
    if (payload === 'cancel') void this.oversee().catch(() => undefined); // the poll does it anyway
    const lane = this.conveyor.lanes.get(payload as Queue); // any other payload is no key
    if (lane) void this.conveyor.fill(lane);
  }

  private loseAll(reason: string): void {
    this.options.observer?.leaseLost();
    this.conveyor.drop(this.conveyor.running().values(), new LeaseLost(reason));
  }

  private async noticeIdleness(): Promise<void> {
    if (!this.options.onIdle || !this.conveyor.isIdle()) return;
    const { rows } = await this.options.database.pool.query<{ busy: boolean }>(
      `select exists (select from pipelines p where status = 'pending' and queue = any ($1) and run_at <= now()
         and not exists (select from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence and j.type = any ($2)))
       or exists (select from pipelines where status = 'in_process') as busy`,
      [[...this.conveyor.lanes.keys()], this.conveyor.unknownTypes],
    );
    if (rows[0]?.busy === false && this.conveyor.isIdle()) this.options.onIdle();
  }

  private async untilIdle(ms: number, hurry?: AbortSignal): Promise<void> {
    const until = performance.now() + ms;
    while (!this.conveyor.isIdle() && performance.now() < until && !hurry?.aborted) await sleep(20);
  }
}

/** The longest that a statement takes before it fails: until it has a connection, until it is answered. */
const statementMs = ({ options }: Database['pool']): number =>
  (options.connectionTimeoutMillis ?? 0) + (options.query_timeout || 60_000);
