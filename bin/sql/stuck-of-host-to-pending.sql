-- Sets everything that runners of one host have in process back to pending: other hosts take it.
--
-- When       a host is gone for good (power, network, a reinstallation), and nobody wants to wait until the daemons notice.
-- Call       psql "$DATABASE_URL" -v host=worker2 -v reason='worker2 lost its power' -f bin/sql/stuck-of-host-to-pending.sql
-- Variables  host    name of the host, as bin/sql/runners.sql shows it
--            reason  why; kept in the events
--            force   true: although runners there are alive (else false)
--            lease   how old the last beat of a living runner may be: RUNNER_LEASE (else '60 s')
--            actor   who does it (else the database user)
-- Refuses    an unknown host, and a host with a living runner. Use force=true when you know that the host is down although its last
--            beat is young; if it is not, its jobs are aborted and begin again, and it claims others: stop it first.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?host}
\else
  do $$ begin raise exception 'host is missing' using hint = 'call it with -v host=NAME, as bin/sql/runners.sql shows it'; end $$;
\endif
\if :{?reason}
\else
  do $$ begin raise exception 'reason is missing' using hint = 'call it with -v reason=''why'''; end $$;
\endif
\if :{?force}
\else
  \set force false
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
select set_config('pressmark.host', :'host', true), set_config('pressmark.force', :'force'::boolean::text, true),
  set_config('pressmark.lease', :'lease'::interval::text, true), set_config('pressmark.actor', :'actor', true),
  set_config('pressmark.reason', :'reason', true), set_config('pressmark.event', coalesce(max(id), 0)::text, true) from events \g /dev/null

do $$
declare
  r runners;
  p pipelines;
begin
  if not exists (select from runners where host = current_setting('pressmark.host')) then
    raise exception 'no runner is known of the host %', current_setting('pressmark.host') using errcode = 'PM404',
      hint = format('these are known: %s', coalesce((select string_agg(distinct host, ', ') from runners), 'none'));
  end if;
  select * into r from runners where host = current_setting('pressmark.host') and stopped_at is null
    and heartbeat_at > clock_timestamp() - current_setting('pressmark.lease')::interval order by heartbeat_at desc limit 1;
  if found and not current_setting('pressmark.force')::boolean then
    raise exception 'the host % is not gone: its runner % (pid %) is alive, its last beat is % s old',
      r.host, r.id, r.pid, round(extract(epoch from clock_timestamp() - r.heartbeat_at)) using errcode = 'PM409',
      hint = 'stop it there (SIGTERM), or wait for RUNNER_LEASE; -v force=true takes its work away all the same';
  end if;
  for p in
    select stuck.* from pipelines stuck join runners on runners.id = stuck.runner_id
    where stuck.status = 'in_process' and runners.host = current_setting('pressmark.host') order by stuck.id for update of stuck
  loop
    update pipelines set status = 'pending' where id = p.id; -- the trigger fences the old run off and puts it into its queue
    perform tell(p, 'set_back', current_setting('pressmark.actor'), jsonb_build_object('reason', current_setting('pressmark.reason'),
      'runner_id', p.runner_id, 'host', current_setting('pressmark.host')));
    perform pg_notify('pressmark', (select queue from pipelines where id = p.id));
  end loop;
  perform pg_notify('pressmark', 'cancel');
end $$;

select p.id, p.name, p.description, j.sequence as job, j.type, p.status, e.detail ->> 'runner_id' as "was with runner"
from events e join pipelines p on p.id = e.pipeline_id left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
where e.id > current_setting('pressmark.event')::bigint and e.kind = 'set_back' and e.detail ->> 'host' = :'host' order by p.id;
commit;
