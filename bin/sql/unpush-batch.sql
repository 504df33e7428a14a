-- Tells how a batch is taken back from the sites. Refuses to do it: files and both sites are touched, which SQL cannot do safely.
--
-- When       a live batch turns out to be wrong. (In NCA this was done by SQL, by moving directories and by purging by hand; a step
--            that was forgotten left the site and the database at odds.)
-- Call       psql "$DATABASE_URL" -v batch=SlateSealNearFerns -f bin/sql/unpush-batch.sql
-- Variables  batch   name or full name of the batch
-- Changes    nothing: shows how the batch stands, then ends with the command that is right for it (exit code 3).
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?batch}
\else
  do $$ begin raise exception 'batch is missing' using hint = 'call it with -v batch=NAME, as bin/batches list shows it'; end $$;
\endif

begin read only;
select b.full_name, b.status, o.code as org, b.went_live_at::timestamptz(0), b.archived_at::timestamptz(0),
  (select count(*) from newspapers.issues i where i.batch_id = b.id) as issues, p.id as pipeline, p.name, p.status as "pipeline is", p.hold_action as asks
from newspapers.batches b join newspapers.orgs o on o.id = b.org_id
  left join pipelines p on p.object_type = 'batch' and p.object_id = b.id and p.status not in ('success', 'cancelled')
where :'batch' in (b.name, b.full_name) order by b.id;
select set_config('pressmark.batch', :'batch', true) \g /dev/null

do $$
declare
  b newspapers.batches;
  p pipelines;
begin
  select * into b from newspapers.batches where current_setting('pressmark.batch') in (name, full_name) order by version desc, id desc limit 1;
  if not found then
    raise exception 'there is no batch %', current_setting('pressmark.batch') using errcode = 'PM404', hint = 'bin/batches list shows them';
  end if;
  select * into p from pipelines where object_type = 'batch' and object_id = b.id and status not in ('success', 'cancelled');
  if p.status in ('failed', 'delayed') then
    raise exception 'the work on batch % stands: pipeline % (%) is %', b.full_name, p.id, p.name, p.status using errcode = 'PM409',
      hint = format('mend the cause, then: bin/run-jobs requeue %s --reason WHY', p.id);
  elsif b.status = 'live' and (p.id is null or p.status = 'held') then
    raise exception 'batch % is live: SQL does not take it back', b.full_name using errcode = 'PM409',
      hint = format('bin/batches unpush %s --reason WHY --dry-run shows what will be done, without --dry-run does it: off both sites, its live copy deleted, its issues ready for another batch. Then put right what was wrong (bin/issues finalize-again KEY... --org CODE writes METS anew; bin/titles set LCCN --org CODE is for issues to come) and run bin/queue-batches --redo', b.full_name);
  elsif b.status in ('live_archived', 'live_done') then
    raise exception 'batch % is in the dark archive already: it cannot be taken back as a whole', b.full_name using errcode = 'PM409',
      hint = format('bin/batches patch %s --remove KEY --reason WHY takes single issues out', b.full_name);
  elsif b.status in ('qc_ready', 'qc_flagging') then
    raise exception 'batch % is not live: it waits for people', b.full_name using errcode = 'PM409',
      hint = format('bin/batches reject %s --reason WHY, or, once rejected, bin/batches undo %s', b.full_name, b.full_name);
  elsif b.status = 'deleted' then
    raise exception 'batch % is not live: it was deleted', b.full_name using errcode = 'PM409', hint = format('bin/batches show %s', b.full_name);
  else
    raise exception 'batch % is being worked on: %', b.full_name, case when p.id is null then 'but it has no open pipeline' else format('pipeline %s (%s) is %s', p.id, p.name, p.status) end
      using errcode = 'PM409', hint = format('let it end; bin/batches show %s tells the story, bin/batches resume %s carries on what was stopped', b.full_name, b.full_name);
  end if;
end $$;
commit;
