--! Previous: sha1:9baac371422c6f574b6da78939f231cec0636973
--! Hash: sha1:5edd4787b85bcb4ae94f5db538c62104209236a2
--! Message: uploads

-- Uploads: where an issue came from, duplicates that somebody let in on purpose, and the clock of upload areas that cannot
-- be written (newspapers spec 5.4.3, 5.4.4, W27, W31).

alter table newspapers.issues add column if not exists upload_location text check (upload_location like '/%');
alter table newspapers.issues add column if not exists duplicate_reason text check (duplicate_reason <> '');
comment on column newspapers.issues.upload_location is 'Directory of the upload area that it was queued from; location moves on, this stays.';
comment on column newspapers.issues.duplicate_reason is 'Why somebody let it in although that title, date and edition was here already; null: it was the first.';
update newspapers.issues i set upload_location = (
  select e.detail ->> 'location' from public.events e
  where e.object_type = 'issue' and e.object_id = i.id and e.kind = 'issue_created' order by e.id limit 1)
where i.upload_location is null;

-- One issue in the workflow per title, day and edition, but for those let in with a reason.
drop index if exists newspapers.issues_one_per_edition;
create unique index issues_one_per_edition on newspapers.issues (title_id, date, edition) where not ignored and duplicate_reason is null;
-- Two at once cannot let in the same upload twice.
drop index if exists newspapers.issues_duplicate_once;
create unique index issues_duplicate_once on newspapers.issues (location) where not ignored and duplicate_reason is not null;

create table if not exists newspapers.upload_clocks (
  directory text primary key,
  fingerprint text not null,
  since timestamptz not null,
  seen_at timestamptz not null
);
comment on table newspapers.upload_clocks is 'Since when uploads are as they are, where their area cannot be written: elsewhere .manifest files say it.';
comment on column newspapers.upload_clocks.fingerprint is 'SHA-256 of the names, sizes, modes and times of its files.';
