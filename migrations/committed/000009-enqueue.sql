--! Previous: sha1:9a62d90160276f1f7743aeb8aa3b731ad69185d3
--! Hash: sha1:4d46298609942b8ad0f6c5ea2e3b87ba888ce611
--! Message: enqueue

-- Enqueueing is a function.

-- Enqueues pipelines with their jobs, one or thousands, in the caller's transaction. A function, so that each connection plans it once:
-- planning takes longer than running it for one pipeline.
-- p_plans: [{ name, description, object_type, object_id, priority, jobs: [{ type, queue, args, maxAttempts, timeoutSeconds, entwine }] }]
-- Returns a row for each, in their order; not taken: its object has an open pipeline already, nothing was enqueued for it.
create or replace function enqueue_pipelines(p_plans jsonb, p_actor text)
returns table (id bigint, taken boolean, object_type text, object_id bigint) language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with plan as materialized (
    select x.*, nextval('pipelines_id_seq') as id
    from rows from (jsonb_to_recordset(p_plans) as (name text, description text, object_type text, object_id bigint, priority smallint, jobs jsonb)) with ordinality
      as x (name, description, object_type, object_id, priority, jobs, place)
    order by place
  ), pipeline as (
    insert into pipelines (id, name, description, object_type, object_id, priority, created_by, queue, next_sequence)
    overriding system value
    select id, name, description, object_type, object_id, priority, p_actor, jobs -> 0 ->> 'queue', 10 from plan
    order by object_type, object_id, place -- in one order, so that two that enqueue the same objects wait for each other, not both
    on conflict (object_type, object_id) where status not in ('success', 'cancelled') do nothing
    returning id, queue
  ), job as (
    insert into jobs (pipeline_id, sequence, type, queue, args, max_attempts, timeout, entwine)
    select plan.id, j.place * 10, j.type, j.queue, j.args, j."maxAttempts", interval '1 second' * j."timeoutSeconds", j.entwine -- spaced, so that siblings fit between
    from plan join pipeline using (id), rows from (jsonb_to_recordset(plan.jobs)
      as (type text, queue text, args jsonb, "maxAttempts" int, "timeoutSeconds" float8, entwine int)) with ordinality
      as j (type, queue, args, "maxAttempts", "timeoutSeconds", entwine, place)
  ), hint as (
    select pg_notify('pressmark', queue) from (select distinct queue from pipeline) q
  )
  select plan.id, pipeline.id is not null, plan.object_type, plan.object_id
  from plan left join pipeline using (id), (select count(*) from hint) told -- which makes it run
  order by plan.place;
end $$;
