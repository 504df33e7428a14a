-- Sets everything that dead runners have in process back to pending, as every living daemon does by itself.
--
-- When       no daemon runs (it would have done it by now), and you want to see what is left before you start one.
-- Call       psql "$DATABASE_URL" -v reason='before the upgrade' -f bin/sql/stuck-of-dead-runners-to-pending.sql
-- Variables  reason  why; kept in the events
--            lease   how old the last beat of a living runner may be: RUNNER_LEASE (else '60 s')
--            actor   who does it (else the database user)
-- Changes    what runners have that said goodbye, are unknown, or have not beaten for the lease. A pipeline whose runners died three
--            times during the same job is held for a person instead. Living runners keep theirs.
-- Refuses    a lease of less than 10 s: between two beats of a living runner as much may pass.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?reason}
\else
  do $$ begin raise exception 'reason is missing' using hint = 'call it with -v reason=''why'''; end $$;
\endif
\if :{?lease}
\else
  \set lease '60 s'
\endif
\if :{?actor}
\else
  select current_user as actor \gset
\endif

begin;
set local lock_timeout = '10s';
select set_config('pressmark.lease', :'lease'::interval::text, true), set_config('pressmark.event', coalesce(max(id), 0)::text, true) from events \g /dev/null

do $$
begin
  if current_setting('pressmark.lease')::interval < interval '10 s' then
    raise exception 'a lease of % is too short: living runners would lose their work', current_setting('pressmark.lease')
      using hint = 'give RUNNER_LEASE of your settings, at least 10 s';
  end if;
  while rescue_pipelines(current_setting('pressmark.lease')::interval) > 0 loop
  end loop;
end $$;

with rescued as (
  select * from events where id > current_setting('pressmark.event')::bigint and kind in ('rescued', 'rescue_limit')
), told as (
  insert into events (actor, kind, detail)
  select :'actor', 'rescue_asked', jsonb_build_object('reason', :'reason', 'pipelines', count(*)) from rescued
)
select p.id, p.name, p.description, j.sequence as job, j.type, p.status, p.rescues, coalesce(r.host, 'unknown') as "was on",
  round(extract(epoch from now() - r.heartbeat_at)) as "silent for (s)"
from rescued e join pipelines p on p.id = e.pipeline_id
  left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
  left join runners r on r.id = (e.detail ->> 'runner_id')::bigint
order by p.id;
commit;
