-- Sets one pipeline that is in process back to pending: its job begins again, in whichever runner is free.
--
-- When       its runner is gone or hangs, and nobody wants to wait until the daemons notice (RUNNER_LEASE, 60 s).
-- Call       psql "$DATABASE_URL" -v id=42 -v reason='host b lost its power' -f bin/sql/stuck-pipeline-to-pending.sql
-- Variables  id      number of the pipeline
--            reason  why; kept in the events
--            force   true: although its runner is alive (else false)
--            lease   how old the last beat of a living runner may be: RUNNER_LEASE (else '60 s')
--            actor   who does it (else the database user)
-- Refuses    what is not in process, and a pipeline whose runner is alive: its job is at work, not stuck. force=true does no
--            harm either: the running job is aborted, what it still reports is refused, its locks keep the next run waiting;
--            but its work is done again.
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
select set_config('pressmark.id', :'id'::bigint::text, true), set_config('pressmark.force', :'force'::boolean::text, true),
  set_config('pressmark.lease', :'lease'::interval::text, true), set_config('pressmark.actor', :'actor', true),
  set_config('pressmark.reason', :'reason', true) \g /dev/null

do $$
declare
  p pipelines := locked_pipeline(current_setting('pressmark.id')::bigint);
  r runners;
  silence interval;
begin
  if p.status <> 'in_process' then
    perform refuse(p, 'set back', 'only what is in process can be stuck; requeue-pipeline.sql takes what failed or is delayed');
  end if;
  select * into r from runners where id = p.runner_id;
  silence := clock_timestamp() - r.heartbeat_at;
  if r.stopped_at is null and silence < current_setting('pressmark.lease')::interval and not current_setting('pressmark.force')::boolean then
    raise exception 'pipeline % is not stuck: its runner % (pid % on %) is alive, its last beat is % s old',
      p.id, r.id, r.pid, r.host, round(extract(epoch from silence)) using errcode = 'PM409',
      hint = 'wait for its job to end, or kill that process; -v force=true takes it away all the same, and its job begins again';
  end if;
  update pipelines set status = 'pending' where id = p.id; -- the trigger fences the old run off and puts it into its queue
  perform tell(p, 'set_back', current_setting('pressmark.actor'), jsonb_build_object('reason', current_setting('pressmark.reason'),
    'runner_id', p.runner_id, 'host', r.host, 'silent_seconds', round(extract(epoch from silence))));
  perform pg_notify('pressmark', 'cancel'), pg_notify('pressmark', (select queue from pipelines where id = p.id));
end $$;

select p.id, p.name, p.description, j.sequence as job, j.type, p.status, e.detail ->> 'host' as "was on", e.detail ->> 'silent_seconds' as "silent for (s)"
from pipelines p
  left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
  join lateral (select detail from events where pipeline_id = p.id and kind = 'set_back' order by id desc limit 1) e on true
where p.id = :'id'::bigint;
commit;
