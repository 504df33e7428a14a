--! Previous: sha1:5edd4787b85bcb4ae94f5db538c62104209236a2
--! Hash: sha1:5c80114eb9cb596ca67fa5bab0112df6e57b8bf3
--! Message: people

-- People: who claimed, assigned or snoozed a question of the holding pen, and through which program a change came
-- (newspapers spec 1.9 and 9, holding-pen spec 3 and 9).

-- Which program wrote an event: "holding-pen", "run-jobs", "psql". The column comes first, so that old rows keep none.
alter table events add column if not exists via text;
alter table events alter column via set default nullif(current_setting('application_name'), '');
comment on column events.via is 'Program that wrote it, as it calls itself to PostgreSQL; with --as also the login that called it: "holding-pen (root)".';

alter table users drop constraint if exists users_login_is_one;
alter table users add constraint users_login_is_one
  check (login ~ '^[^[:space:][:cntrl:],]{1,100}$' and login not in ('engine', 'me', 'none'));
alter table users drop constraint if exists users_name_not_blank;
alter table users add constraint users_name_not_blank check (name ~ '[^[:space:]]');
comment on table users is 'Who may decide and change things. As long as none is active, everybody may.';
comment on column users.roles is 'Words of the domain''s roles, sorted, none twice; one that holds all others stands alone.';

alter table pipelines add column if not exists snoozed_until timestamptz;
alter table pipelines add column if not exists snoozed_rev integer;
alter table pipelines add column if not exists snooze_reason text;
comment on column pipelines.assignee is 'Whose desk the question is on; counts while assigned_until lies ahead.';
comment on column pipelines.snoozed_rev is 'hold_rev that was snoozed: the next question is not.';

-- The question of a pipeline as it can be claimed or put off now: open, and not answered while its job looks again.
create or replace function asking_pipeline(p_id bigint) returns pipelines language plpgsql as $$
declare p pipelines := locked_pipeline(p_id);
begin
  if p.hold_action is null or p.status not in ('held', 'pending', 'delayed', 'in_process') then
    raise exception 'pipeline % asks nothing: it is %', p_id, p.status using errcode = 'PM409', hint = 'holding-pen list shows what does';
  end if;
  if p.decision_rev = p.hold_rev or exists (select from decisions d where d.pipeline_id = p_id and d.hold_rev = p.hold_rev) then
    raise exception 'question % of pipeline % has been answered already', p.hold_rev, p_id using errcode = 'PM409',
      hint = coalesce((select format('%s decided %s', d.actor, d.verb) from decisions d where d.pipeline_id = p_id and d.hold_rev = p.hold_rev), 'look at it again');
  end if;
  return p;
end $$;

-- Whether the claim of a pipeline counts: the database's clock decides, at this moment (a transaction may be old).
create or replace function claim_counts(p pipelines) returns boolean language sql volatile as $$
  select p.assignee is not null and coalesce(p.assigned_until > clock_timestamp(), false)
$$;

-- Puts a question on the actor's desk. One's own claim is renewed; somebody else's is taken over once it has expired. Of two at once exactly one wins.
create or replace function claim_pipeline(p_id bigint, p_actor text, p_for interval default '7 days') returns text language plpgsql as $$
declare p pipelines := asking_pipeline(p_id);
begin
  if claim_counts(p) and p.assignee <> p_actor then
    raise exception 'pipeline % is claimed by % until %', p_id, p.assignee, to_char(p.assigned_until, 'YYYY-MM-DD HH24:MI') using errcode = 'PM409',
      hint = 'wait, or have it released';
  end if;
  update pipelines set assignee = p_actor, assigned_until = clock_timestamp() + p_for where id = p_id;
  perform tell(p, 'claimed', p_actor, jsonb_build_object('hold_rev', p.hold_rev, 'taken_over_from', nullif(p.assignee, p_actor)));
  return p_actor;
end $$;

-- Takes a question off its desk. Somebody else's claim only while it counts no more, or with p_others (who assigns work may).
create or replace function release_pipeline(p_id bigint, p_actor text, p_others boolean default false) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id);
begin
  if p.assignee is null then
    raise exception 'pipeline % is claimed by nobody', p_id using errcode = 'PM409', hint = 'there is nothing to release';
  end if;
  if claim_counts(p) and p.assignee <> p_actor and not p_others then
    raise exception 'pipeline % is claimed by % until %', p_id, p.assignee, to_char(p.assigned_until, 'YYYY-MM-DD HH24:MI') using errcode = 'PM409',
      hint = 'only its owner or somebody who may assign work releases it';
  end if;
  update pipelines set assignee = null, assigned_until = null where id = p_id;
  perform tell(p, 'released', p_actor, jsonb_build_object('hold_rev', p.hold_rev, 'from', nullif(p.assignee, p_actor)));
  return 'released';
end $$;

-- Puts a question on somebody's desk, whoever had it before.
create or replace function assign_pipeline(p_id bigint, p_to text, p_actor text, p_for interval default '7 days') returns text language plpgsql as $$
declare p pipelines := asking_pipeline(p_id);
begin
  if exists (select from users where deactivated_at is null) and not exists (select from users where login = p_to and deactivated_at is null) then
    raise exception 'pipeline % cannot be assigned to %: there is no active user of that login', p_id, p_to using errcode = 'PM404', hint = 'users list shows them';
  end if;
  update pipelines set assignee = p_to, assigned_until = clock_timestamp() + p_for where id = p_id;
  perform tell(p, 'assigned', p_actor, jsonb_build_object('hold_rev', p.hold_rev, 'to', p_to, 'from', p.assignee));
  return p_to;
end $$;

-- Hides what is held from the list until a time; its job goes on looking again by itself, and its next question is not hidden. A null time shows it again.
create or replace function snooze_pipeline(p_id bigint, p_actor text, p_until timestamptz, p_reason text) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id);
begin
  if p.status <> 'held' and (p.hold_action is null or p.status not in ('pending', 'delayed', 'in_process')) then
    perform refuse(p, 'snoozed', 'only what is held can be; requeue or cancel what failed');
  end if;
  if p_until <= clock_timestamp() then
    raise exception 'pipeline % cannot be snoozed until %: that is past', p_id, to_char(p_until, 'YYYY-MM-DD HH24:MI') using errcode = 'PM409', hint = 'name a time to come';
  end if;
  if p_until is not null and coalesce(trim(p_reason), '') = '' then
    raise exception 'pipeline % cannot be snoozed without a reason', p_id using errcode = 'PM409', hint = 'say what it waits for';
  end if;
  update pipelines set snoozed_until = p_until, snoozed_rev = case when p_until is not null then p.hold_rev end,
    snooze_reason = case when p_until is not null then p_reason end where id = p_id;
  perform tell(p, case when p_until is null then 'unsnoozed' else 'snoozed' end, p_actor,
    jsonb_build_object('hold_rev', p.hold_rev, 'until', p_until, 'reason', p_reason));
  return case when p_until is null then 'shown' else 'snoozed' end;
end $$;
