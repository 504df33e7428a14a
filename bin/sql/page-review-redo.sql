-- Has the original upload of an issue in page review split again into its folder: answers the question with "redo".
--
-- When       the folder was deleted or spoilt by hand, and the original is in the backup area.
-- Call       psql "$DATABASE_URL" -v issue=7 -v reason='folder deleted by mistake' -f bin/sql/page-review-redo.sql
-- Variables  issue   number of the issue, as bin/sql/page-reviews.sql shows it
--            reason  why; kept with the answer
--            actor   who does it (else the database user)
-- Changes    the question is answered; a daemon does the rest. No file is touched here.
-- Refuses    an issue that does not ask for its page review (or for what to do about an error found there), has no original upload
--            in the backup area, or is claimed by somebody (bin/sql/release-claim.sql).
-- Else       bin/holding-pen decide PIPELINE redo does the same.
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
      hint = format('bin/issues show %s tells how it stands; bin/issues resume %s lets it go on', i.id, i.id);
  end if;
  if i.backup_location is null then
    raise exception 'issue % (%) has no original upload in the backup area to split again', i.id, i.human_name using errcode = 'PM409',
      hint = 'put its folder back, or have it removed: bin/sql/page-review-remove.sql';
  end if;
  perform decide(p.id, p.hold_rev, 'redo', '{}', current_setting('pressmark.reason'), current_setting('pressmark.actor'), 'psql');
end $$;

select i.id as issue, i.human_name, p.id as pipeline, d.verb as answered, d.actor as "by", p.status, i.backup_location as "splits again"
from newspapers.issues i
  join pipelines p on p.object_type = 'issue' and p.object_id = i.id and p.status not in ('success', 'cancelled')
  join decisions d on d.pipeline_id = p.id and d.hold_rev = p.hold_rev
where i.id = :'issue'::bigint;
commit;
