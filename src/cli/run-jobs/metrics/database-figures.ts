/** What the database says: every daemon says the same, so take the `max` over daemons, never the sum. */
import type pg from 'pg';
import { readFigures, type Figures } from '../../../engine/figures.js';
import { Cached } from './cached.js';
import { gauge, type Family, type Sample } from './exposition.js';

export class DatabaseFigures {
  private readonly figures: Cached<Figures>;

  constructor(pool: pg.Pool, leaseSeconds: number) {
    this.figures = new Cached(() => readFigures(pool, leaseSeconds));
  }

  async families(): Promise<Family[]> {
    const figures = await this.figures.get();
    const isUp = gauge('pressmark_database_up', 'Whether the database answered this daemon.', {
      value: figures === undefined ? 0 : 1,
    });
    return figures === undefined ? [isUp] : [isUp, ...familiesOf(figures)];
  }
}

function familiesOf({ queues, standing, held, runners, watchers, sessions, tables }: Figures): Family[] {
  const each = <Row>(rows: readonly Row[], labels: (row: Row) => Record<string, string>, value: (row: Row) => number) =>
    rows.map((row): Sample => ({ labels: labels(row), value: value(row) }));
  const ofQueue = ({ queue }: { queue: string }) => ({ queue });
  const ofAction = ({ action }: { action: string | null }) => ({ action: action ?? 'none' });
  const ofHost = ({ host }: { host: string }) => ({ host });
  const ofWatcher = ({ name }: { name: string }) => ({ watcher: name });
  const ofTable = ({ name }: { name: string }) => ({ table: name });
  return [
    gauge(
      'pressmark_queue_pending',
      'Pipelines that wait for a runner, counted up to 100,000.',
      ...each(queues, ofQueue, (q) => q.pending),
    ),
    gauge(
      'pressmark_queue_oldest_pending_seconds',
      'How long the oldest of them has waited.',
      ...each(queues, ofQueue, (q) => q.oldest_seconds),
    ),
    gauge(
      'pressmark_pipelines',
      'Pipelines that run, are delayed, or failed, counted up to 100,000.',
      ...each(
        standing,
        ({ status }) => ({ status }),
        (s) => s.pipelines,
      ),
    ),
    gauge(
      'pressmark_held',
      'Held pipelines by what they ask; none: for a time or another pipeline.',
      ...each(held, ofAction, (h) => h.pipelines),
    ),
    gauge(
      'pressmark_held_oldest_seconds',
      'How long the oldest of them has been held.',
      ...each(held, ofAction, (h) => h.oldest_seconds),
    ),
    gauge(
      'pressmark_runners',
      'Daemons that did not say goodbye.',
      ...runners.flatMap(({ host, alive, silent }) => [
        { labels: { host, state: 'alive' }, value: alive },
        { labels: { host, state: 'silent' }, value: silent },
      ]),
    ),
    gauge(
      'pressmark_runner_silence_seconds',
      'The longest time since the last sign of life of a daemon that did not say goodbye.',
      ...each(runners, ofHost, (r) => r.longest_silence_seconds),
    ),
    gauge(
      'pressmark_watcher_failed',
      'Whether the last run of a watcher failed.',
      ...each(watchers, ofWatcher, (w) => (w.failed ? 1 : 0)),
    ),
    gauge(
      'pressmark_watcher_late_seconds',
      'How long a watcher has been due.',
      ...each(watchers, ofWatcher, (w) => w.late_seconds),
    ),
    gauge('pressmark_database_lock_waits', 'Sessions that wait for a lock of another.', { value: sessions.lock_waits }),
    gauge('pressmark_database_longest_lock_wait_seconds', 'How long the oldest of them has waited.', {
      value: sessions.longest_lock_wait_seconds,
    }),
    gauge('pressmark_database_longest_transaction_seconds', 'Age of the oldest open transaction.', {
      value: sessions.longest_transaction_seconds,
    }),
    gauge('pressmark_table_rows', 'Rows, as PostgreSQL estimates.', ...each(tables, ofTable, (t) => t.rows)),
    gauge(
      'pressmark_table_dead_rows',
      'Rows that vacuum has yet to clear away, as PostgreSQL estimates.',
      ...each(tables, ofTable, (t) => t.dead_rows),
    ),
  ];
}
