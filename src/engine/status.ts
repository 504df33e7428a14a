/** What people ask of the engine: how is it, what is open, what happened. Reads only. */
import { sql, type Kysely } from 'kysely';
import type { ProgressReport, ProgressStore } from '../coordination/progress.js';
import type { DB, Json } from '../database/database.js';

export interface QueueStatus {
  queue: string;
  pending: number;
  in_process: number;
  delayed: number;
  /** Seconds the oldest pending pipeline has waited. */
  oldest_seconds: number | null;
}

export interface RunnerStatus {
  id: number;
  host: string;
  pid: number;
  version: string;
  queues: Json;
  running: number;
  started_at: Date;
  silent_seconds: number;
}

export interface RunningJob {
  pipeline_id: number;
  pipeline: string;
  description: string;
  sequence: number;
  type: string;
  queue: string;
  runner_id: number;
  host: string | null;
  seconds: number;
  done: number | null;
  total: number | null;
  unit: string | null;
}

/** A pipeline that does not run: failed, held or delayed. */
export interface StandingPipeline {
  id: number;
  name: string;
  description: string;
  status: 'failed' | 'held' | 'delayed';
  type: string | null;
  since: Date | null;
  run_at: Date | null;
  hold_action: string | null;
  message: string | null;
}

/** Pipelines that stay pending since no runner that looked at them knows the type of the job they stand at. */
export interface UnknownType {
  type: string;
  pipelines: number;
  /** The oldest of them. */
  first: number;
}

export interface Status {
  queues: QueueStatus[];
  unknown_types: UnknownType[];
  runners: RunnerStatus[];
  running: RunningJob[];
  /** Counts of what stands. */
  counts: { failed: number; held: number; delayed: number };
  /** The first of each kind, failed ones first. */
  standing: StandingPipeline[];
  /** Where the progress of running jobs is kept, and, when it could not be read, why. */
  progress: { store: string; trouble: string | null };
}

const SHOWN = 50;

/** How the engine is: queues, living runners, running jobs with their progress, and what stands. */
export async function readStatus(db: Kysely<DB>, progress: ProgressStore): Promise<Status> {
  const [queues, unknown, runners, running, counts, standing] = await Promise.all([
    sql<QueueStatus>`
      select queue, count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'in_process') as in_process,
        count(*) filter (where status = 'delayed') as delayed,
        extract(epoch from now() - min(run_at) filter (where status = 'pending'))::float8 as oldest_seconds
      from (
        select coalesce(j.queue, p.queue) as queue, p.status, p.run_at
        from pipelines p left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence where p.status in ('in_process', 'delayed')
        union all
        select queue, status, run_at from pipelines where status = 'pending'
      ) open group by queue order by array_position(array['io', 'cpu', 'fast', 'instant'], queue)`.execute(db),
    sql<UnknownType>`
      select error ->> 'unknown_type' as type, count(*) as pipelines, min(id) as first
      from pipelines where status = 'pending' and error ->> 'unknown_type' is not null group by 1 order by 1`.execute(
      db,
    ),
    sql<RunnerStatus>`
      select r.id, r.host, r.pid, r.version, r.queues, r.started_at, extract(epoch from now() - r.heartbeat_at)::float8 as silent_seconds,
        (select count(*) from pipelines p where p.runner_id = r.id and p.status = 'in_process') as running
      from runners r where r.stopped_at is null order by r.host, r.started_at`.execute(db),
    sql<Omit<RunningJob, 'done' | 'total' | 'unit'>>`
      select p.id as pipeline_id, p.name as pipeline, p.description, j.sequence, j.type, j.queue, p.runner_id, r.host,
        extract(epoch from now() - p.step_started_at)::float8 as seconds
      from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
      left join runners r on r.id = p.runner_id
      where p.status = 'in_process' order by p.step_started_at limit ${SHOWN}`.execute(db),
    sql<Status['counts']>`
      select count(*) filter (where status = 'failed') as failed, count(*) filter (where status = 'held') as held, count(*) filter (where status = 'delayed') as delayed
      from pipelines where status in ('failed', 'held', 'delayed')`.execute(db),
    readStanding(db, SHOWN),
  ]);
  const known = await readProgress(
    progress,
    running.rows.map((job) => job.pipeline_id),
  );
  return {
    queues: queues.rows,
    unknown_types: unknown.rows,
    runners: runners.rows,
    running: running.rows.map((job) => {
      const report = known.reports.get(job.pipeline_id);
      const { done, total, unit } = report?.sequence === job.sequence ? report : NO_PROGRESS; // that of the job before is over
      return { ...job, done, total, unit };
    }),
    progress: { store: progress.name, trouble: known.trouble },
    counts: counts.rows[0] ?? { failed: 0, held: 0, delayed: 0 },
    standing,
  };
}

const NO_PROGRESS = { done: null, total: null, unit: null };

/** Nobody has to do without the rest of the status because progress cannot be read. */
async function readProgress(store: ProgressStore, pipelineIds: number[]) {
  try {
    return { reports: await store.read(pipelineIds), trouble: null };
  } catch (error) {
    return { reports: new Map<number, ProgressReport>(), trouble: (error as Error).message };
  }
}

/** What stands: failed, held and delayed pipelines, at most `limit`, failed first, the oldest of each first. */
export async function readStanding(db: Kysely<DB>, limit: number): Promise<StandingPipeline[]> {
  const { rows } = await sql<StandingPipeline>`
    select p.id, p.name, p.description, p.status, j.type, case p.status when 'held' then p.held_at else p.step_started_at end as since,
      case when p.status = 'delayed' then p.run_at end as run_at, case when p.status = 'held' then p.hold_action end as hold_action,
      case p.status when 'held' then p.hold_message else p.error ->> 'message' end as message
    from pipelines p left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
    where p.status in ('failed', 'held', 'delayed')
    order by array_position(array['failed', 'held', 'delayed'], p.status), since, p.id limit ${limit}`.execute(db);
  return rows;
}

export interface PipelineFilter {
  status?: string | undefined;
  name?: string | undefined;
  object?: { type: string; id: number } | undefined;
  /** Only pipelines with a smaller id: the next page of a list that is newest first. */
  before?: number | undefined;
  limit: number;
}

/** Pipelines, newest first. */
export function listPipelines(db: Kysely<DB>, filter: PipelineFilter) {
  let query = db
    .selectFrom('pipelines')
    .select([
      'id',
      'name',
      'description',
      'object_type',
      'object_id',
      'status',
      'created_by',
      'created_at',
      'started_at',
      'completed_at',
      'run_at',
      'hold_action',
    ])
    .orderBy('id', 'desc')
    .limit(filter.limit);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.name !== undefined) query = query.where('name', '=', filter.name);
  if (filter.object !== undefined)
    query = query.where('object_type', '=', filter.object.type).where('object_id', '=', filter.object.id);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return query.execute();
}

/** One pipeline whole: its row, its jobs in order, its decisions and events. Undefined when there is none. */
export async function showPipeline(db: Kysely<DB>, id: number) {
  const pipeline = await db.selectFrom('pipelines').selectAll().where('id', '=', id).executeTakeFirst();
  if (pipeline === undefined) return undefined;
  const [jobs, decisions, events] = await Promise.all([
    db
      .selectFrom('job_list')
      .select([
        'sequence',
        'type',
        'queue',
        'status',
        'args',
        'attempt',
        'failures',
        'max_attempts',
        'run_at',
        'started_at',
        'completed_at',
        'result',
        'error',
      ])
      .where('pipeline_id', '=', id)
      .orderBy('sequence')
      .execute(),
    db.selectFrom('decisions').selectAll().where('pipeline_id', '=', id).orderBy('hold_rev').execute(),
    db
      .selectFrom('events')
      .select(['at', 'actor', 'via', 'kind', 'sequence', 'detail'])
      .where('pipeline_id', '=', id)
      .orderBy('id')
      .execute(),
  ]);
  return { pipeline, jobs, decisions, events };
}

/** Log lines of jobs, oldest first: those after `afterId`, of one pipeline or of all; with `last`, only the newest so many. */
export async function readLogs(
  db: Kysely<DB>,
  filter: { pipelineId?: number | undefined; afterId?: number | undefined; last: number },
) {
  let query = db
    .selectFrom('job_logs as l')
    .innerJoin('jobs as j', (join) =>
      join.onRef('j.pipeline_id', '=', 'l.pipeline_id').onRef('j.sequence', '=', 'l.sequence'),
    )
    .select(['l.id', 'l.at', 'l.level', 'l.pipeline_id', 'l.sequence', 'l.attempt', 'j.type', 'l.message', 'l.fields'])
    .orderBy('l.id', 'desc')
    .limit(filter.last);
  if (filter.pipelineId !== undefined) query = query.where('l.pipeline_id', '=', filter.pipelineId);
  if (filter.afterId !== undefined) query = query.where('l.id', '>', filter.afterId);
  return (await query.execute()).reverse();
}
