-- Lets one failed or delayed pipeline go on now, at the job that failed. Its failures count anew.
--
-- When       the cause is mended (the disk is back), and nobody wants to wait for the next try.
-- Call       psql "$DATABASE_URL" -v id=42 -v reason='the disk is back' -f bin/sql/requeue-pipeline.sql
-- Variables  id      number of the pipeline
--            reason  why; kept in the events
--            actor   who does it (else the database user)
-- Refuses    what is neither failed nor delayed, or has no job to go on with (its row was deleted).
-- Else       bin/run-jobs requeue 42 --reason 'the disk is back' does the same.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?id}
\else
  do $$ begin raise exception 'id is missing' using hint = 'call it with -v id=42, the number of the pipeline'; end $$;
\endif
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
select requeue_pipeline(:'id'::bigint, :'actor', :'reason') as "now";
select p.id, p.name, p.description, j.sequence as job, j.type, p.status
from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence where p.id = :'id'::bigint;
commit;
