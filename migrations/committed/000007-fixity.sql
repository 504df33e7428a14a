--! Previous: sha1:98fb3134635cf6fc75985dba6cd831bcd3712f42
--! Hash: sha1:afc6e01580475ef6f5f3e2a8c4dda00cad592c67
--! Message: fixity

-- Fixity: which files an object is made of, where they lie, and their SHA-256 sums (design 5; newspapers spec W17).
-- The sums are taken at intake and when something new lands, and are checked at every move.

create table file_sets (
  id bigint generated always as identity primary key,
  object_type text not null,
  object_id bigint not null,
  role text not null check (role ~ '^[a-z]+$'),
  directory text not null check (directory like '/%'),
  -- Leads a move, a check of one object and the walk over all objects of a type.
  unique (object_type, object_id, role)
);
comment on table file_sets is 'The files of an object that lie together, e.g. the original upload of an issue (role original), its pages, its derivatives.';
comment on column file_sets.directory is 'Where they lie now; every move writes it. Exact while no job is at work on the object.';

create table files (
  set_id bigint not null references file_sets (id) on delete cascade,
  path text collate "C" not null check (path <> ''), -- bytes compared: NFC and NFD twins are two files
  size bigint not null check (size >= 0),
  sha256 bytea not null check (length(sha256) = 32),
  recorded_at timestamptz not null default now(),
  pipeline_id bigint, -- no foreign key: the record outlives the archived pipeline, and 100,000 rows need no second index
  -- The only index: files are always read and written as a set.
  primary key (set_id, path)
);
comment on table files is 'Each file of a set as it must be.';
comment on column files.path is 'Below the directory of the set.';
comment on column files.pipeline_id is 'The pipeline that took the sum; null when a person accepted the file.';
