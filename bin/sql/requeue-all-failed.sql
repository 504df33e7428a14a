-- Lets every failed pipeline go on, whatever it failed at.
--
-- When       everything failed for one reason (the storage was away over night), and it is mended. What fails of itself
--            (a damaged PDF) fails again, which does no harm.
-- Call       psql "$DATABASE_URL" -v reason='the storage is back' -f bin/sql/requeue-all-failed.sql
-- Variables  reason  why; kept in the events
--            actor   who does it (else the database user)
-- Changes    each of these as bin/sql/requeue-pipeline.sql does; one whose job row is gone stays failed, and says so.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?reason}
\else
  do $$ begin raise exception 'reason is missing' using hint = 'call it with -v reason=''why'''; end $$;
\endif
\if :{?actor}
\else
  select current_user as actor \gset
\endif

begin;
set local lock_timeout = '10s';
with failed as materialized (
  select p.id, p.name, p.description, p.next_sequence, left(p.error ->> 'message', 80) as error
  from pipelines p where p.status = 'failed'
  order by p.id for update -- in one order: two who do this at once wait for each other, not both
)
select f.id, f.name, f.description, j.type, f.error,
  case when j.type is null then 'its job row is gone: cancel it, or goto another job'
       else requeue_pipeline(f.id, :'actor', :'reason') end as "now"
from failed f left join jobs j on j.pipeline_id = f.id and j.sequence = f.next_sequence;
commit;
