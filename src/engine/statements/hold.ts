import { parseDuration } from '../duration.js';
import type { Hold } from '../job.js';
import { storableJson } from '../storable.js';
import type { ClaimedJob } from './claim.js';
import type { Run, Statement } from './statement.js';

const HOLD: Statement<{ status: 'held' | 'pending' }> = {
  name: 'pressmark_hold',
  text: `
    with standing as (
      select p.id, p.next_sequence, p.step_started_at, p.object_type, p.object_id, j.queue, j.type,
        -- the race of holding-pen spec 9: an answer that came while the job looked again is not swallowed, the job runs with it.
        -- The answer's number stands on the row itself: after waiting for the row's lock PostgreSQL reads it anew, other tables it would not.
        p.decision_rev is distinct from $5::int as unseen,
        p.hold_action is not null and p.decision_rev is null and p.hold_action = $7 as still_open
      from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
      where p.id = $2 and p.epoch = $3 and p.next_sequence = $4 and p.status = 'in_process' and p.runner_id = $1
      for update of p
    ), asked as (
      update jobs j set attempt = j.attempt + 1, failures = 0, tried_since = null, started_at = s.step_started_at
      from standing s where j.pipeline_id = s.id and j.sequence = s.next_sequence
    ), told as ( -- a recheck that asks the same again is no news
      insert into events (actor, kind, pipeline_id, sequence, object_type, object_id, detail)
      select 'engine', 'held', id, next_sequence, object_type, object_id, jsonb_build_object('type', type, 'kind', $6::text, 'action', $7::text, 'message', $9::text)
      from standing where not unseen and not still_open and $6 = 'person'
    )
    update pipelines p set
      status = case when s.unseen then 'pending' else 'held' end, queue = s.queue, runner_id = null, rescues = 0, error = null,
      step_started_at = case when s.unseen then now() else p.step_started_at end, -- tells it from an edit by hand
      hold_kind = case when s.unseen then null else $6 end,
      hold_rev = case when s.unseen or s.still_open or $7 is null then p.hold_rev else p.hold_rev + 1 end,
      held_at = case when s.unseen or s.still_open then p.held_at else now() end,
      decision_rev = case when s.unseen then p.decision_rev end,
      hold_action = case when s.unseen then p.hold_action else $7 end,
      hold_role = case when s.unseen then p.hold_role else $8 end,
      hold_message = case when s.unseen then p.hold_message else $9 end,
      hold_payload = case when s.unseen then p.hold_payload else $10 end,
      wake_at = case when s.unseen then null else now() + interval '1 second' * $11::float8 end,
      due_at = case when s.unseen or s.still_open then p.due_at else now() + interval '1 second' * $12::float8 end,
      blocked_by = case when s.unseen then null else $13::bigint end,
      assignee = case when s.unseen or s.still_open then p.assignee else $14 end,
      assigned_until = case when s.unseen or s.still_open then p.assigned_until when $14::text is not null then now() + interval '7 days' end
    from standing s where p.id = s.id
    returning p.status`,
};

/**
 * Holds the pipeline at its job. The question keeps its number when the job only looked again, and gets a new one otherwise.
 * Returns `pending` when an answer came meanwhile, undefined when the pipeline was taken away.
 */
export async function holdJob(
  run: Run,
  runnerId: number,
  job: ClaimedJob,
  outcome: Hold,
): Promise<'held' | 'pending' | undefined> {
  const rows = await run(HOLD, [
    runnerId,
    job.pipelineId,
    job.epoch,
    job.sequence,
    job.decision?.hold_rev ?? null,
    outcome.hold,
    outcome.action ?? null,
    outcome.role ?? null,
    outcome.message,
    storableJson(outcome.payload ?? {}),
    outcome.wakeAfter === undefined ? null : parseDuration(outcome.wakeAfter),
    outcome.dueAfter === undefined ? null : parseDuration(outcome.dueAfter),
    outcome.blockedBy ?? null,
    outcome.assignee ?? null,
  ]);
  return rows[0]?.status;
}
