--! Previous: sha1:574c3b847c6bd1e366c80825ac9e9306d08d6585
--! Hash: sha1:9baac371422c6f574b6da78939f231cec0636973
--! Message: rescue-only-the-dead

-- Work of dead runners goes back to pending, fenced off by a new epoch. Dead: said goodbye, beat too long ago, or named by the caller,
-- who saw on its own host that the process is gone. After three rescues at the same job a person must look.
create or replace function rescue_pipelines(p_lease interval, p_dead bigint[] default '{}') returns bigint language sql as $$
  with gone as (
    select p.id, p.next_sequence, p.runner_id, p.rescues >= 3 as hopeless
    from pipelines p left join runners r on r.id = p.runner_id
    where p.status = 'in_process'
      and (r.id is null or r.stopped_at is not null or r.heartbeat_at < now() - p_lease or r.id = any (p_dead))
      -- Read as of the statement's start. Without it a row that meanwhile was rescued and claimed anew would be joined to no runner at all,
      -- and taken from a living one (PostgreSQL looks at the changed row again, but not at the other table).
      and p.epoch = (select c.epoch from pipelines c where c.id = p.id)
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
