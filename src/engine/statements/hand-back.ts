import type { Run, Statement } from './statement.js';

const HAND_BACK: Statement<{ id: number }> = {
  name: 'pressmark_hand_back',
  text: `
    with given as (select * from unnest($2::bigint[], $3::int[], $4::int[]) as g (id, epoch, stands_at)),
    standing as (
      select p.id, p.next_sequence from pipelines p join given g on g.id = p.id and g.epoch = p.epoch
      where p.status = 'in_process' and p.runner_id = $1 and p.next_sequence = coalesce(g.stands_at, p.next_sequence) order by p.id for update of p
    ), run as ( -- the run ended without a result; it is no failure
      update jobs j set attempt = j.attempt + 1 from standing s where j.pipeline_id = s.id and j.sequence = s.next_sequence returning j.pipeline_id, j.queue
    )
    update pipelines p set status = 'pending', queue = coalesce(run.queue, p.queue), runner_id = null, epoch = p.epoch + 1
    from standing s left join run on run.pipeline_id = s.id where p.id = s.id
    returning p.id`,
};

/** Hands running pipelines back to pending: at shutdown, or when a claim's answer was lost. With `standsAt`: only while they stand at that job. */
export const handBack = (
  run: Run,
  runnerId: number,
  pipelines: { pipelineId: number; epoch: number; standsAt?: number }[],
) =>
  run(HAND_BACK, [
    runnerId,
    pipelines.map((p) => p.pipelineId),
    pipelines.map((p) => p.epoch),
    pipelines.map((p) => p.standsAt ?? null),
  ]);
