/** Batches: many issues of one organisation on their way to the sites and the archive (newspapers spec 1.5). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { FatalError } from '../../engine/job.js';
import { selectIssues, withKey, type Issue } from '../issues.js';
import type { BatchStatus } from './batch-status.js';

export { BATCH_OBJECT, batchObject } from './batch-object.js';
export type { BatchStatus } from './batch-status.js';

/** A batch as pipelines and people see it. */
export interface Batch {
  id: number;
  /** MARC code of the awardee, e.g. "oru". */
  orgCode: string;
  orgName: string;
  /** The keyword part of the full name, without the day. */
  name: string;
  /** `batch_<org>_<YYYYMMDD><name>_ver<NN>`: names its directories and what the sites show, and never changes. */
  fullName: string;
  version: number;
  status: BatchStatus;
  /** Absolute directory of the full batch; null before it is built and once it is archived. */
  location: string | null;
  createdAt: Date;
  wentLiveAt: Date | null;
  archivedAt: Date | null;
}

/** The columns that pipelines and people move a batch along with. */
export interface BatchColumns {
  status?: BatchStatus;
  location?: string | null;
}

export class NoSuchBatch extends FatalError {
  override name = 'NoSuchBatch';
  constructor(readonly batch: string | number) {
    super(`there is no batch ${batch}: "bin/batches list" shows all`);
  }
}

export async function findBatchById(db: Kysely<DB>, id: number): Promise<Batch | undefined> {
  return selectBatches(db).where('b.id', '=', id).executeTakeFirst();
}

/** The batch of that full name. */
export async function findBatch(db: Kysely<DB>, fullName: string): Promise<Batch | undefined> {
  return selectBatches(db).where('b.full_name', '=', fullName).executeTakeFirst();
}

/** The batch a job is about. @throws NoSuchBatch when there is none: no retry brings it back */
export async function theBatch(db: Kysely<DB>, id: number): Promise<Batch> {
  const batch = await findBatchById(db, id);
  if (batch === undefined) throw new NoSuchBatch(id);
  return batch;
}

/**
 * Changes only the columns named, so that it cannot undo what somebody else changed meanwhile (newspapers spec W41).
 *
 * @throws NoSuchBatch
 */
export async function setBatchColumns(db: Kysely<DB>, id: number, columns: BatchColumns): Promise<void> {
  const updated = await db.updateTable('newspapers.batches').set(columns).where('id', '=', id).executeTakeFirst();
  if (updated.numUpdatedRows === 0n) throw new NoSuchBatch(id);
}

/** The batch does not stand where a step of its pipeline, or a decision, found it. */
export class BatchMovedOn extends Error {
  override name = 'BatchMovedOn';
  constructor(batch: Batch) {
    super(
      `batch ${batch.fullName} is ${batch.status} no more: somebody changed it at this moment; it is looked at again by itself`,
    );
  }
}

/**
 * Moves a batch on from where it was found, so that of two that decide about it at once one is refused (W6).
 *
 * @throws BatchMovedOn
 */
export async function moveBatch(
  trx: Transaction<DB>,
  batch: Batch,
  status: BatchStatus,
  stamp?: 'went_live_at' | 'archived_at',
): Promise<void> {
  const moved = await trx
    .updateTable('newspapers.batches')
    .set({ status, ...(stamp && { [stamp]: sql`now()` }) })
    .where('id', '=', batch.id)
    .where('status', '=', batch.status)
    .executeTakeFirst();
  if (moved.numUpdatedRows === 0n) throw new BatchMovedOn(batch);
}

/** The issues of a batch, in the order of their keys. */
export async function listBatchIssues(db: Kysely<DB>, batchId: number): Promise<Issue[]> {
  const rows = await selectIssues(db)
    .where('i.batch_id', '=', batchId)
    .orderBy(sql`t.lccn collate "C"`)
    .orderBy('i.date')
    .orderBy('i.edition')
    .orderBy('i.id')
    .execute();
  return rows.map(withKey);
}

/** Batches as rows of b, their organisations as o. */
export function selectBatches(db: Kysely<DB>) {
  return (
    db
      .selectFrom('newspapers.batches as b')
      .innerJoin('newspapers.orgs as o', 'o.id', 'b.org_id')
      .select(['b.id', 'o.code as orgCode', 'o.name as orgName', 'b.name', 'b.full_name as fullName', 'b.version'])
      .select([
        'b.location',
        'b.created_at as createdAt',
        'b.went_live_at as wentLiveAt',
        'b.archived_at as archivedAt',
      ])
      // The check constraint holds exactly these words.
      .select(sql<BatchStatus>`b.status`.as('status'))
  );
}
