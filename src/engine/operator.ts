/** The operator's verbs. They are SQL functions, shared with psql; here each is one typed call. Who may call them is asked at the edge. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { callVerb, Refused } from './refused.js';
import { MISSING_JOB } from './runner/missing-job.js';

export { decide, type Answer } from './pen/decide.js';
export { Refused } from './refused.js';

/** Who does it and why, kept in `events`. */
export interface Act {
  actor: string;
  reason: string;
}

/** Ends an open pipeline; a running job is aborted. */
export const cancelPipeline = (db: Kysely<DB>, id: number, { actor, reason }: Act) =>
  callVerb(sql`select cancel_pipeline(${id}, ${actor}, ${reason}) as status`, db);

/**
 * Lets a failed (or delayed) pipeline go on now; failures count anew.
 *
 * @throws Refused also when the row of its job was deleted: there is nothing to go on with
 */
export async function requeuePipeline(db: Kysely<DB>, id: number, { actor, reason }: Act): Promise<string> {
  const { rows } = await sql`
    select from pipelines p where id = ${id} and status in ('failed', 'delayed')
      and not exists (select from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence)`.execute(db);
  if (rows.length > 0) throw new Refused('conflict', MISSING_JOB.fault(id), MISSING_JOB.remedy);
  return callVerb(sql`select requeue_pipeline(${id}, ${actor}, ${reason}) as status`, db);
}

/** Leaves out the job a pipeline stands at. */
export const skipJob = (db: Kysely<DB>, id: number, { actor, reason }: Act) =>
  callVerb(sql`select skip_job(${id}, ${actor}, ${reason}) as status`, db);

/** Moves a pipeline to one of its jobs; that and all later ones run (again). */
export const gotoJob = (db: Kysely<DB>, id: number, sequence: number, { actor, reason }: Act) =>
  callVerb(sql`select goto_job(${id}, ${sequence}, ${actor}, ${reason}) as status`, db);
