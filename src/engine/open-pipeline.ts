/** The open pipeline of an object: the database allows one (newspapers spec W6). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import type { PipelineObject } from './pipeline.js';

export interface OpenPipeline {
  id: number;
  name: string;
  status: string;
  /** Its question, or its last. */
  action: string | null;
  message: string | null;
  /** Number of that question. */
  holdRev: number;
  /** The question has its answer, which is not carried out yet. */
  isAnswered: boolean;
  /** Whose desk the question is on; a claim that has expired does not count. */
  desk: string | null;
  /** What its last error said. */
  error: string | null;
}

/** Reads it; undefined when nothing is at work on the object, asks, or has failed. */
export const findOpenPipeline = (db: Kysely<DB>, object: PipelineObject): Promise<OpenPipeline | undefined> =>
  select(db, object).executeTakeFirst();

/** The same, locked: it stays as it is read until the transaction ends. */
export async function lockOpenPipeline(
  trx: Transaction<DB>,
  object: PipelineObject,
): Promise<OpenPipeline | undefined> {
  const lock = () => select(trx, object).forUpdate().executeTakeFirst();
  return (await lock()) ?? (await lock()); // of one that ended while its row was waited for, the next may stand in its place
}

/** Whether it asks that, and nobody has answered. */
export const isAsking = (open: OpenPipeline, action: string): boolean =>
  open.action === action && !open.isAnswered && open.status !== 'failed';

const select = (db: Kysely<DB>, { type, id }: PipelineObject) =>
  db
    .selectFrom('pipelines as p')
    .where('p.object_type', '=', type)
    .where('p.object_id', '=', id)
    .where('p.status', 'not in', ['success', 'cancelled'])
    .select(['p.id', 'p.name', 'p.status', 'p.hold_action as action', 'p.hold_message as message'])
    .select('p.hold_rev as holdRev')
    .select([
      sql<boolean>`p.decision_rev is not distinct from p.hold_rev`.as('isAnswered'),
      sql<string | null>`case when claim_counts(p) then p.assignee end`.as('desk'),
      sql<string | null>`p.error ->> 'message'`.as('error'),
    ]);
