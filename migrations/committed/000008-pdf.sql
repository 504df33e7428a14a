--! Previous: sha1:afc6e01580475ef6f5f3e2a8c4dda00cad592c67
--! Hash: sha1:9a62d90160276f1f7743aeb8aa3b731ad69185d3
--! Message: pdf

-- PDF/A of page files, recorded page by page (newspapers spec W13).

create table newspapers.page_conformance (
  issue_id bigint not null references newspapers.issues (id) on delete cascade,
  sha256 bytea not null check (length(sha256) = 32),
  conformance text not null check (conformance in ('unvalidated', 'validated', 'failed')),
  judged_at timestamptz not null default now(),
  -- Also leads to all pages of an issue; two pages may be the same file.
  primary key (issue_id, sha256)
);
comment on table newspapers.page_conformance is
  'What is known of page files that PDF/A-2b was asked for (setting PDF_A). A file without a row: not asked. By its sum, so that people may rename and reorder pages.';
comment on column newspapers.page_conformance.conformance is
  'validated: veraPDF found it to be PDF/A-2b. unvalidated: it says so, and no validator was there. failed: it is a plain PDF, because the conversion failed or would have changed the page.';
