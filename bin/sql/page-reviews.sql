-- Shows every issue of page review: its folder, who has it, since when, what is still to be done there, and which ones stand.
--
-- When       to find folders that somebody deleted, renamed or forgot ("is not there").
-- Call       psql "$DATABASE_URL" -f bin/sql/page-reviews.sql
-- Changes    nothing.
\set ON_ERROR_STOP on
\set QUIET on

begin read only;
\echo 'Page reviews:'
select i.id as issue, i.human_name, p.id as pipeline, p.status,
  case when p.status = 'held' then p.hold_action end as asks,
  case when p.assignee is not null and p.assigned_until > now() then p.assignee end as "on the desk of",
  p.held_at::timestamptz(0) as "asked since", p.wake_at::timestamptz(0) as "looks again",
  coalesce(p.hold_payload ->> 'directory', i.location) as folder,
  case
    when p.id is null then 'no pipeline: bin/issues resume ' || i.id
    when p.status = 'failed' then 'failed: ' || coalesce(p.error ->> 'message', '') || ' (bin/issues resume ' || i.id || ')'
    else p.hold_message
  end as "what is to be done"
from newspapers.issues i
  left join pipelines p on p.object_type = 'issue' and p.object_id = i.id and p.status not in ('success', 'cancelled')
where not i.ignored
  and (i.workflow_step = 'AwaitingPageReview'
    or exists (select from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence and j.type = 'page_review'))
order by p.held_at nulls first, i.id;
commit;
