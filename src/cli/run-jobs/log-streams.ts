import pino, { type Logger } from 'pino';
import type pg from 'pg';
import type { OutageListener } from '../../coordination/redis-connection.js';
import { JobLog } from '../../engine/runner/job-log.js';
import { readableLog } from './readable-log.js';

/** The daemon's logger: JSON lines on stderr (for people when it is a terminal) at the set level; jobs' lines of every level also into `job_logs`. */
export function daemonLogger(level: string, pool: pg.Pool): { log: Logger; jobLog: JobLog } {
  const jobLog = new JobLog(pool);
  const stderr = process.stderr.isTTY ? readableLog(2) : pino.destination({ dest: 2, sync: true });
  const streams = pino.multistream([
    { level: level, stream: stderr },
    { level: 'trace', stream: jobLog },
  ]);
  return { log: pino({ level: 'debug', base: {} }, streams), jobLog };
}

/** Says once that Redis is away, and once that it is back: not for each job that needs it. */
export function outageLog(log: Logger): OutageListener & { readonly isGoingOn: boolean } {
  let isGoingOn = false;
  return {
    get isGoingOn() {
      return isGoingOn;
    },
    onOutage(reason) {
      isGoingOn = true;
      log.warn(`${reason}. Jobs that need a lock are tried later, all others go on`);
    },
    onBack() {
      isGoingOn = false;
      log.info('Redis is back: jobs that need a lock go on');
    },
  };
}
