/** Where a batch that nothing is at work on was left: what its last pipeline was for, and which sites may have it. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import type { Site } from '../oni/sites.js';
import { BATCH_OBJECT } from './batch-object.js';

/** Pipelines that only ask; what a batch is in the middle of is told by the others. */
export const ASK_ABOUT_BATCH = 'AskAboutBatch';
export const WITHDRAW_BATCH = 'WithdrawBatch';

/** A pipeline that was for something. */
export interface LastWork {
  id: number;
  name: string;
  status: string;
}

/** The last pipeline of a batch that did more than ask; undefined: there was none, as of one that was imported. */
export async function lastWork(db: Kysely<DB>, batchId: number): Promise<LastWork | undefined> {
  return db
    .selectFrom('pipelines')
    .select(['id', 'name', 'status'])
    .where('object_type', '=', BATCH_OBJECT)
    .where('object_id', '=', batchId)
    .where('name', 'not in', [ASK_ABOUT_BATCH, WITHDRAW_BATCH])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Whether a site may have the batch: its agent was asked to load it, and has not said since that it is off again. */
export async function mayBeOn(db: Kysely<DB>, batchId: number, site: Site): Promise<boolean> {
  const last = await lastRequest(db, batchId, site);
  return last !== undefined && !(last.action === 'purge' && last.status === 'successful');
}

/**
 * Whether the batch is built and its staging site has it, so that somebody can look at it. Of one that was imported, and
 * of which nobody asked an agent anything here, it is taken for true.
 */
export async function isOnStaging(db: Kysely<DB>, batchId: number): Promise<boolean> {
  const last = await lastRequest(db, batchId, 'staging');
  const { rows } = await sql<{ isBuilt: boolean; isOurs: boolean }>`
    select location is not null as "isBuilt", exists (
      select from pipelines p join jobs j on j.pipeline_id = p.id
      where p.object_type = ${BATCH_OBJECT} and p.object_id = b.id and j.type = 'create_batch_structure') as "isOurs"
    from newspapers.batches b where id = ${batchId}`.execute(db);
  const [batch] = rows;
  if (last === undefined) return batch?.isOurs === false;
  return batch?.isBuilt === true && last.action === 'load' && last.status === 'successful';
}

const lastRequest = (db: Kysely<DB>, batchId: number, site: Site) =>
  db
    .selectFrom('newspapers.agent_jobs')
    .select(['action', 'status'])
    .where('batch_id', '=', batchId)
    .where('site', '=', site)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
