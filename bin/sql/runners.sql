-- Shows what runners do: which are alive, what each runs now and for how long, and the last line that each running job logged.
--
-- When       something seems to hang, or a host is to be taken out of service.
-- Call       psql "$DATABASE_URL" -f bin/sql/runners.sql
--            psql "$DATABASE_URL" -v host=worker2 -f bin/sql/runners.sql
-- Variables  host    only runners of this host (else all)
--            lease   how old the last beat of a living runner may be: RUNNER_LEASE (else '60 s')
-- Changes    nothing.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?host}
\else
  \set host ''
\endif
\if :{?lease}
\else
  \set lease '60 s'
\endif

begin read only;
\echo 'Runners that have not said goodbye:'
select r.id as runner, r.host, r.pid, r.version, r.queues,
  case when r.heartbeat_at < now() - :'lease'::interval then 'dead' else 'alive' end as "is",
  round(extract(epoch from now() - r.heartbeat_at)) as "last beat (s ago)", r.started_at::timestamptz(0) as started,
  (select count(*) from pipelines p where p.runner_id = r.id and p.status = 'in_process') as running
from runners r where r.stopped_at is null and :'host' in ('', r.host) order by r.host, r.started_at;

\echo 'What they run:'
select p.runner_id as runner, coalesce(r.host, 'unknown') as host, p.id as pipeline, p.name, p.description, j.sequence as job, j.type,
  date_trunc('second', now() - p.step_started_at) as "runs for", j.timeout, j.attempt + 1 as run,
  (select left(l.message, 80) from job_logs l where l.pipeline_id = p.id order by l.id desc limit 1) as "last line"
from pipelines p
  left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
  left join runners r on r.id = p.runner_id
where p.status = 'in_process' and (:'host' = '' or r.host = :'host')
order by p.step_started_at;

\echo 'Watchers:'
select w.name, w.started_at::timestamptz(0) as started, w.completed_at::timestamptz(0) as ended, w.next_run_at::timestamptz(0) as next,
  r.host, left(w.error ->> 'message', 80) as error
from watchers w left join runners r on r.id = w.runner_id where :'host' in ('', r.host) order by w.name;
commit;
