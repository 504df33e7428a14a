-- Takes an issue in page review out of the workflow: answers the question with "remove".
--
-- When       its folder was deleted by hand and cannot be put back, or must not go on. Many at once: bin/page-review-issue-fixer.
-- Call       psql "$DATABASE_URL" -v issue=7 -v reason='the publisher sends it anew' -f bin/sql/page-review-remove.sql
-- Variables  issue   number of the issue, as bin/sql/page-reviews.sql shows it
--            reason  why; kept with the answer
--            actor   who does it (else the database user)
-- Changes    the question is answered; a daemon moves what is there of it (pages, original upload, its story) to ERRORED_ISSUES_PATH, and
--            its key is free for another upload. No file is touched here.
-- Refuses    an issue that does not ask for its page review (or for what to do about an error found there), or is claimed by somebody
--            (bin/sql/release-claim.sql).
-- Else       bin/holding-pen decide PIPELINE remove does the same.
\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?issue}
\else
  do $$ begin raise exception 'issue is missing' using hint = 'call it with -v issue=7, the number that bin/sql/page-reviews.sql shows'; end $$;
\endif
\if :{?reason}
\else
  do $$ begin raise exception 'reason is missing' using hint = 'call it with -v reason=''why'''; end $$;
\endif
\if :{?actor}
\else
  select current_user as actor \gset
\endif

begin;
set local lock_timeout = '10s';
select set_config('pressmark.issue', :'issue'::bigint::text, true), set_config('pressmark.actor', :'actor', true),
  set_config('pressmark.reason', :'reason', true) \g /dev/null

do $$
declare
  i newspapers.issues;
  p pipelines;
begin
  select * into i from newspapers.issues where id = current_setting('pressmark.issue')::bigint;
  if not found then
    raise exception 'there is no issue %', current_setting('pressmark.issue') using errcode = 'PM404', hint = 'bin/sql/page-reviews.sql lists those in page review';
  end if;
  select * into p from pipelines where object_type = 'issue' and object_id = i.id and status not in ('success', 'cancelled') for update;
  if coalesce(p.hold_action, '') not in ('page_review', 'unfixable_error') or p.status = 'failed' then
    raise exception 'issue % (%) does not ask for its page review: %', i.id, i.human_name,
      case when p.id is null then 'it has no open pipeline' else format('its pipeline %s (%s) is %s', p.id, p.name, p.status) end using errcode = 'PM409',
      hint = format('bin/issues show %s tells how it stands; bin/remove-dead-issues removes what failed for good', i.id);
  end if;
  perform decide(p.id, p.hold_rev, 'remove', '{}', current_setting('pressmark.reason'), current_setting('pressmark.actor'), 'psql');
end $$;

select i.id as issue, i.human_name, p.id as pipeline, d.verb as answered, d.actor as "by", p.status, i.location as folder, i.backup_location as "original upload"
from newspapers.issues i
  join pipelines p on p.object_type = 'issue' and p.object_id = i.id and p.status not in ('success', 'cancelled')
  join decisions d on d.pipeline_id = p.id and d.hold_rev = p.hold_rev
where i.id = :'issue'::bigint;
commit;
