-- Shows how long jobs run, by type, and what runs longer now than nearly all of its type did.
--
-- When       the queue grows, or something seems to hang.
-- Call       psql "$DATABASE_URL" -f bin/sql/slow-jobs.sql
-- Variables  last    looks at the newest so many pipelines: the table of jobs may be huge (else 10000)
-- Changes    nothing.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?last}
\else
  \set last 10000
\endif

begin read only;
\echo 'Run time of jobs that succeeded, in seconds:'
select j.type, count(*) as jobs, count(*) filter (where j.attempt > 1) as "ran again", round(percentile_cont(0.5) within group (order by t.seconds)::numeric, 3) as p50,
  round(percentile_cont(0.95) within group (order by t.seconds)::numeric, 3) as p95, round(max(t.seconds)::numeric, 3) as max,
  round(sum(t.seconds)::numeric) as "all together"
from jobs j, lateral (select extract(epoch from j.completed_at - j.started_at)::float8 as seconds) t
where j.pipeline_id > (select coalesce(max(id), 0) - :'last'::bigint from pipelines) and j.status = 'success' and j.started_at is not null
group by j.type order by sum(t.seconds) desc;

\echo 'Running now for longer than 95 of 100 of their type did:'
with usual as (
  select j.type, percentile_cont(0.95) within group (order by extract(epoch from j.completed_at - j.started_at)::float8) as p95
  from jobs j
  where j.pipeline_id > (select coalesce(max(id), 0) - :'last'::bigint from pipelines) and j.status = 'success' and j.started_at is not null
  group by j.type
)
select p.id as pipeline, p.name, p.description, j.sequence as job, j.type, round(extract(epoch from now() - p.step_started_at)) as "runs for (s)",
  round(u.p95::numeric, 3) as p95, round(extract(epoch from j.timeout)) as "timeout (s)", coalesce(r.host, 'unknown') as host
from pipelines p
  join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
  left join usual u on u.type = j.type
  left join runners r on r.id = p.runner_id
where p.status = 'in_process' and (u.p95 is null or extract(epoch from now() - p.step_started_at) > u.p95)
order by p.step_started_at;
commit;
