-- Shows who holds which lock: Pressmark's own (on uploads, issues, watchers), and statements of PostgreSQL that wait for others.
--
-- When       jobs are tried later "because of a lock", or a program does not come back.
-- Call       psql "$DATABASE_URL" -f bin/sql/locks-held.sql
-- Changes    nothing.
-- Note       with REDIS_URL set Pressmark's own locks are in Redis. One whose time is over may be taken by anybody: nothing need be
--            done. To take one away: delete from locks where name = '...'; its holder notices and stops.
\set ON_ERROR_STOP on
\set QUIET on

begin read only;
\echo 'Locks of Pressmark:'
select l.name, l.holder, l.taken_at::timestamptz(0) as since,
  case when l.expires_at < now() then 'over' else round(extract(epoch from l.expires_at - now()))::text end as "renewed, left (s)"
from locks l order by l.taken_at;

\echo 'Statements that wait:'
select w.pid, w.usename as "user", w.application_name as program, date_trunc('second', now() - w.query_start) as "waits for",
  w.wait_event_type || ': ' || w.wait_event as "on", left(w.query, 60) as statement,
  b.pid as "held by pid", b.usename as "of user", b.application_name as "in program", b.state, date_trunc('second', now() - b.xact_start) as "open for"
from pg_stat_activity w, lateral unnest(pg_blocking_pids(w.pid)) blocking (pid) join pg_stat_activity b on b.pid = blocking.pid
where w.datname = current_database() order by w.query_start;

\echo 'Advisory locks:'
select l.pid, a.usename as "user", a.application_name as program, l.objid as number, case when l.objid = 773776275 then 'migrating the database' end as what, l.granted
from pg_locks l left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database());
commit;
