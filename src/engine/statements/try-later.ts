import type { ClaimedJob } from './claim.js';
import type { Run, Statement } from './statement.js';

const TRY_LATER: Statement<{ status: 'delayed' | 'failed' }> = {
  name: 'pressmark_try_later',
  text: `
    with standing as (
      select p.id, p.next_sequence, p.object_type, p.object_id, j.queue, j.attempt + 1 as attempt, since,
        since + interval '1 second' * $6::float8 <= now() as too_late
      from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence,
        -- a row of one kind: what the engine put off does not use up the time that the job itself allows
        coalesce(case when p.error ->> 'try_later' = $8 then j.tried_since end, p.step_started_at) since
      where p.id = $2 and p.epoch = $3 and p.next_sequence = $4 and p.status = 'in_process' and p.runner_id = $1
      for update of p
    ), error as (
      select id, jsonb_build_object('message', format('%s (tried since %s, its deadline has passed)', $7::text, since)) as error from standing where too_late
    ), tried as (
      update jobs j set attempt = s.attempt, tried_since = s.since, status = case when s.too_late then 'failed' else 'waiting' end, error = e.error
      from standing s left join error e on e.id = s.id where j.pipeline_id = s.id and j.sequence = s.next_sequence
    ), told as (
      insert into events (actor, kind, pipeline_id, sequence, object_type, object_id, detail)
      select 'engine', 'failed', s.id, s.next_sequence, s.object_type, s.object_id, jsonb_build_object('error', e.error)
      from standing s join error e on e.id = s.id
    )
    update pipelines p set status = case when s.too_late then 'failed' else 'delayed' end, queue = s.queue, runner_id = null, rescues = 0,
      error = case when s.too_late then e.error else jsonb_build_object('message', $7::text, 'try_later', $8::text) end,
      run_at = case when s.too_late then p.run_at else now() + interval '1 second' * $5::float8 end
    from standing s left join error e on e.id = s.id
    where p.id = s.id
    returning p.status`,
};

/** Puts the job off without counting a failure; past the deadline since its first "try later" in a row it fails (newspapers spec W11). */
export async function tryJobLater(
  run: Run,
  runnerId: number,
  job: ClaimedJob,
  later: { by: 'job' | 'engine'; afterSeconds: number; deadlineSeconds: number; reason: string },
) {
  const rows = await run(TRY_LATER, [
    runnerId,
    job.pipelineId,
    job.epoch,
    job.sequence,
    later.afterSeconds,
    later.deadlineSeconds,
    later.reason,
    later.by,
  ]);
  return rows[0]?.status;
}
