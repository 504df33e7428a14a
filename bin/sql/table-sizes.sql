-- Shows how big tables and indexes are, how much of them is dead, and what keeps PostgreSQL from clearing the dead away.
--
-- When       the disk fills, or claims become slow.
-- Call       psql "$DATABASE_URL" -f bin/sql/table-sizes.sql
-- Changes    nothing.
-- Note       run it as the owner or a superuser, or as a member of pg_monitor: others do not see whose transactions are old.
--            Dead rows that stay for long: end the oldest transaction (select pg_terminate_backend(PID)), drop a replication slot
--            that nobody reads, or commit or roll back a prepared transaction. Then: vacuum (verbose, analyze) pipelines.
\set ON_ERROR_STOP on
\set QUIET on

begin read only;
\echo 'Tables:'
select s.schemaname || '.' || s.relname as "table", pg_size_pretty(pg_total_relation_size(s.relid)) as "all",
  pg_size_pretty(pg_relation_size(s.relid)) as rows_only, pg_size_pretty(pg_indexes_size(s.relid)) as indexes,
  s.n_live_tup as live, s.n_dead_tup as dead, round(100.0 * s.n_dead_tup / nullif(s.n_live_tup + s.n_dead_tup, 0), 1) as "dead %",
  round(100.0 * s.n_tup_hot_upd / nullif(s.n_tup_upd, 0), 1) as "hot %",
  s.last_autovacuum::timestamptz(0) as "last autovacuum", s.last_autoanalyze::timestamptz(0) as "last autoanalyze"
from pg_stat_user_tables s order by pg_total_relation_size(s.relid) desc;

\echo 'Largest indexes:'
select s.schemaname || '.' || s.indexrelname as "index", s.relname as "table", pg_size_pretty(pg_relation_size(s.indexrelid)) as size, s.idx_scan as scans
from pg_stat_user_indexes s order by pg_relation_size(s.indexrelid) desc, 1 limit 20;

\echo 'Being vacuumed now:'
select v.pid, v.relid::regclass as "table", v.phase, round(100.0 * v.heap_blks_scanned / nullif(v.heap_blks_total, 0)) as "scanned %"
from pg_stat_progress_vacuum v where v.datname = current_database();

\echo 'What vacuum has to wait for, oldest first:'
select * from (
  select 'transaction' as what, format('pid %s, %s, %s, %s', a.pid, a.usename, nullif(a.application_name, ''), a.state) as who,
    date_trunc('second', now() - a.xact_start) as "open for", greatest(age(a.backend_xmin), age(a.backend_xid)) as "transactions behind"
  from pg_stat_activity a
  where (a.backend_xmin is not null or a.backend_xid is not null) and a.pid <> pg_backend_pid() and a.backend_type <> 'autovacuum worker'
    and (a.datname = current_database() or a.datname is null)
  union all
  select 'prepared transaction', format('%s of %s', x.gid, x.owner), date_trunc('second', now() - x.prepared), age(x.transaction)
  from pg_prepared_xacts x where x.database = current_database()
  union all
  select 'replication slot', format('%s, %s', s.slot_name, case when s.active then 'read' else 'not read' end), null, greatest(age(s.xmin), age(s.catalog_xmin))
  from pg_replication_slots s where s.xmin is not null or s.catalog_xmin is not null
) holds order by "transactions behind" desc nulls last, "open for" desc nulls last limit 10;
commit;
