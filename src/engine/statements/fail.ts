import type { Json } from '../../database/database.js';
import { storableJson } from '../storable.js';
import type { ClaimedJob } from './claim.js';
import type { Run, Statement } from './statement.js';

/** Where the pipeline stands after a failed run. */
export interface FailedRow {
  status: 'delayed' | 'failed';
  failures: number;
  maxAttempts: number;
  retryAt: Date;
}

const FAIL: Statement<FailedRow> = {
  name: 'pressmark_fail',
  text: `
    with standing as (
      select p.id, p.next_sequence, p.step_started_at, p.object_type, p.object_id, j.type, j.attempt + 1 as attempt, j.failures + 1 as failures, j.max_attempts,
        coalesce($6::boolean and j.failures + 1 < j.max_attempts, false) as again,
        coalesce((select min(g.sequence) from jobs g where $6 and g.pipeline_id = p.id and g.entwine = j.entwine and g.status <> 'skipped'), p.next_sequence) as first
      from pipelines p left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence -- left: its row may have been deleted by hand
      where p.id = $2 and p.epoch = $3 and p.next_sequence = coalesce($4, p.next_sequence) and p.status = 'in_process' and p.runner_id = $1
      for update of p
    ), failed as (
      update jobs j set attempt = s.attempt, failures = s.failures, error = $5, started_at = s.step_started_at, tried_since = null,
        status = case when s.again then 'waiting' else 'failed' end
      from standing s where j.pipeline_id = s.id and j.sequence = s.next_sequence
    ), entwined as ( -- the whole group is retried, from its first job
      update jobs j set status = 'waiting', completed_at = null, result = null
      from standing s join jobs f on f.pipeline_id = s.id and f.sequence = s.next_sequence
      where s.again and j.pipeline_id = s.id and j.entwine = f.entwine and j.sequence < s.next_sequence and j.status = 'success'
    ), told as (
      insert into events (actor, kind, pipeline_id, sequence, object_type, object_id, detail)
      select 'engine', case when again then 'failed_attempt' else 'failed' end, id, next_sequence, object_type, object_id,
        jsonb_build_object('type', type, 'attempt', attempt, 'error', $5::jsonb)
      from standing
    )
    update pipelines p set
      status = case when s.again then 'delayed' else 'failed' end,
      next_sequence = case when s.again then s.first else p.next_sequence end,
      queue = coalesce(j.queue, p.queue), runner_id = null, error = $5, rescues = 0,
      -- newspapers spec 2.7: 16, 32, 64 ... seconds, a day at most; up to a tenth sooner, so that what failed together does not return together
      run_at = case when s.again then now() + interval '1 second' * least(2.0 ^ least(s.failures + 3, 30), 86400) * (1 - random() * 0.1) else p.run_at end
    from standing s left join jobs j on j.pipeline_id = s.id and j.sequence = s.first
    where p.id = s.id
    returning p.status, s.failures, s.max_attempts as "maxAttempts", p.run_at as "retryAt"`,
};

/**
 * Records a failed run: another try after a back-off, or, when it is fatal or was the last try, the end until a person acts.
 * Returns undefined when the pipeline was taken away.
 */
export async function fail(
  run: Run,
  runnerId: number,
  job: ClaimedJob,
  error: Json,
  retryable: boolean,
): Promise<FailedRow | undefined> {
  const rows = await run(FAIL, [runnerId, job.pipelineId, job.epoch, job.sequence, storableJson(error), retryable]);
  return rows[0];
}
