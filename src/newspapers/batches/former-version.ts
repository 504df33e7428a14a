/** The versions of a batch: a live one that was corrected is replaced by the next (newspapers spec W36). */
import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { DB } from '../../database/database.js';
import { FatalError } from '../../engine/job.js';
import { lockOpenPipeline } from '../../engine/open-pipeline.js';
import { batchObject, findBatchById, type Batch } from './batches.js';

/** The version before this one; undefined for a first one. */
export async function formerVersion(db: Kysely<DB>, batchId: number): Promise<Batch | undefined> {
  const row = await db.selectFrom('newspapers.batches').select('replaces').where('id', '=', batchId).executeTakeFirst();
  return row?.replaces == null ? undefined : findBatchById(db, row.replaces);
}

/** @throws FatalError when it is a first version */
export async function theFormerVersion(db: Kysely<DB>, batch: Batch): Promise<Batch> {
  const former = await formerVersion(db, batch.id);
  if (!former) throw new FatalError(`batch ${batch.fullName} replaces no other; cancel this pipeline`);
  return former;
}

/** The versions that are to replace, or have replaced, a batch; those that were deleted again do not count. */
export async function laterVersions(db: Kysely<DB>, batchId: number): Promise<{ fullName: string; status: string }[]> {
  return db
    .selectFrom('newspapers.batches')
    .select(['full_name as fullName', 'status'])
    .where('replaces', '=', batchId)
    .where('status', '<>', 'deleted')
    .execute();
}

/** Nobody changes the batch until the transaction ends. Its pipeline's row is locked first, as by a job that changes the batch. */
export async function lockBatch(trx: Transaction<DB>, batchId: number): Promise<void> {
  await lockOpenPipeline(trx, batchObject(batchId));
  await sql`select from newspapers.batches where id = ${batchId} for update`.execute(trx);
}
