--! Previous: sha1:4d46298609942b8ad0f6c5ea2e3b87ba888ce611
--! Hash: sha1:8071255eac3ad4c9fa334aa88ad3e87210f11b2d
--! Message: metadata

-- Metadata: who entered, approved and rejected it, and what somebody has begun to enter (newspapers spec 1.4, 9).
alter table newspapers.issues add column metadata_entered_by text check (metadata_entered_by <> '');
alter table newspapers.issues add column metadata_entered_at timestamptz;
alter table newspapers.issues add column reviewed_by text check (reviewed_by <> '');
alter table newspapers.issues add column metadata_approved_at timestamptz;
alter table newspapers.issues add column rejected_by text check (rejected_by <> '');
alter table newspapers.issues add column draft_comment text check (draft_comment <> '');
alter table newspapers.issues add column metadata_draft jsonb check (jsonb_typeof(metadata_draft) = 'object');

comment on column newspapers.issues.metadata_entered_by is 'Login of who submitted the metadata last: somebody else reviews it. NCA: metadata_entry_user_id.';
comment on column newspapers.issues.reviewed_by is 'Login of who approved it; null since it was submitted anew.';
comment on column newspapers.issues.metadata_approved_at is 'From here an issue that waits for a batch is counted as stale.';
comment on column newspapers.issues.rejected_by is 'Login of the last reviewer who rejected the metadata: submitted again, it comes to that desk. Never cleared.';
comment on column newspapers.issues.draft_comment is 'What the curator wants to say to the reviewer; null once it is submitted.';
comment on column newspapers.issues.metadata_draft is 'What was typed but not submitted yet, by the names of the fields; nothing in it is checked. Null once it is submitted.';
