/** What must be true of the rows at any moment, whoever did what (newspapers spec 2.13). */
import type { TestDatabase } from '../support/database.js';
import { rows } from './support.js';

const BROKEN: Record<string, string> = {
  'a job before the cursor is still open, or one behind it has ended': `
    select p.id, j.sequence, j.status from pipelines p join jobs j on j.pipeline_id = p.id
    where p.status <> 'cancelled'
      and (j.sequence < p.next_sequence and j.status not in ('success', 'skipped')
        or j.sequence > p.next_sequence and j.status in ('success', 'failed'))`,
  'the job at the cursor contradicts its pipeline': `
    select p.id, p.status, j.status as job from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
    where p.status in ('pending', 'delayed', 'in_process', 'held') and j.status <> 'waiting'
      or p.status = 'failed' and j.status <> 'failed'
      or p.status = 'success' and j.status not in ('success', 'skipped')`,
  'a pending pipeline stands in another queue than its job': `
    select p.id from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
    where p.status = 'pending' and p.queue <> j.queue`,
  'a successful pipeline has jobs that never ran': `
    select p.id from pipelines p join jobs j on j.pipeline_id = p.id
    where p.status = 'success' and j.status not in ('success', 'skipped')`,
  'an object has two open pipelines': `
    select object_type, object_id from pipelines where status not in ('success', 'cancelled') and object_type is not null
    group by 1, 2 having count(*) > 1`,
  'an answer is in hand that nobody gave': `
    select p.id from pipelines p where p.decision_rev is not null
      and not exists (select from decisions d where d.pipeline_id = p.id and d.hold_rev = p.decision_rev)`,
  'a question was answered that was never asked': `
    select d.pipeline_id from decisions d join pipelines p on p.id = d.pipeline_id where d.hold_rev > p.hold_rev`,
  'a held question has been answered already': `
    select p.id from pipelines p join decisions d on d.pipeline_id = p.id and d.hold_rev = p.hold_rev
    where p.status = 'held' and p.hold_action is not null`,
  'something that waits for nothing has a wake time': `
    select id from pipelines where status not in ('held', 'cancelled', 'success', 'failed') and (wake_at is not null or blocked_by is not null)`,
};

/** Every broken invariant with the rows that break it; empty when all hold. One snapshot for all. */
export async function brokenInvariants(own: TestDatabase): Promise<Record<string, unknown[]>> {
  const text = Object.values(BROKEN)
    .map((query, i) => `select ${i} as n, to_jsonb(q) as row from (${query}) q`)
    .join(' union all ');
  const names = Object.keys(BROKEN);
  const broken: Record<string, unknown[]> = {};
  for (const { n, row } of await rows<{ n: number; row: unknown }>(own, text))
    (broken[names[n] ?? ''] ??= []).push(row);
  return broken;
}
