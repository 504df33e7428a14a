import type { Logger } from 'pino';
import { openCoordination, type Coordination } from '../../coordination/coordination.js';
import type { Database } from '../../database/database.js';
import { openDatabase } from '../../database/open-database.js';
import { QUEUES, type Queue } from '../../engine/job.js';
import { Runner } from '../../engine/runner/runner.js';
import { readStatus, type QueueStatus, type StandingPipeline, type Status } from '../../engine/status.js';
import { closeThreads } from '../../files/threads.js';
import { checkSystemTools, NEWSPAPER_TOOLS } from '../../files/system-tools.js';
import type { Settings } from '../../settings.js';
import { registry } from '../registry.js';
import { version } from '../version.js';
import { standingTable } from './tables.js';
import { daemonLogger, outageLog } from './log-streams.js';
import { JobFigures } from './metrics/job-figures.js';
import { Metrics } from './metrics/metrics.js';
import { ServiceManager, type Watched } from './service-manager.js';

export interface WatchOptions {
  queues: Partial<Record<Queue, number>>;
  exitWhenIdle: boolean;
  /** To be said once at the start. */
  warnings: readonly string[];
}

/** The statements of the hot path are short; one that is not answered by then never will be. */
const QUERY_TIMEOUT_S = 20;

/** The daemon: runs jobs until it is told to stop, or, with `exitWhenIdle`, until nothing is runnable. */
export async function watch(settings: Settings, options: WatchOptions): Promise<void> {
  const serviceManager = ServiceManager.of(process.env);
  await checkSystemTools(settings.PDF_A ? [...NEWSPAPER_TOOLS, 'ghostscript'] : NEWSPAPER_TOOLS);
  const places = QUEUES.reduce((sum, queue) => sum + (options.queues[queue] ?? 0), 0);
  const database = await openDatabase(settings, 'run-jobs', {
    maxConnections: Math.min(places + 6, 40),
    queryTimeoutSeconds: QUERY_TIMEOUT_S,
    runnerLeaseSeconds: settings.RUNNER_LEASE,
    notice: (text) => process.stderr.write(`${text}\n`),
  });
  const { log, jobLog } = daemonLogger(settings.LOG_LEVEL, database.pool);
  if (settings.DATABASE_URL === undefined)
    log.warn(`DATABASE_URL is not set: working on the private PostgreSQL of ${settings.VAR_DIRECTORY}`);
  if (settings.ignoredKeys.length > 0)
    log.warn({ keys: settings.ignoredKeys }, 'the settings file has keys of NCA that mean nothing here');
  for (const warning of options.warnings) log.warn(warning);
  let coordination: Coordination | undefined;
  const outage = outageLog(log);
  try {
    coordination = await openCoordination(settings, database.pool, outage);
    log.info(`locks and progress are kept in ${coordination.locks.store}`);
    await coordination.open();
    const why = await serve({
      settings,
      options,
      database,
      coordination,
      log,
      serviceManager,
      locksAreUp: () => !outage.isGoingOn,
    });
    await jobLog.flush();
    if (why === 'idle') {
      const { counts, queues, standing } = await readStatus(database.kysely, coordination.progress);
      process.stdout.write(`${idleText(counts, queues, standing)}\n`);
    }
  } finally {
    // Also when the start failed: a connection left open would keep the process, and whoever restarts it would wait for ever.
    await closeThreads();
    coordination?.close();
    await database.close();
  }
}

interface Daemon {
  settings: Settings;
  options: WatchOptions;
  database: Database;
  coordination: Coordination;
  log: Logger;
  serviceManager: ServiceManager | undefined;
  locksAreUp: () => boolean;
}

/** Runs jobs until told to stop; returns by what. */
async function serve(daemon: Daemon): Promise<'idle' | NodeJS.Signals> {
  const { settings, options, database, coordination, log, serviceManager } = daemon;
  let isStopping = false;
  let toStop: (why: 'idle' | NodeJS.Signals) => void = () => undefined;
  const stopped = new Promise<'idle' | NodeJS.Signals>((resolve) => {
    toStop = (why) => {
      isStopping = true;
      resolve(why);
    };
  });
  const jobs = new JobFigures();
  const runner: Runner = new Runner({
    database,
    coordination,
    listenOn: settings.LISTEN_NOTIFY ? database.pool.options.connectionString : undefined,
    registry,
    settings,
    log,
    queues: options.queues,
    version,
    ...(options.exitWhenIdle && { onIdle: () => toStop('idle') }),
    onReady: () => serviceManager?.ready(watched(runner), log),
    ...(settings.METRICS_ADDRESS && { observer: jobs }),
  });
  const metrics =
    settings.METRICS_ADDRESS && new Metrics({ ...daemon, address: settings.METRICS_ADDRESS, runner, jobs });
  // for good: between two listeners a second signal would kill this process, and nothing would be handed back
  const onSignal = (signal: NodeJS.Signals) => (isStopping ? runner.stopAtOnce() : toStop(signal));
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  metrics?.start();
  try {
    await runner.start();
    const why = await stopped;
    const told = serviceManager?.stopping(log);
    if (why !== 'idle')
      log.info(
        { signal: why, graceSeconds: settings.SHUTDOWN_GRACE },
        'stopping: running jobs may finish; a second signal ends them',
      );
    await runner.stop(settings.SHUTDOWN_GRACE);
    await told;
    return why;
  } finally {
    metrics?.stop(); // also when the start failed: a server that listens keeps the process
  }
}

const watched = (runner: Runner): Watched => ({
  isTurning: () => runner.status().turning,
  describe() {
    const { id, lanes, leased } = runner.status();
    const running = lanes.map(({ queue, running, width }) => `${queue} ${running}/${width}`).join(', ');
    return `runner ${id} ${leased ? 'takes work' : 'waits for the database'}; running: ${running}`;
  },
});

/** What is left when nothing is runnable here: what stands, and what waits for queues that this daemon does not serve. */
function idleText(counts: Status['counts'], queues: QueueStatus[], standing: StandingPipeline[]): string {
  const elsewhere = queues.filter((q) => q.pending > 0).map((q) => `${q.pending} pending in queue ${q.queue}`);
  if (standing.length === 0 && elsewhere.length === 0) return 'Nothing is left to do.';
  const { failed, held, delayed } = counts;
  return [
    `Nothing is runnable now. ${failed} failed, ${held} held, ${delayed} delayed${standing.length === 0 ? '.' : ':'}`,
    ...(standing.length === 0 ? [] : [standingTable(standing)]),
    ...(elsewhere.length === 0 ? [] : [`Not served here: ${elsewhere.join(', ')}.`]),
  ].join('\n');
}
