/** Enqueueing: pipelines and their jobs become rows in the caller's transaction. */
import { CompiledQuery, sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { findOpenPipeline } from './open-pipeline.js';
import type { PipelineObject, PipelinePlan } from './pipeline.js';

/** The object already has an open pipeline; the database allows one (newspapers spec W6). */
export class ObjectBusy extends Error {
  override name = 'ObjectBusy';
  constructor(
    readonly object: PipelineObject,
    why: string,
  ) {
    super(`${object.type} ${object.id} ${why}`);
  }
}

const CHUNK = 1000;
/** Sequences are spaced so that siblings fit between; the function `enqueue_pipelines` spaces them alike. */
export const SEQUENCE_STEP = 10;

const ENQUEUE = 'select id, taken, object_type, object_id from enqueue_pipelines($1, $2)';

/**
 * Enqueues pipelines in the caller's transaction (or in one of its own): one statement for a thousand of them.
 *
 * @param db a transaction that also holds the object's own change of state, so that both happen or neither
 * @returns the ids, in the order of the plans
 * @throws ObjectBusy when an object already has an open pipeline; nothing is enqueued then
 */
export async function enqueue(
  db: Kysely<DB>,
  plans: readonly PipelinePlan[],
  options: { actor: string },
): Promise<number[]> {
  if (!db.isTransaction && plans.length > 1)
    // one is one statement, which is a transaction of its own: two round trips less
    return db.transaction().execute((trx) => enqueue(trx, plans, options));
  for (const { name, description, jobs } of plans)
    if (jobs.length === 0)
      throw new Error(`pipeline ${name} (${description}) has no jobs: there is nothing to enqueue`);
  const ids: number[] = [];
  for (let i = 0; i < plans.length; i += CHUNK) {
    const rows = plans.slice(i, i + CHUNK).map((plan) => ({
      name: plan.name,
      description: plan.description,
      object_type: plan.object?.type,
      object_id: plan.object?.id,
      priority: plan.priority ?? 0,
      jobs: plan.jobs,
    }));
    const answer = await db.executeQuery<{ id: number; taken: boolean; object_type: string; object_id: number }>(
      CompiledQuery.raw(ENQUEUE, [JSON.stringify(rows), options.actor]),
    );
    ids.push(...answer.rows.filter((row) => row.taken).map((row) => row.id));
    const refused = answer.rows.find((row) => !row.taken);
    if (!refused) continue;
    const error = await busy(db, { type: refused.object_type, id: refused.object_id }, ids);
    await sql`delete from pipelines where id = any(${ids})`.execute(db); // the caller's transaction may go on
    throw error;
  }
  return ids;
}

async function busy(db: Kysely<DB>, object: PipelineObject, ours: readonly number[]): Promise<ObjectBusy> {
  const open = await findOpenPipeline(db, object);
  if (open === undefined)
    return new ObjectBusy(object, 'had an open pipeline until just now; look at it, then try again');
  if (ours.includes(open.id))
    return new ObjectBusy(object, 'is named by two of these pipelines; enqueue one after the other has ended');
  const standing = `${open.id} (${open.name}, ${open.status})`;
  return new ObjectBusy(object, `already has an open pipeline: ${standing}; let it end, or cancel it first`);
}
