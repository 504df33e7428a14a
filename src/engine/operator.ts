/** The operator's verbs. They are SQL functions, shared with psql; here each is one typed call. Who may call them is asked at the edge. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { callVerb } from './refused.js';

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

/** Lets a failed (or delayed) pipeline go on now; failures count anew. */
export const requeuePipeline = (db: Kysely<DB>, id: number, { actor, reason }: Act) =>
  callVerb(sql`select requeue_pipeline(${id}, ${actor}, ${reason}) as status`, db);

/** Leaves out the job a pipeline stands at. */
export const skipJob = (db: Kysely<DB>, id: number, { actor, reason }: Act) =>
  callVerb(sql`select skip_job(${id}, ${actor}, ${reason}) as status`, db);

/** Moves a pipeline to one of its jobs; that and all later ones run (again). */
export const gotoJob = (db: Kysely<DB>, id: number, sequence: number, { actor, reason }: Act) =>
  callVerb(sql`select goto_job(${id}, ${sequence}, ${actor}, ${reason}) as status`, db);
