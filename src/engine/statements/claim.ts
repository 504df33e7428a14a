import type { Json } from '../../database/database.js';
import type { Queue } from '../job.js';
import type { Run, Statement } from './statement.js';

/** A job in this runner's hands. */
export interface ClaimedJob {
  pipelineId: number;
  epoch: number;
  sequence: number;
  type: string;
  queue: Queue;
  args: Json;
  attempt: number;
  timeoutSeconds: number;
  objectType: string | null;
  objectId: number | null;
  pipeline: string;
  description: string;
  /** The answer to its question, as it stands in `decisions`, and that question's number. */
  decision: {
    hold_rev: number;
    verb: string;
    params: Json;
    comment: string | null;
    actor: string;
    via: string;
    at: string;
  } | null;
}

/** What a claim returns: a pipeline whose job row was deleted by hand comes back with `type` null, so that it does not eat a place of every claim. */
export type ClaimedRow = ClaimedJob | (Omit<ClaimedJob, 'type'> & { type: null });

/** The columns of a claimed job; `p` the pipeline, `j` the job it stands at. */
export const CLAIMED_COLUMNS = `
  p.id as "pipelineId", p.epoch, j.sequence, j.type, j.queue, j.args, j.attempt + 1 as attempt,
  extract(epoch from j.timeout)::float8 as "timeoutSeconds", p.object_type as "objectType", p.object_id as "objectId", p.name as pipeline, p.description`;

const CLAIM: Statement<ClaimedRow> = {
  name: 'pressmark_claim',
  text: `
    with next as (
      select id, epoch, next_sequence from pipelines
      where status = 'pending' and queue = $2 and run_at <= now()
      order by priority, run_at, id
      limit $3
      for update skip locked -- other runners take the next ones instead of waiting
    )
    update pipelines p set
      status = 'in_process', runner_id = $1, epoch = p.epoch + 1, step_started_at = now(), started_at = coalesce(p.started_at, now())
    from next
      -- as this statement saw it at its start: one that moved on before its lock was had is left alone, its jobs may not be visible yet
      join pipelines c on c.id = next.id and c.epoch = next.epoch and c.next_sequence = next.next_sequence
      left join jobs j on j.pipeline_id = c.id and j.sequence = c.next_sequence
    where p.id = next.id
    returning ${CLAIMED_COLUMNS},
      (select to_jsonb(d) from decisions d where d.pipeline_id = p.id and d.hold_rev = p.decision_rev) as decision`,
};

/** Claims up to `limit` pending pipelines of a queue, in the order of priority, run_at, id. */
export const claim = (run: Run, runnerId: number, queue: Queue, limit: number) => run(CLAIM, [runnerId, queue, limit]);
