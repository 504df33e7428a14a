import type { ClaimedJob } from './claim.js';
import type { Run, Statement } from './statement.js';

const LEAVE: Statement<{ queue: string }> = {
  name: 'pressmark_leave_to_others',
  text: `
    update pipelines p set status = 'pending', queue = j.queue, runner_id = null, epoch = p.epoch + 1,
      error = jsonb_build_object('message', $5::text, 'unknown_type', j.type)
    from jobs j
    where p.id = $2 and p.epoch = $3 and p.next_sequence = $4 and p.status = 'in_process' and p.runner_id = $1
      and j.pipeline_id = p.id and j.sequence = p.next_sequence
    returning p.queue, pg_notify('pressmark', p.queue)`,
};

/**
 * Gives back a pipeline that stands at a job of a type that this runner does not know. It is pending at once, for runners that do;
 * nothing was run, so nothing is counted. What `error` says of it is shown by the status until somebody runs it.
 */
export const leaveToOthers = (run: Run, runnerId: number, job: ClaimedJob, why: string) =>
  run(LEAVE, [runnerId, job.pipelineId, job.epoch, job.sequence, why]);
