-- Ends one open pipeline for good. A running job is aborted within a second or two; what it reports later is refused.
--
-- When       it must not go on, and nobody will want it to. Its issue or batch stays where it is: the last lines say what leads on.
-- Call       psql "$DATABASE_URL" -v id=42 -v reason='queued by mistake' -f bin/sql/cancel-pipeline.sql
-- Variables  id      number of the pipeline
--            reason  why; kept in the events
--            actor   who does it (else the database user)
-- Refuses    what has ended already.
-- Else       bin/run-jobs cancel 42 --reason 'queued by mistake' does the same. An intake is better taken back by
--            bin/issues cancel-intake, which also brings the files back.
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
select cancel_pipeline(:'id'::bigint, :'actor', :'reason') as "now";
select p.id, p.name, p.description, j.sequence as job, j.type, p.status,
  case p.object_type
    when 'issue' then format('bin/issues show %s; bin/issues resume %s', p.object_id, p.object_id)
    when 'batch' then format('bin/batches show %s; bin/batches ask %s', b.full_name, b.full_name)
  end as "what leads on"
from pipelines p
  left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
  left join newspapers.batches b on p.object_type = 'batch' and b.id = p.object_id
where p.id = :'id'::bigint;
commit;
