-- Shows what is unfinished: how much of it there is, and each open pipeline with the job it stands at, since when and why.
--
-- When       to see whether there is anything to do before an upgrade, or what has been standing for too long.
-- Call       psql "$DATABASE_URL" -f bin/sql/unfinished-work.sql
--            psql "$DATABASE_URL" -v status=failed -v limit=1000 -f bin/sql/unfinished-work.sql
-- Variables  status  only these: pending, delayed, in_process, held or failed (else all)
--            limit   at most so many, those that have stood longest first (else 200)
-- Changes    nothing.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?status}
\else
  \set status ''
\endif
\if :{?limit}
\else
  \set limit 200
\endif

begin read only;
\echo 'How much:'
select p.status, coalesce(p.hold_action, '') as asks, j.type, count(*) as pipelines, min(p.created_at)::timestamptz(0) as "oldest made at"
from pipelines p left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
where p.status not in ('success', 'cancelled') and :'status' in ('', p.status)
group by 1, 2, 3 order by array_position(array['failed', 'held', 'delayed', 'in_process', 'pending'], p.status), count(*) desc;

\echo 'Each:'
select p.id, p.status, p.name, p.description, p.next_sequence as job, j.type, j.attempt as runs,
  coalesce(case p.status when 'held' then p.held_at when 'pending' then p.run_at else p.step_started_at end, p.created_at)::timestamptz(0) as since,
  case when p.status = 'delayed' then p.run_at::timestamptz(0) end as "next try",
  left(case p.status when 'held' then p.hold_message when 'in_process' then 'runs on ' || coalesce(r.host, 'an unknown host') else p.error ->> 'message' end, 100) as why
from pipelines p
  left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
  left join runners r on r.id = p.runner_id
where p.status not in ('success', 'cancelled') and :'status' in ('', p.status)
order by since, p.id limit :'limit'::bigint;
commit;
