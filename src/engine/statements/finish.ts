import type { Json } from '../../database/database.js';
import type { Done, Outcome, Queue } from '../job.js';
import { storableJson } from '../storable.js';
import type { ClaimedJob } from './claim.js';
import type { Run, Statement } from './statement.js';

/** A job that is done. */
export interface Finished {
  pipelineId: number;
  epoch: number;
  sequence: number;
  result: Json | undefined;
  /** Number of the question whose answer the run had in hand. */
  seenRev: number | null;
  /** The queue whose room the pipeline may keep; undefined: it is not kept at all. */
  lane: Queue | undefined;
}

/** What differs from job to job of a pipeline that a runner keeps. */
export type NextJob = Pick<
  ClaimedJob,
  'pipelineId' | 'sequence' | 'type' | 'queue' | 'args' | 'attempt' | 'timeoutSeconds'
>;

/** Where the pipeline stands now; `in_process`: it stays with this runner, here is its next job. */
export type FinishedRow =
  ({ status: 'in_process' } & NextJob) | { status: 'pending' | 'success'; pipelineId: number; queue: Queue | null };

const FINISH: Statement<FinishedRow> = {
  name: 'pressmark_finish',
  text: `
    with finished as (
      select * from unnest($2::bigint[], $3::int[], $4::int[], $5::jsonb[], $6::int[], $7::text[])
        as f (id, epoch, sequence, result, seen_rev, lane)
      order by id -- locked in one order, so that no two batches deadlock
    ), standing as ( -- the fence: still ours, at that epoch, at that job. Row by row: a join would be planned by statistics of a calmer hour
      select p.id, p.next_sequence, p.step_started_at, f.result, f.lane,
        p.decision_rev is distinct from f.seen_rev as unseen -- answered while it ran: it must run again, with the answer
      from finished f cross join lateral (
        select * from pipelines p
        where p.id = f.id and p.epoch = f.epoch and p.next_sequence = f.sequence
          and p.runner_id = $1 -- so it is in process; if that were said, too, the index of all that runs would be read for each row
        limit 1
        for update
      ) p
    ), checked_off as (
      update jobs j set attempt = j.attempt + 1, started_at = s.step_started_at, error = null, tried_since = null,
        status = case when s.unseen then j.status else 'success' end,
        completed_at = case when not s.unseen then now() end, result = case when not s.unseen then s.result end
      from standing s where j.pipeline_id = s.id and j.sequence = s.next_sequence
    ), next as (
      select s.id, s.unseen, n.*,
        s.lane is not null
          and (n.queue = s.lane or row_number() over (partition by n.queue, n.queue = s.lane order by s.id) <= coalesce(room.free, 0)) as kept
      from standing s
      left join lateral (
        select j.sequence, j.type, j.queue, j.args, j.attempt + 1 as attempt, extract(epoch from j.timeout)::float8 as timeout
        from jobs j
        where j.pipeline_id = s.id and j.sequence >= s.next_sequence -- for the index
          and case when s.unseen then j.sequence = s.next_sequence else j.sequence > s.next_sequence and j.status = 'waiting' end
        order by j.sequence limit 1) n on true
      left join unnest($8::text[], $9::int[]) room (queue, free) on room.queue = n.queue
    )
    update pipelines p set
      -- columns of an index are written only when the pipeline leaves this runner: else the update could not be HOT
      status = case when n.sequence is null then 'success' when n.kept and not n.unseen then 'in_process' else 'pending' end,
      runner_id = case when n.kept and not n.unseen then p.runner_id end,
      queue = case when n.sequence is null or n.kept and not n.unseen then p.queue else n.queue end,
      next_sequence = coalesce(n.sequence, p.next_sequence),
      completed_at = case when n.sequence is null then now() end,
      step_started_at = now(), rescues = 0, error = null,
      hold_action = case when n.unseen then p.hold_action end,
      decision_rev = case when n.unseen then p.decision_rev end
    from next n
    where p.id = n.id
      and p.id = any (array(select id from standing)) -- the same again, of a known few: for the join alone a plan may read the whole table (EXPLAIN)
    returning p.status, p.id as "pipelineId", n.sequence, n.type, n.queue, n.args, n.attempt, n.timeout as "timeoutSeconds"`,
};

/**
 * Checks off finished jobs of many pipelines in one statement and moves each cursor on. A pipeline that goes on in its own lane,
 * or in one that has room, stays with this runner and comes back with its next job. A pipeline missing from the answer was taken
 * away: its result was refused.
 *
 * @param room free places of this runner's other lanes, reserved by the caller while the statement runs
 */
export const finish = (run: Run, runnerId: number, batch: Finished[], room: Partial<Record<Queue, number>>) =>
  run(FINISH, [
    runnerId,
    batch.map((f) => f.pipelineId),
    batch.map((f) => f.epoch),
    batch.map((f) => f.sequence),
    batch.map((f) => (f.result === undefined ? null : storableJson(f.result))),
    batch.map((f) => f.seenRev),
    batch.map((f) => f.lane ?? null),
    Object.keys(room),
    Object.values(room),
  ]);

/** Whether an outcome is one that `finish` records: done, and nothing that belongs to it. */
export const isPlain = (outcome: Outcome): outcome is Done =>
  outcome.kind === 'done' && !outcome.commit && !outcome.then?.length && !outcome.siblings?.length;
