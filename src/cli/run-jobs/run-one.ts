import { openCoordination, type Coordination } from '../../coordination/coordination.js';
import { openDatabase } from '../../database/open-database.js';
import { QUEUES } from '../../engine/job.js';
import { Runner } from '../../engine/runner/runner.js';
import { closeThreads } from '../../files/threads.js';
import type { Settings } from '../../settings.js';
import { permit } from '../program.js';
import { registry } from '../registry.js';
import { version } from '../version.js';
import { daemonLogger, outageLog } from './log-streams.js';

/**
 * Claims one pending pipeline of any queue, runs the job it stands at, and ends. Undefined when nothing is pending.
 *
 * @throws Refused when the actor may not
 */
export async function runOne(
  settings: Settings,
  actor: string,
): Promise<{ pipelineId: number; sequence: number; type: string; status: string } | undefined> {
  const database = await openDatabase(settings, 'run-jobs run-one', {
    notice: (text) => process.stderr.write(`${text}\n`),
  });
  const { log, jobLog } = daemonLogger(settings.LOG_LEVEL, database.pool);
  let coordination: Coordination | undefined;
  try {
    await permit(database, actor, 'run-jobs run-one');
    coordination = await openCoordination(settings, database.pool, outageLog(log));
    const queues = Object.fromEntries(QUEUES.map((queue) => [queue, 1]));
    const runner = new Runner({ database, coordination, registry, settings, log, queues, version });
    const job = await runner.runOne();
    if (job === undefined) return undefined;
    const row = await database.kysely
      .selectFrom('job_list as j')
      .innerJoin('pipelines as p', 'p.id', 'j.pipeline_id')
      .select(['j.status', 'p.status as pipeline_status'])
      .where('j.pipeline_id', '=', job.pipelineId)
      .where('j.sequence', '=', job.sequence)
      .executeTakeFirstOrThrow();
    // a job that failed and is retried later is "pending" to the list of jobs: who ran it wants to know
    const status = row.status === 'pending' ? row.pipeline_status : (row.status ?? 'gone');
    return { pipelineId: job.pipelineId, sequence: job.sequence, type: job.type, status };
  } finally {
    await jobLog.flush();
    await closeThreads();
    coordination?.close();
    await database.close();
  }
}
