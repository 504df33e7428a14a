--! Previous: sha1:5c80114eb9cb596ca67fa5bab0112df6e57b8bf3
--! Hash: sha1:98fb3134635cf6fc75985dba6cd831bcd3712f42
--! Message: locks

-- Locks and progress for those who have no Redis (design 7).

-- A row is a held lock. Not session advisory locks: those tie up a connection each, mean nothing behind a pooler that shares
-- connections by transaction, are kept by a dead TCP connection for as long as nobody notices, and tell neither who holds them nor since when.
create table if not exists locks (
  key bytea primary key,
  name text not null,
  token uuid not null,
  holder jsonb not null,
  fence bigint not null,
  taken_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
comment on table locks is 'Held locks, when no REDIS_URL is set. One past its expiry may be taken by anybody. Deleting a row takes the lock from its holder, who notices.';
comment on column locks.key is 'SHA-256 of the name: names are paths, longer than an index entry may be.';
comment on column locks.fence is 'Larger than that of every earlier holder of this name.';

create sequence if not exists lock_fences;

alter table progress add column if not exists expires_at timestamptz not null default now() + interval '1 hour';
comment on column progress.expires_at is 'Progress that its job did not repeat by then means nothing: its runner died.';
