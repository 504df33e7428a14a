/** What pipelines did and do with an object, and what it waits for. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { DB } from '../database/database.js';
import type { PipelineObject } from '../engine/pipeline.js';
import type { Happening } from './event-words.js';
import type { ObjectEvent } from './events.js';

export interface ObjectPipeline {
  id: number;
  name: string;
  status: string;
  /** A login, or the pipeline that it followed. */
  createdBy: string;
  createdAt: Date;
  completedAt: Date | null;
  jobsDone: number;
  jobs: number;
  /** Type of the job it stands at; null once closed. */
  job: string | null;
}

/** What an object waits for a person to say. */
export interface Question {
  pipelineId: number;
  action: string;
  role: string | null;
  message: string | null;
  since: Date | null;
  dueAt: Date | null;
}

/** All of an object, oldest first. */
export async function listPipelines(db: Kysely<DB>, object: PipelineObject): Promise<ObjectPipeline[]> {
  const jobsOf = (which: RawBuilder<boolean>) =>
    sql<number>`(select count(*) from jobs j where j.pipeline_id = p.id and ${which})`;
  return db
    .selectFrom('pipelines as p')
    .where('p.object_type', '=', object.type)
    .where('p.object_id', '=', object.id)
    .select(['p.id', 'p.name', 'p.status', 'p.created_by as createdBy'])
    .select(['p.created_at as createdAt', 'p.completed_at as completedAt'])
    .select([
      jobsOf(sql<boolean>`j.status in ('success', 'skipped')`).as('jobsDone'),
      jobsOf(sql<boolean>`true`).as('jobs'),
    ])
    .select(
      sql<
        string | null
      >`(select j.type from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence and p.completed_at is null)`.as(
        'job',
      ),
    )
    .orderBy('p.id')
    .execute();
}

/** The question that is open. */
export async function questionOf(db: Kysely<DB>, object: PipelineObject): Promise<Question | undefined> {
  return db
    .selectFrom('pipelines as p')
    .where('p.object_type', '=', object.type)
    .where('p.object_id', '=', object.id)
    .where('p.status', '=', 'held')
    .where('p.hold_action', 'is not', null)
    .select([
      'p.id as pipelineId',
      'p.hold_role as role',
      'p.hold_message as message',
      'p.held_at as since',
      'p.due_at as dueAt',
    ])
    .select(sql<string>`p.hold_action`.as('action'))
    .executeTakeFirst();
}

/** What happened to an object, its pipelines' beginnings and ends among it, in the order of time. */
export function historyOf({
  pipelines,
  events,
}: {
  pipelines: readonly ObjectPipeline[];
  events: readonly ObjectEvent[];
}): (Happening & { pipelineId: number | null })[] {
  const of = (pipelineId: number, name: string) => ({ pipelineId, detail: { name } });
  const ended = pipelines.flatMap(({ id, name, status, completedAt }) =>
    completedAt === null || status === 'cancelled' // that is an event of its own
      ? []
      : [{ at: completedAt, actor: 'engine', kind: 'pipeline_ended', ...of(id, name) }],
  );
  const enqueued = pipelines.map(({ id, name, createdAt: at, createdBy: actor }) => ({
    ...{ at, actor, kind: 'pipeline_enqueued' },
    ...of(id, name),
  }));
  // What one transaction did has one time: a decision comes before what it ended, and that before what it began.
  return [...events, ...ended, ...enqueued].sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** The files that `run-jobs clean` put pipelines of an object into, as its events name them. */
export const archivesOf = (events: readonly ObjectEvent[]): string[] => [
  ...new Set(events.flatMap(({ detail: { archived } }) => (typeof archived === 'string' ? [archived] : []))),
];
