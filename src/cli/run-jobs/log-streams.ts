import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';
import type pg from 'pg';
import type { OutageListener } from '../../coordination/redis-connection.js';
import { JobLog } from '../../engine/runner/job-log.js';

/** The daemon's logger: JSON lines on stderr (for people when it is a terminal) at the set level; jobs' lines of every level also into `job_logs`. */
export function daemonLogger(level: string, pool: pg.Pool): { log: Logger; jobLog: JobLog } {
  const jobLog = new JobLog(pool);
  const stderr = process.stderr.isTTY
    ? pretty({
        destination: 2,
        sync: true,
        ignore: 'pid,hostname,runner',
        messageFormat: '{if pipeline}{pipeline}.{job} {type}: {end}{msg}',
        hideObject: false,
      })
    : pino.destination({ dest: 2, sync: true });
  const streams = pino.multistream([
    { level: level, stream: stderr },
    { level: 'trace', stream: jobLog },
  ]);
  return { log: pino({ level: 'debug', base: {} }, streams), jobLog };
}

/** Says once that Redis is away, and once that it is back: not for each job that needs it. */
export const outageLog = (log: Logger): OutageListener => ({
  onOutage: (reason) => log.warn(`${reason}. Jobs that need a lock are tried later, all others go on`),
  onBack: () => log.info('Redis is back: jobs that need a lock go on'),
});
