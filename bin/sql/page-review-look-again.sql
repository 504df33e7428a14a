-- Has the folders of page review looked at now, instead of at their next time. Questions stay open.
--
-- When       a disk that was away is mounted again, or folders that were deleted have been put back.
-- Call       psql "$DATABASE_URL" -f bin/sql/page-review-look-again.sql
--            psql "$DATABASE_URL" -v issue=7 -f bin/sql/page-review-look-again.sql
-- Variables  issue   number of one issue, as bin/sql/page-reviews.sql shows it (else all)
--            actor   who does it (else the database user)
-- Changes    held page reviews become pending: a daemon looks at each.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?issue}
\else
  \set issue ''
\endif
\if :{?actor}
\else
  select current_user as actor \gset
\endif

begin;
set local lock_timeout = '10s';
with asking as materialized (
  select p.id, p.object_id, p.hold_payload ->> 'directory' as folder, p.hold_message from pipelines p
  where p.status = 'held' and p.hold_action = 'page_review' and (:'issue' = '' or p.object_type = 'issue' and p.object_id = nullif(:'issue', '')::bigint)
  order by p.id for update
)
select a.object_id as issue, i.human_name, a.id as pipeline, a.folder, left(a.hold_message, 80) as "said last", wake_pipeline(a.id, :'actor') as "now"
from asking a left join newspapers.issues i on i.id = a.object_id;
commit;
