--! Previous: sha1:733e5b9eb57b886f01dbf7fa86a48de7180ed568
--! Hash: sha1:70777fc184b9e1ae9a0098c8d23d5d628ac67182
--! Message: oni

-- The ONI agents and the public site: what agents were asked, whose host keys are trusted, what is live (newspapers spec
-- 5.6, 8.3 to 8.5, W24, W28).


create table newspapers.agent_host_keys (
  agent text primary key check (agent ~ '^[^[:space:]]+:[0-9]+$'),
  fingerprint text not null check (fingerprint ~ '^SHA256:[A-Za-z0-9+/]{43}$'),
  first_seen_at timestamptz not null default now()
);
comment on table newspapers.agent_host_keys is 'Keys that agents showed when they were first spoken to under AGENT_TRUST_ON_FIRST_USE. Delete a row to trust anew.';
comment on column newspapers.agent_host_keys.agent is 'host:port';

create table newspapers.agent_jobs (
  id bigint generated always as identity primary key,
  batch_id bigint not null references newspapers.batches (id) on delete cascade,
  site text not null check (site in ('staging', 'production')),
  action text not null check (action in ('load', 'purge')),
  agent text not null,
  pipeline_id bigint not null,
  status text not null default 'asking' check (status in ('asking', 'queued', 'successful', 'failed', 'lost', 'superseded')),
  jobs_before jsonb not null default '[]',
  job_id bigint,
  job_name text,
  job_queued text,
  asked_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint agent_jobs_queued_has_job check (status <> 'queued' or job_id is not null)
);
comment on table newspapers.agent_jobs is 'What ONI agents were asked to do with batches. An agent counts its jobs from 1 at each start: job_id alone means nothing.';
comment on column newspapers.agent_jobs.agent is 'host:port';
comment on column newspapers.agent_jobs.status is 'asking: the command may have been sent or not; queued: the agent gave job_id; lost: the agent does not know that job any more; superseded: asked anew by another pipeline.';
comment on column newspapers.agent_jobs.jobs_before is 'The agent''s jobs about this batch just before it was asked: {id, queued} of each. What is there later and not among them is ours.';
comment on column newspapers.agent_jobs.job_id is '-1: the agent said that there is nothing to do.';
comment on column newspapers.agent_jobs.job_queued is 'When the agent queued it, in its own words: with job_name the job''s identity, told apart from one of the same number after a restart.';
create unique index agent_jobs_one_open on newspapers.agent_jobs (batch_id, site, action) where status in ('asking', 'queued');
create index agent_jobs_batch on newspapers.agent_jobs (batch_id, site, action, id);

create table newspapers.live_batches (
  url text primary key,
  name text not null,
  ingested text,
  problem text check (problem <> ''),
  read_at timestamptz not null default now()
);
comment on table newspapers.live_batches is 'Batches that the public site lists. Kept up to date by the watcher refresh_live_index.';
comment on column newspapers.live_batches.ingested is 'When the site says that it loaded it: when that changes it is read again.';
comment on column newspapers.live_batches.problem is 'Why its issues could not be read when it was last looked at; null: the index has all of them.';

create table newspapers.live_titles (
  url text primary key,
  lccn text not null,
  name text not null
);

create table newspapers.live_issues (
  batch_url text not null references newspapers.live_batches (url) on delete cascade,
  lccn text not null,
  date date not null,
  edition smallint not null check (edition between 1 and 99),
  url text not null,
  primary key (lccn, date, edition, batch_url)
);
create index live_issues_batch on newspapers.live_issues (batch_url);
