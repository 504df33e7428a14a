--! Previous: -
--! Hash: sha1:e0baebc3ac666e41c30e674fd63bf3903f22418c
--! Message: engine

-- The engine: pipelines, their jobs, runners, decisions, logs, events (design 3).
-- A pipeline is a cursor over its jobs: its row is what is claimed, held, retried, cancelled; next_sequence points at the job
-- that runs next (or now). So "never two jobs of a pipeline at once" holds by construction.

create table runners (
  id bigint primary key default (random() * 9007199254740991)::bigint, -- random: a sequence can hand out a number twice after a failover
  host text not null,
  pid integer not null,
  boot_id text not null,
  version text not null,
  queues jsonb not null,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  stopped_at timestamptz
) with (fillfactor = 50);
comment on table runners is 'One run-jobs process each. Alive: stopped_at is null and heartbeat_at is younger than the lease.';
comment on column runners.boot_id is 'Boot of the host, process namespace and start of the process: tells a living pid from a reused one.';

create table pipelines (
  id bigint generated always as identity primary key,
  name text not null,
  description text not null,
  object_type text,
  object_id bigint,
  created_by text not null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  status text not null default 'pending'
    check (status in ('pending', 'delayed', 'in_process', 'held', 'failed', 'success', 'cancelled')),
  queue text not null check (queue in ('io', 'cpu', 'fast', 'instant')),
  priority smallint not null default 0,
  run_at timestamptz not null default now(),
  next_sequence integer not null,
  epoch integer not null default 0,
  runner_id bigint, -- no foreign key: it would cost a lock at every claim
  step_started_at timestamptz,
  rescues smallint not null default 0,
  error jsonb,
  hold_kind text check (hold_kind in ('person', 'external', 'timer', 'pipeline')),
  hold_action text,
  hold_role text,
  hold_message text,
  hold_payload jsonb,
  hold_rev integer not null default 0,
  decision_rev integer,
  held_at timestamptz,
  wake_at timestamptz,
  due_at timestamptz,
  blocked_by bigint references pipelines (id),
  assignee text,
  assigned_until timestamptz,
  constraint pipelines_object_whole check ((object_type is null) = (object_id is null)),
  constraint pipelines_in_process_has_runner check ((status = 'in_process') = (runner_id is not null)),
  constraint pipelines_held_has_kind check ((status = 'held') = (hold_kind is not null)),
  constraint pipelines_closed_has_time check ((status in ('success', 'cancelled')) = (completed_at is not null)),
  constraint pipelines_person_is_asked check (hold_kind <> 'person' or hold_action is not null),
  constraint pipelines_blocked_by_what check (hold_kind <> 'pipeline' or blocked_by is not null)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

comment on column pipelines.queue is 'Queue of the job at next_sequence; written only when the pipeline becomes pending, so that a runner that goes on with it leaves the claim index alone.';
comment on column pipelines.epoch is 'Fencing token: moves at every claim, rescue and operator''s act. A result that names another epoch is refused.';
comment on column pipelines.rescues is 'How often in a row a runner died during the job at next_sequence.';
comment on column pipelines.hold_action is 'The open question. It outlives a wake: while the job rechecks, the question can still be answered.';
comment on column pipelines.hold_rev is 'Number of the question; an answer must name it.';
comment on column pipelines.decision_rev is 'Number of the answered question: the job at next_sequence runs with that decision in hand.';

-- One open pipeline per object (newspapers spec W6).
create unique index pipelines_one_open_per_object on pipelines (object_type, object_id) where status not in ('success', 'cancelled');
-- The claim: EXPLAIN shows an index scan in order, stopped by the limit, whatever else the table holds.
create index pipelines_claim on pipelines (queue, priority, run_at, id) where status = 'pending';
create index pipelines_delayed on pipelines (run_at, id) where status = 'delayed';
create index pipelines_in_process on pipelines (runner_id) where status = 'in_process';
create index pipelines_pen on pipelines (hold_action, held_at) where status = 'held';
create index pipelines_wake on pipelines (wake_at) where status = 'held' and wake_at is not null;
create index pipelines_blocked on pipelines (blocked_by) where status = 'held' and blocked_by is not null;
create index pipelines_failed on pipelines (id) where status = 'failed';
create index pipelines_object on pipelines (object_type, object_id);

create table jobs (
  pipeline_id bigint not null references pipelines (id) on delete cascade,
  sequence integer not null check (sequence > 0),
  type text not null,
  queue text not null check (queue in ('io', 'cpu', 'fast', 'instant')),
  args jsonb not null default '{}',
  status text not null default 'waiting' check (status in ('waiting', 'success', 'failed', 'skipped')),
  attempt integer not null default 0,
  failures integer not null default 0,
  max_attempts integer not null default 26 check (max_attempts > 0),
  timeout interval not null default '5 minutes',
  entwine integer,
  tried_since timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  result jsonb,
  error jsonb,
  primary key (pipeline_id, sequence)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
comment on table jobs is 'The jobs of a pipeline in order. No index but the key: checking a job off is a HOT update.';
comment on column jobs.attempt is 'Runs that came to an end, however they ended: attempt + 1 numbers the run that is going on.';
comment on column jobs.failures is 'Failed runs since it was enqueued, requeued or held: max_attempts of them and the job is failed.';
comment on column jobs.tried_since is 'First "try later" in a row; its deadline counts from here.';

create table decisions (
  pipeline_id bigint not null references pipelines (id) on delete cascade,
  hold_rev integer not null,
  verb text not null,
  params jsonb not null default '{}',
  comment text,
  actor text not null,
  via text not null,
  at timestamptz not null default now(),
  primary key (pipeline_id, hold_rev) -- a question is answered once
);

create table job_logs (
  id bigint generated always as identity primary key,
  pipeline_id bigint not null,
  sequence integer not null,
  attempt integer not null,
  at timestamptz not null,
  level text not null check (level in ('trace', 'debug', 'info', 'warn', 'error', 'fatal')),
  message text not null,
  fields jsonb,
  foreign key (pipeline_id, sequence) references jobs (pipeline_id, sequence) on update cascade on delete cascade
);
create index job_logs_story on job_logs (pipeline_id, id);

create table events (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  kind text not null,
  pipeline_id bigint references pipelines (id) on delete set null,
  sequence integer,
  object_type text,
  object_id bigint,
  detail jsonb not null default '{}'
);
create index events_pipeline on events (pipeline_id, id);
create index events_object on events (object_type, object_id, id) where object_type is not null;

create table users (
  login text primary key,
  name text not null,
  roles text[] not null default '{}',
  deactivated_at timestamptz
);

create table watchers (
  name text primary key,
  next_run_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  runner_id bigint,
  error jsonb
);
comment on table watchers is 'Each watcher runs once however many runners there are: the runner that moves next_run_at on has it.';

create unlogged table progress (
  pipeline_id bigint not null references pipelines (id) on delete cascade,
  sequence integer not null,
  done bigint not null,
  total bigint not null,
  unit text not null,
  at timestamptz not null default now(),
  primary key (pipeline_id)
) with (fillfactor = 50);
comment on table progress is 'How far the running job of a pipeline is. Unlogged: a crash may forget it, the next report restores it.';

-- The jobs in this world's familiar words: what would each say if asked?
create view job_list as
select j.pipeline_id, j.sequence, j.type, j.queue,
  case
    when j.status <> 'waiting' then j.status
    when p.status = 'cancelled' then 'cancelled'
    when j.sequence <> p.next_sequence then 'waiting'
    when p.status = 'delayed' then 'pending'
    when p.status = 'success' then 'waiting'
    else p.status
  end as status,
  j.args, j.attempt, j.failures, j.max_attempts, j.timeout, j.entwine,
  case when j.sequence = p.next_sequence and p.status in ('pending', 'delayed') then p.run_at end as run_at,
  case when j.sequence = p.next_sequence and p.status = 'in_process' then p.step_started_at else j.started_at end as started_at,
  j.completed_at, j.result, j.error,
  p.name as pipeline, p.description, p.object_type, p.object_id
from jobs j join pipelines p on p.id = j.pipeline_id;

-- A row edited by hand (`update pipelines set status = 'pending' where id = 42`) must work: that is how admins think.
-- The condition of the trigger is false for every transition of the engine's own.
create function pipelines_edited_by_hand() returns trigger language plpgsql as $$
begin
  if new.status <> 'in_process' then new.runner_id := null; end if;
  if new.status <> 'held' then new.hold_kind := null; new.wake_at := null; new.blocked_by := null; end if;
  if new.status in ('success', 'cancelled') then new.completed_at := coalesce(new.completed_at, now()); else new.completed_at := null; end if;
  if old.epoch = new.epoch then new.epoch := old.epoch + 1; end if; -- fences off a runner that still has it
  if new.status = 'pending' then
    new.queue := coalesce((select j.queue from jobs j where j.pipeline_id = new.id and j.sequence = new.next_sequence), new.queue);
    if new.run_at = old.run_at then new.run_at := least(new.run_at, now()); end if; -- who says pending means now
    if old.status = 'in_process' then -- that run has ended, whatever its runner still says: the next has a number, and a log, of its own
      update jobs j set attempt = j.attempt + 1 where j.pipeline_id = new.id and j.sequence = old.next_sequence;
    else
      update jobs j set status = 'waiting', failures = 0, tried_since = null, completed_at = null
      where j.pipeline_id = new.id and j.sequence = new.next_sequence and (j.status <> 'waiting' or j.failures > 0 or j.tried_since is not null);
    end if;
  end if;
  return new;
end $$;
create trigger edited_by_hand before update on pipelines for each row
  when ((new.status <> 'in_process' and new.runner_id is not null)
     or (new.status <> 'held' and (new.hold_kind is not null or new.wake_at is not null or new.blocked_by is not null))
     or ((new.status in ('success', 'cancelled')) <> (new.completed_at is not null))
     or (new.status = 'pending' and old.epoch = new.epoch
         and (old.status = 'failed' or old.status = 'delayed' and old.run_at = new.run_at
           or old.status = 'in_process' and old.next_sequence = new.next_sequence and old.step_started_at is not distinct from new.step_started_at)))
  execute function pipelines_edited_by_hand();

------------------------------------------------------------------------------------------------------------------------
-- The clockwork. Each function is safe to be run by every runner at once.

-- What has become due is made pending: delayed pipelines, held ones whose wake time has come, or whose blocking pipeline is closed.
-- A wake is no decision: the question stays open while the job looks again.
create function make_due(p_limit integer default 1000) returns bigint language sql as $$
  with delayed as (
    select id, next_sequence from pipelines where status = 'delayed' and run_at <= now() order by run_at, id limit p_limit for update skip locked
  ), awake as (
    select id, next_sequence from pipelines where status = 'held' and wake_at <= now() order by wake_at limit p_limit for update skip locked
  ), unblocked as (
    select p.id, p.next_sequence from pipelines p join pipelines b on b.id = p.blocked_by
    where p.status = 'held' and p.blocked_by is not null and b.status in ('success', 'cancelled') limit p_limit for update of p skip locked
  ), due as (
    select * from delayed union select * from awake union select * from unblocked
  ), woken as (
    update pipelines p set status = 'pending', queue = coalesce(j.queue, p.queue), run_at = now(), hold_kind = null, wake_at = null, blocked_by = null
    from due d left join jobs j on j.pipeline_id = d.id and j.sequence = d.next_sequence
    where p.id = d.id
    returning p.queue, pg_notify('pressmark', p.queue))
  select count(*) from woken
$$;

-- Work of dead runners goes back to pending, fenced off by a new epoch. Dead: said goodbye, beat too long ago, or named by the caller,
-- who saw on its own host that the process is gone. After three rescues at the same job a person must look.
create function rescue_pipelines(p_lease interval, p_dead bigint[] default '{}') returns bigint language sql as $$
  with gone as (
    select p.id, p.next_sequence, p.runner_id, p.rescues >= 3 as hopeless
    from pipelines p left join runners r on r.id = p.runner_id
    where p.status = 'in_process'
      and (r.id is null or r.stopped_at is not null or r.heartbeat_at < now() - p_lease or r.id = any (p_dead))
    order by p.id limit 1000 for update of p skip locked
  ), run as (
    update jobs j set attempt = j.attempt + 1 from gone where j.pipeline_id = gone.id and j.sequence = gone.next_sequence returning j.pipeline_id, j.type, j.queue
  ), back as (
    update pipelines p set
      status = case when g.hopeless then 'held' else 'pending' end,
      queue = coalesce(run.queue, p.queue), run_at = now(), epoch = p.epoch + 1, runner_id = null, rescues = p.rescues + 1,
      hold_kind = case when g.hopeless then 'person' end,
      hold_action = case when g.hopeless then 'runner_died' else p.hold_action end,
      hold_role = case when g.hopeless then 'sysadmin' else p.hold_role end,
      hold_message = case when g.hopeless then format('its runner died %s times during this job (%s); see the logs, then decide retry or cancel', p.rescues + 1, run.type) else p.hold_message end,
      hold_payload = case when g.hopeless then '{}' else p.hold_payload end,
      hold_rev = case when g.hopeless then p.hold_rev + 1 else p.hold_rev end,
      held_at = case when g.hopeless then now() else p.held_at end,
      due_at = case when not g.hopeless then p.due_at end,
      assignee = case when not g.hopeless then p.assignee end, -- whoever has the job's own question on the desk is not asked this one
      assigned_until = case when not g.hopeless then p.assigned_until end
    from gone g left join run on run.pipeline_id = g.id where p.id = g.id
    returning p.id, p.status, p.next_sequence, p.object_type, p.object_id, p.rescues, g.runner_id, pg_notify('pressmark', p.queue)
  ), told as (
    insert into events (actor, kind, pipeline_id, sequence, object_type, object_id, detail)
    select 'engine', case status when 'held' then 'rescue_limit' else 'rescued' end, id, next_sequence, object_type, object_id,
      jsonb_build_object('runner_id', runner_id, 'rescues', rescues) from back
    returning 1)
  select count(*) from told
$$;

------------------------------------------------------------------------------------------------------------------------
-- The operator's verbs: the CLI and psql share them. Each locks the pipeline first, refuses what would break an invariant
-- (SQLSTATE PM404 no such thing, PM409 not in this state), writes an event, and returns the new status.

create function locked_pipeline(p_id bigint) returns pipelines language plpgsql as $$
declare p pipelines;
begin
  select * into p from pipelines where id = p_id for update;
  if not found then
    raise exception 'there is no pipeline %', p_id using errcode = 'PM404', hint = 'run-jobs pipelines lists them';
  end if;
  return p;
end $$;

create function refuse(p pipelines, p_verb text, p_allowed text) returns void language plpgsql as $$
begin
  raise exception 'pipeline % cannot be %: it is %', p.id, p_verb, p.status using errcode = 'PM409', hint = p_allowed;
end $$;

create function tell(p pipelines, p_kind text, p_actor text, p_detail jsonb) returns void language sql as $$
  insert into events (actor, kind, pipeline_id, sequence, object_type, object_id, detail)
  values (p_actor, p_kind, p.id, p.next_sequence, p.object_type, p.object_id, jsonb_strip_nulls(p_detail))
$$;

-- Puts the cursor on a job: from there the pipeline is pending, fenced off from whoever had it.
create function stand_at(p_id bigint, p_sequence integer) returns text language sql as $$
  update pipelines p set status = 'pending', queue = j.queue, next_sequence = j.sequence, run_at = now(), epoch = p.epoch + 1,
    runner_id = null, hold_kind = null, wake_at = null, blocked_by = null, rescues = 0, error = null, completed_at = null
  from jobs j where p.id = p_id and j.pipeline_id = p_id and j.sequence = p_sequence
  returning p.status || left(pg_notify('pressmark', p.queue)::text, 0)
$$;

-- After the cursor moved: the question it left is void, and so is every form that still shows it.
create function void_question(p_id bigint) returns text language sql as $$
  update pipelines set hold_action = null, decision_rev = null, hold_rev = hold_rev + 1, assignee = null, assigned_until = null, due_at = null
  where id = p_id returning status
$$;

-- Ends an open pipeline for good. A running job is fenced off at once; its runner aborts it within a second or two.
create function cancel_pipeline(p_id bigint, p_actor text, p_reason text) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id);
begin
  if p.status in ('success', 'cancelled') then perform refuse(p, 'cancelled', 'only an open pipeline can be cancelled'); end if;
  update pipelines set status = 'cancelled', completed_at = now(), epoch = epoch + 1, runner_id = null, hold_kind = null, wake_at = null, blocked_by = null where id = p_id;
  if p.status = 'in_process' then update jobs set attempt = attempt + 1 where pipeline_id = p_id and sequence = p.next_sequence; end if;
  perform tell(p, 'cancelled', p_actor, jsonb_build_object('reason', p_reason, 'was', p.status));
  perform pg_notify('pressmark', 'cancel');
  return 'cancelled';
end $$;

-- A failed pipeline goes on at its failed job (at the first of its entwined group); a delayed one goes on now. Failures count anew.
create function requeue_pipeline(p_id bigint, p_actor text, p_reason text default null) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id); grp integer; first integer;
begin
  if p.status not in ('failed', 'delayed') then perform refuse(p, 'requeued', 'requeue takes failed and delayed pipelines; goto moves the others'); end if;
  select entwine into grp from jobs where pipeline_id = p_id and sequence = p.next_sequence;
  select coalesce(min(sequence), p.next_sequence) into first from jobs where pipeline_id = p_id and entwine = grp and status <> 'skipped';
  update jobs set status = 'waiting', failures = 0, tried_since = null, completed_at = null, result = null, error = null
  where pipeline_id = p_id and status <> 'skipped' and (sequence = p.next_sequence or entwine = grp);
  perform tell(p, 'requeued', p_actor, jsonb_build_object('reason', p_reason, 'was', p.status));
  return stand_at(p_id, first);
end $$;

-- Leaves out the job that the pipeline stands at.
create function skip_job(p_id bigint, p_actor text, p_reason text) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id); next integer;
begin
  if p.status not in ('failed', 'held', 'delayed', 'pending') then perform refuse(p, 'moved past its job', 'cancel a running pipeline, or wait for its job to end'); end if;
  update jobs set status = 'skipped', completed_at = now() where pipeline_id = p_id and sequence = p.next_sequence;
  perform tell(p, 'skipped', p_actor, jsonb_build_object('reason', p_reason, 'was', p.status));
  select min(sequence) into next from jobs where pipeline_id = p_id and sequence > p.next_sequence and status = 'waiting';
  if next is not null then
    perform stand_at(p_id, next);
  else
    update pipelines set status = 'success', completed_at = now(), epoch = epoch + 1, hold_kind = null, wake_at = null, blocked_by = null, error = null where id = p_id;
  end if;
  return void_question(p_id);
end $$;

-- Moves the cursor to a job, back or forth; that job and all after it run (again), what is passed over is skipped. Old forms are void: hold_rev moves on.
create function goto_job(p_id bigint, p_sequence integer, p_actor text, p_reason text) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id);
begin
  if p.status in ('in_process', 'success', 'cancelled') then perform refuse(p, 'moved', 'only an open pipeline whose job is not running can be moved'); end if;
  if not exists (select from jobs where pipeline_id = p_id and sequence = p_sequence) then
    raise exception 'pipeline % has no job %', p_id, p_sequence using errcode = 'PM404', hint = 'run-jobs show lists its jobs';
  end if;
  update jobs set status = 'waiting', failures = 0, tried_since = null, completed_at = null, result = null, error = null
  where pipeline_id = p_id and sequence >= p_sequence;
  update jobs set status = 'skipped', completed_at = now()
  where pipeline_id = p_id and sequence >= p.next_sequence and sequence < p_sequence and status in ('waiting', 'failed');
  perform tell(p, 'goto', p_actor, jsonb_build_object('reason', p_reason, 'was', p.status, 'to', p_sequence));
  perform stand_at(p_id, p_sequence);
  return void_question(p_id);
end $$;

-- The held job looks again now; its question stays open.
create function wake_pipeline(p_id bigint, p_actor text) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id);
begin
  if p.status <> 'held' then perform refuse(p, 'woken', 'only a held pipeline can be woken'); end if;
  if p.hold_action = 'runner_died' then perform refuse(p, 'woken', 'its runner died: decide retry or cancel'); end if;
  perform tell(p, 'woken', p_actor, '{}');
  return stand_at(p_id, p.next_sequence);
end $$;

-- Answers the question hold_rev of a pipeline, once: it is accepted while the job is held or looks again after a wake. The same job
-- runs again with the decision in hand. Of two answers exactly one is taken, the other is refused with PM409.
create function decide(p_id bigint, p_hold_rev integer, p_verb text, p_params jsonb, p_comment text, p_actor text, p_via text) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id); held_queue text;
begin
  if p.decision_rev = p_hold_rev or exists (select from decisions where pipeline_id = p_id and hold_rev = p_hold_rev) then
    raise exception 'question % of pipeline % has been answered already', p_hold_rev, p_id using errcode = 'PM409',
      hint = (select format('%s decided %s', actor, verb) from decisions where pipeline_id = p_id and hold_rev = p_hold_rev);
  end if;
  if p.hold_action is null or p.status not in ('held', 'pending', 'delayed', 'in_process') then
    raise exception 'pipeline % asks nothing: it is %', p_id, p.status using errcode = 'PM409', hint = 'holding-pen list shows what does';
  end if;
  if p.hold_rev <> p_hold_rev then
    raise exception 'question % of pipeline % is out of date: it now asks question % (%)', p_hold_rev, p_id, p.hold_rev, p.hold_action
      using errcode = 'PM409', hint = 'look at it again, then decide';
  end if;
  if p.assignee is not null and p.assignee <> p_actor and p.assigned_until > now() then
    raise exception 'pipeline % is claimed by % until %', p_id, p.assignee, p.assigned_until using errcode = 'PM409', hint = 'wait, or have it released';
  end if;
  insert into decisions (pipeline_id, hold_rev, verb, params, comment, actor, via)
  values (p_id, p_hold_rev, p_verb, coalesce(p_params, '{}'), p_comment, p_actor, p_via);
  perform tell(p, 'decided', p_actor, jsonb_build_object('action', p.hold_action, 'hold_rev', p_hold_rev, 'verb', p_verb, 'params', nullif(p_params, '{}'), 'comment', p_comment));
  if p.hold_action = 'runner_died' then -- the engine's own question: an answer the job had in hand before stays in its hand
    if p_verb = 'cancel' then return cancel_pipeline(p_id, p_actor, coalesce(p_comment, 'its runner died again and again')); end if;
    perform stand_at(p_id, p.next_sequence);
    update pipelines set hold_action = null where id = p_id;
    return 'pending';
  end if;
  update pipelines set decision_rev = p_hold_rev, assignee = null, assigned_until = null where id = p_id;
  if p.status = 'in_process' then return 'in_process'; end if; -- its runner will notice when it finishes
  return stand_at(p_id, p.next_sequence);
end $$;
