--! Previous: sha1:56b40282df2b05864dc8c20d5cad00e8d109e73a
--! Hash: sha1:b2ab392c7aaeea256649b28c1ca2eb925fb3c090
--! Message: requeue

-- A pipeline whose job row was deleted by hand has nothing to go on with: who requeues it is told so, psql as the programs.
create or replace function requeue_pipeline(p_id bigint, p_actor text, p_reason text default null) returns text language plpgsql as $$
declare p pipelines := locked_pipeline(p_id); grp integer; first integer;
begin
  if p.status not in ('failed', 'delayed') then perform refuse(p, 'requeued', 'requeue takes failed and delayed pipelines; goto moves the others'); end if;
  select entwine into grp from jobs where pipeline_id = p_id and sequence = p.next_sequence;
  if not found then
    raise exception 'pipeline % points at a job that does not exist; its row was deleted by hand', p_id
      using errcode = 'PM409', hint = 'cancel the pipeline, or goto another job';
  end if;
  select coalesce(min(sequence), p.next_sequence) into first from jobs where pipeline_id = p_id and entwine = grp and status <> 'skipped';
  update jobs set status = 'waiting', failures = 0, tried_since = null, completed_at = null, result = null, error = null
  where pipeline_id = p_id and status <> 'skipped' and (sequence = p.next_sequence or entwine = grp);
  perform tell(p, 'requeued', p_actor, jsonb_build_object('reason', p_reason, 'was', p.status));
  return stand_at(p_id, first);
end $$;
