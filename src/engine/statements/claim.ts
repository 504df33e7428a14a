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

const claimStatement = (name: string, furtherCondition: string): Statement<ClaimedRow> => ({
  name,
  text: `
    with next as (
      select ctid from pipelines p
      where status = 'pending' and queue = $2 and run_at <= now() ${furtherCondition}
      order by priority, run_at, id
      limit $3
      for update skip locked -- other runners take the next ones instead of waiting
    ), claimed as (
      update pipelines p set
        status = 'in_process', runner_id = $1, epoch = p.epoch + 1, step_started_at = now(), started_at = coalesce(p.started_at, now())
      -- By the address of its row, not joined by its key. A pipeline that moved on before its lock was had has a new row, which this
      -- statement does not see: it is left alone, its jobs may not be visible yet. And of a limit that it does not know the planner
      -- expects a tenth of the table, and would read the whole table to join it.
      where p.ctid = any (array(select ctid from next))
      returning p.*
    )
    select p.id as "pipelineId", p.epoch, j.sequence, j.type, j.queue, j.args, j.attempt + 1 as attempt,
      extract(epoch from j.timeout)::float8 as "timeoutSeconds", p.object_type as "objectType", p.object_id as "objectId", p.name as pipeline, p.description,
      case when p.decision_rev is not null then
        (select to_jsonb(d) from decisions d where d.pipeline_id = p.id and d.hold_rev = p.decision_rev) end as decision
    from claimed p
      left join lateral (select * from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence limit 1) j on true`,
});

const CLAIM = claimStatement('pressmark_claim', '');

/** Passes over what it cannot run, which takes a look at the job of each: only while there is such work. */
const CLAIM_BUT = claimStatement(
  'pressmark_claim_but',
  `and not exists (select from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence and j.type = any ($4))`,
);

/**
 * Claims up to `limit` pending pipelines of a queue, in the order of priority, run_at, id.
 *
 * @param butTypes job types that this runner does not know: pipelines that stand at one stay pending for others
 */
export const claim = (run: Run, runnerId: number, queue: Queue, limit: number, butTypes: readonly string[] = []) =>
  butTypes.length === 0 ? run(CLAIM, [runnerId, queue, limit]) : run(CLAIM_BUT, [runnerId, queue, limit, butTypes]);
