import { openDatabase } from '../../database/open-database.js';
import { QUEUES, type Queue } from '../../engine/job.js';
import { Runner } from '../../engine/runner/runner.js';
import { readStanding, readStatus } from '../../engine/status.js';
import { closeThreads } from '../../files/threads.js';
import { checkSystemTools, NEWSPAPER_TOOLS } from '../../files/system-tools.js';
import type { Settings } from '../../settings.js';
import { registry } from '../registry.js';
import { version } from '../version.js';
import { standingTable } from './tables.js';
import { daemonLogger } from './log-streams.js';

export interface WatchOptions {
  queues: Partial<Record<Queue, number>>;
  exitWhenIdle: boolean;
}

/** The statements of the hot path are short; one that is not answered by then never will be. */
const QUERY_TIMEOUT_S = 20;

/** The daemon: runs jobs until it is told to stop, or, with `exitWhenIdle`, until nothing is runnable. */
export async function watch(settings: Settings, options: WatchOptions): Promise<void> {
  await checkSystemTools(NEWSPAPER_TOOLS);
  const places = QUEUES.reduce((sum, queue) => sum + (options.queues[queue] ?? 0), 0);
  const database = await openDatabase(settings, 'run-jobs', {
    maxConnections: Math.min(places + 6, 40),
    queryTimeoutSeconds: QUERY_TIMEOUT_S,
  });
  const { log, jobLog } = daemonLogger(settings.LOG_LEVEL, database.pool);
  let toStop: (why: 'idle' | NodeJS.Signals) => void = () => undefined;
  const stopped = new Promise<'idle' | NodeJS.Signals>((resolve) => (toStop = resolve));
  const runner = new Runner({
    database,
    listenOn: settings.LISTEN_NOTIFY ? database.pool.options.connectionString : undefined,
    registry,
    settings,
    log,
    queues: options.queues,
    version,
    ...(options.exitWhenIdle && { onIdle: () => toStop('idle') }),
  });
  const onSignal = (signal: NodeJS.Signals) => toStop(signal);
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  await runner.start();
  const why = await stopped;
  if (why !== 'idle')
    log.info(
      { signal: why, graceSeconds: settings.SHUTDOWN_GRACE },
      'stopping: running jobs may finish; a second signal ends them',
    );
  const atOnce = () => runner.stopAtOnce();
  process.once('SIGTERM', atOnce).once('SIGINT', atOnce);
  await runner.stop(settings.SHUTDOWN_GRACE);
  await jobLog.flush();
  await closeThreads();
  if (why === 'idle') {
    const { counts } = await readStatus(database.kysely);
    const standing = await readStanding(database.kysely, 50);
    process.stdout.write(
      standing.length === 0
        ? 'Nothing is left to do.\n'
        : `Nothing is runnable now. ${counts.failed} failed, ${counts.held} held, ${counts.delayed} delayed:\n${standingTable(standing)}\n`,
    );
  }
  await database.close();
}
