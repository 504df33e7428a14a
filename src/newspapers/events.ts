/** What happened to an object, as `events` keeps it beside what the engine writes there of its pipelines. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import type { PipelineObject } from '../engine/pipeline.js';

export interface ObjectEvent {
  at: Date;
  actor: string;
  kind: string;
  pipelineId: number | null;
  detail: Readonly<Record<string, unknown>>;
}

export type NewEvent = Pick<ObjectEvent, 'actor' | 'kind' | 'detail'> & { pipelineId?: number | null };

/** Writes one down, in the transaction of what it tells of. */
export async function recordEvent(db: Kysely<DB>, object: PipelineObject, event: NewEvent): Promise<void> {
  await recordEvents(db, object.type, [object.id], event);
}

/** Writes the same down for many objects of one type, in one statement. */
export async function recordEvents(
  db: Kysely<DB>,
  objectType: string,
  objectIds: readonly number[],
  { actor, kind, detail, pipelineId = null }: NewEvent,
): Promise<void> {
  await sql`
    insert into events (actor, kind, pipeline_id, object_type, object_id, detail)
    select ${actor}, ${kind}, ${pipelineId}::bigint, ${objectType}, id, ${JSON.stringify(detail)}::jsonb
    from unnest(${objectIds}::bigint[]) with ordinality as o (id, place) order by place`.execute(db);
}

/** All of an object, oldest first. */
export async function listEvents(db: Kysely<DB>, object: PipelineObject): Promise<ObjectEvent[]> {
  return db
    .selectFrom('events')
    .where('object_type', '=', object.type)
    .where('object_id', '=', object.id)
    .select(['at', 'actor', 'kind', 'pipeline_id as pipelineId'])
    .select(sql<ObjectEvent['detail']>`detail`.as('detail')) // an object, by the engine's own hand and ours
    .orderBy('id')
    .execute();
}
