/** What happened to an issue, as `events` keeps it beside what the engine writes there of its pipelines. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { ISSUE_OBJECT } from './issue-object.js';

export interface IssueEvent {
  at: Date;
  actor: string;
  kind: string;
  pipelineId: number | null;
  detail: Readonly<Record<string, unknown>>;
}

/** Writes one down, in the transaction of what it tells of. */
export async function recordIssueEvent(
  db: Kysely<DB>,
  issueId: number,
  {
    actor,
    kind,
    detail,
    pipelineId = null,
  }: Pick<IssueEvent, 'actor' | 'kind' | 'detail'> & { pipelineId?: number | null },
): Promise<void> {
  await db
    .insertInto('events')
    .values({
      actor,
      kind,
      pipeline_id: pipelineId,
      object_type: ISSUE_OBJECT,
      object_id: issueId,
      detail: JSON.stringify(detail),
    })
    .execute();
}

/** All of them, oldest first. */
export async function listIssueEvents(db: Kysely<DB>, issueId: number): Promise<IssueEvent[]> {
  return db
    .selectFrom('events')
    .where('object_type', '=', ISSUE_OBJECT)
    .where('object_id', '=', issueId)
    .select(['at', 'actor', 'kind', 'pipeline_id as pipelineId'])
    .select(sql<IssueEvent['detail']>`detail`.as('detail')) // an object, by the engine's own hand and ours
    .orderBy('id')
    .execute();
}
