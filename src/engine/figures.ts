/** What the database says of the engine, in figures for machines: by index, bounded, whatever the tables hold. */
import type pg from 'pg';
import type { Queue } from './job.js';

export interface Figures {
  queues: {
    queue: Queue;
    /** Counted up to `COUNTED`. */
    pending: number;
    /** Seconds that the longest waiting of the next `LOOKED_AT` has waited for a runner; 0: nothing waits. */
    oldest_seconds: number;
  }[];
  /** Counted up to `COUNTED` each. */
  standing: { status: 'in_process' | 'delayed' | 'failed'; pipelines: number }[];
  /** Held pipelines by question; those that only wait, for a time or another pipeline, have none. */
  held: { action: string | null; pipelines: number; oldest_seconds: number }[];
  runners: { host: string; alive: number; silent: number; longest_silence_seconds: number }[];
  watchers: { name: string; failed: boolean; late_seconds: number }[];
  sessions: { lock_waits: number; longest_lock_wait_seconds: number; longest_transaction_seconds: number };
  /** PostgreSQL's own estimates. */
  tables: { name: string; rows: number; dead_rows: number }[];
}

const COUNTED = 100_000;
const LOOKED_AT = 10_000;

const FIGURES = `
  select
    (select json_agg(q) from (
      select queues.queue, depth.pending, greatest(age.oldest_seconds, 0) as oldest_seconds
      from unnest(array['io', 'cpu', 'fast', 'instant']) queues (queue)
      cross join lateral (
        select count(*) as pending from (
          select from pipelines p where p.status = 'pending' and p.queue = queues.queue limit ${COUNTED}) counted) depth
      cross join lateral (
        -- since it was due, or since its last job ended, when that was later
        select extract(epoch from now() - min(greatest(run_at, step_started_at)))::float8 as oldest_seconds from (
          select p.run_at, p.step_started_at from pipelines p
          where p.status = 'pending' and p.queue = queues.queue order by p.priority, p.run_at, p.id limit ${LOOKED_AT}) next) age
    ) q) as queues,
    json_build_array(
      json_build_object('status', 'in_process', 'pipelines', (select count(*) from (select from pipelines where status = 'in_process' limit ${COUNTED}) c)),
      json_build_object('status', 'delayed', 'pipelines', (select count(*) from (select from pipelines where status = 'delayed' limit ${COUNTED}) c)),
      json_build_object('status', 'failed', 'pipelines', (select count(*) from (select from pipelines where status = 'failed' limit ${COUNTED}) c))
    ) as standing,
    (select coalesce(json_agg(h), '[]') from (
      select hold_action as action, count(*) as pipelines, extract(epoch from now() - min(held_at))::float8 as oldest_seconds
      from (select hold_action, held_at from pipelines where status = 'held' limit ${COUNTED}) held
      group by hold_action) h) as held,
    (select coalesce(json_agg(r), '[]') from (
      select host, count(*) filter (where not is_silent) as alive, count(*) filter (where is_silent) as silent,
        extract(epoch from max(silence))::float8 as longest_silence_seconds
      from (select host, now() - heartbeat_at as silence, now() - heartbeat_at > $1::float8 * interval '1 second' as is_silent
        from runners where stopped_at is null) r group by host) r) as runners,
    (select coalesce(json_agg(w), '[]') from (
      select name, error is not null as failed, greatest(extract(epoch from now() - next_run_at), 0)::float8 as late_seconds from watchers) w) as watchers,
    (select row_to_json(s) from (
      select count(*) filter (where wait_event_type = 'Lock') as lock_waits,
        coalesce(extract(epoch from max(clock_timestamp() - query_start) filter (where wait_event_type = 'Lock')), 0)::float8 as longest_lock_wait_seconds,
        coalesce(extract(epoch from max(clock_timestamp() - xact_start) filter (where pid <> pg_backend_pid())), 0)::float8 as longest_transaction_seconds
      from pg_stat_activity where datname = current_database() and backend_type = 'client backend') s) as sessions,
    (select coalesce(json_agg(t), '[]') from (
      select relname as name, n_live_tup as rows, n_dead_tup as dead_rows from pg_stat_user_tables
      where relid in ('pipelines'::regclass, 'jobs'::regclass, 'job_logs'::regclass, 'events'::regclass)) t) as tables`;

/**
 * Reads them in one statement. None of its parts reads finished rows, none counts further than `COUNTED`.
 *
 * @param leaseSeconds after which a runner that gives no sign of life counts as silent
 */
export async function readFigures(pool: pg.Pool, leaseSeconds: number): Promise<Figures> {
  const { rows } = await pool.query<Figures>(FIGURES, [leaseSeconds]);
  const [figures] = rows;
  if (figures === undefined) throw new Error('the database returned no figures');
  return figures;
}
