-- Takes a question of the holding pen off the desk of whoever claimed it.
--
-- When       somebody has claimed it and is away; a claim ends by itself after seven days.
-- Call       psql "$DATABASE_URL" -v id=42 -v reason='Ben is on leave' -f bin/sql/release-claim.sql
-- Variables  id      number of the pipeline that asks
--            reason  why; kept in the events
--            actor   who does it (else the database user)
-- Refuses    what nobody has claimed.
-- Else       bin/holding-pen release 42 does the same; bin/holding-pen assign 42 --to LOGIN gives it to somebody else.
--            A runner's hold on a pipeline is another thing: bin/sql/stuck-pipeline-to-pending.sql.
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
select p.assignee as "was", p.assigned_until as "until" from locked_pipeline(:'id'::bigint) p;
select release_pipeline(:'id'::bigint, :'actor', true) as "now";
-- The function keeps no reason: an event beside its own does.
select left(tell(p, 'release_reason', :'actor', jsonb_build_object('reason', :'reason', 'hold_rev', p.hold_rev))::text, 0) as told
from pipelines p where p.id = :'id'::bigint \gset
select id, name, description, status, hold_action as asks, hold_message as "message" from pipelines where id = :'id'::bigint;
commit;
