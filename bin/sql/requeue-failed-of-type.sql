-- Lets every pipeline go on that failed at a job of one type.
--
-- When       one cause made many fail (qpdf was missing, a disk was full), and it is mended.
-- Call       psql "$DATABASE_URL" -v type=page_split -v reason='qpdf is installed' -f bin/sql/requeue-failed-of-type.sql
-- Variables  type    type of the job, as bin/sql/unfinished-work.sql shows it
--            reason  why; kept in the events
--            actor   who does it (else the database user)
-- Changes    each of these as bin/sql/requeue-pipeline.sql does; then tells what is still failed.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?type}
\else
  do $$ begin raise exception 'type is missing' using hint = 'call it with -v type=page_split, the type of the job that failed'; end $$;
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
\echo 'Requeued:'
with failed as materialized (
  select p.id, p.name, p.description, j.sequence, left(p.error ->> 'message', 80) as error
  from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
  where p.status = 'failed' and j.type = :'type'
  order by p.id for update of p -- in one order: two who do this at once wait for each other, not both
)
select id, name, description, sequence as job, error, requeue_pipeline(id, :'actor', :'reason') as "now" from failed;
\echo 'Still failed:'
select j.type, count(*) as pipelines
from pipelines p left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence where p.status = 'failed' group by j.type order by j.type;
commit;
