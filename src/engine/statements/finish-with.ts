import { sql, type Transaction } from 'kysely';
import type { Database, DB } from '../../database/database.js';
import { enqueue } from '../enqueue.js';
import type { Done, Hold } from '../job.js';
import { addSiblings } from './add-siblings.js';
import type { ClaimedJob } from './claim.js';
import { finish, type Finished, type FinishedRow } from './finish.js';
import { holdJob } from './hold.js';
import { inTransaction } from './statement.js';

/**
 * Finishes a job together with what belongs to its outcome: siblings, its `commit`, the pipelines that follow. All or nothing.
 * When an answer came that the run did not see, nothing of the outcome stays: the job runs again.
 */
export function finishWith(
  database: Database,
  runnerId: number,
  job: ClaimedJob,
  finished: Finished,
  outcome: Done,
): Promise<FinishedRow | undefined> {
  return database.kysely.transaction().execute(async (trx) => {
    const standing = await lock(trx, runnerId, job);
    if (standing === 'taken away') return undefined;
    if (standing === 'ours' && outcome.siblings?.length)
      await addSiblings(trx, job.pipelineId, job.sequence, outcome.siblings);
    const [row] = await finish(inTransaction(trx), runnerId, [finished], {});
    if (standing === 'answered') return row;
    await outcome.commit?.(trx);
    if (outcome.then?.length) await enqueue(trx, outcome.then, { actor: `pipeline ${job.pipelineId}` });
    return row;
  });
}

/** Holds a job together with the change of state that belongs to it. */
export function holdWith(
  database: Database,
  runnerId: number,
  job: ClaimedJob,
  outcome: Hold,
): Promise<'held' | 'pending' | undefined> {
  return database.kysely.transaction().execute(async (trx) => {
    if ((await lock(trx, runnerId, job)) === 'taken away') return undefined;
    const status = await holdJob(inTransaction(trx), runnerId, job, outcome);
    if (status === 'held') await outcome.commit?.(trx);
    return status;
  });
}

/** One lock order everywhere: the pipeline's row first, then its jobs, then the rest. */
async function lock(
  trx: Transaction<DB>,
  runnerId: number,
  job: ClaimedJob,
): Promise<'ours' | 'answered' | 'taken away'> {
  const { rows } = await sql<{ decision_rev: number | null }>`
    select decision_rev from pipelines
    where id = ${job.pipelineId} and epoch = ${job.epoch} and next_sequence = ${job.sequence} and status = 'in_process' and runner_id = ${runnerId}
    for update`.execute(trx);
  if (rows[0] === undefined) return 'taken away';
  return rows[0].decision_rev === (job.decision?.hold_rev ?? null) ? 'ours' : 'answered';
}
