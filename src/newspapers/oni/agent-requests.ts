/**
 * What agents were asked to do with batches, as `newspapers.agent_jobs` keeps it. A job's number means nothing by itself:
 * an agent counts from 1 at each start. So each is bound to its batch, site, action, agent, name and the time it was
 * queued (newspapers spec W28).
 */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import type { Batch } from '../batches/batches.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import type { AgentJob } from './replies.js';
import type { Site } from './sites.js';

export const ACTIONS = ['load', 'purge'] as const;
export type AgentAction = (typeof ACTIONS)[number];

/** The id that agents give where there is nothing to do. */
export const NOTHING_TO_DO = -1;

export type RequestStatus = 'asking' | 'queued' | 'successful' | 'failed' | 'lost' | 'superseded';

/** One request. */
export interface AgentRequest {
  id: number;
  /** `host:port` of whom was asked. */
  agent: string;
  pipelineId: number;
  status: RequestStatus;
  jobId: number | null;
  jobName: string | null;
  jobQueued: string | null;
  /** How long ago it was asked. */
  ageSeconds: number;
  /** Jobs about the batch that were there before it was asked. */
  jobsBefore: { id: number; queued: string }[];
}

/** What a request is for. */
export interface Purpose {
  batchId: number;
  site: Site;
  action: AgentAction;
}

/** The latest request for that purpose. */
export async function latestRequest(
  db: Kysely<DB>,
  { batchId, site, action }: Purpose,
): Promise<AgentRequest | undefined> {
  return db
    .selectFrom('newspapers.agent_jobs')
    .where('batch_id', '=', batchId)
    .where('site', '=', site)
    .where('action', '=', action)
    .select(['id', 'agent', 'pipeline_id as pipelineId', 'job_id as jobId', 'job_name as jobName'])
    .select('job_queued as jobQueued')
    .select(sql<number>`extract(epoch from now() - asked_at)::float8`.as('ageSeconds'))
    .select(sql<RequestStatus>`status`.as('status')) // the check constraint holds exactly these words
    .select(sql<AgentRequest['jobsBefore']>`jobs_before`.as('jobsBefore')) // written by beginRequest only
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Says that the agent is about to be asked: after a crash, what it did then can be told from what it did before. */
export async function beginRequest(
  db: Kysely<DB>,
  { batchId, site, action }: Purpose,
  { agent, pipelineId, before }: { agent: string; pipelineId: number; before: readonly AgentJob[] },
): Promise<number> {
  const { id } = await db
    .insertInto('newspapers.agent_jobs')
    .values({
      ...{ batch_id: batchId, site, action, agent, pipeline_id: pipelineId },
      jobs_before: JSON.stringify(before.map(({ id, queued }) => ({ id, queued }))),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Binds the job that the agent gave to a request, and tells the batch's story of it. */
export async function bindJob(
  db: Kysely<DB>,
  requestId: number,
  job: Pick<AgentJob, 'id' | 'name' | 'queued'>,
  { batchId, site, action, pipelineId }: Purpose & { pipelineId: number },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx
      .updateTable('newspapers.agent_jobs')
      .set({ status: 'queued', job_id: job.id, job_name: job.name, job_queued: job.queued })
      .where('id', '=', requestId)
      .execute();
    const detail = { site, action, jobId: job.id, queued: job.queued };
    await recordBatchEvent(trx, batchId, { actor: 'engine', kind: 'agent_asked', pipelineId, detail });
  });
}

/** Says what became of a request. */
export async function endRequest(
  db: Kysely<DB>,
  requestId: number,
  status: Exclude<RequestStatus, 'asking' | 'queued'>,
): Promise<void> {
  await db
    .updateTable('newspapers.agent_jobs')
    .set({ status, ended_at: sql`now()` })
    .where('id', '=', requestId)
    .execute();
}

/** Whether a job that the agent tells of is the one that was bound, and not one of the same number after a restart. */
export const isBoundJob = (request: AgentRequest, job: AgentJob): boolean =>
  job.id === request.jobId && job.name === request.jobName && job.queued === request.jobQueued;

/** Whether a job is about that batch and action, by its name: agents call theirs after command and batch. */
export function isAbout({ name }: Pick<AgentJob, 'name'>, { fullName }: Batch, action: AgentAction): boolean {
  const parts = name.split(new RegExp(`(?<!\\w)${fullName}(?!\\w)`));
  return parts.length > 1 && parts.some((part) => new RegExp(`(?<![a-z])${action}`, 'i').test(part));
}

/** Whether a job is about another batch, as far as its name tells. */
export const isAboutAnother = ({ name }: Pick<AgentJob, 'name'>, { fullName }: Batch): boolean =>
  [...name.matchAll(/(?<!\w)batch_\w+_ver\d+(?!\w)/g)].some(([named]) => named !== fullName);
