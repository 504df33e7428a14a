/** Runs watchers: each once per interval, by whichever runner moves its `next_run_at` on. */
import type { Logger } from 'pino';
import type { Database } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import { parseDuration } from '../duration.js';
import type { Watcher } from '../watcher.js';
import { describeError } from './execute.js';

export interface WatchServices {
  database: Database;
  settings: Settings;
  log: Logger;
  runnerId: number;
  signal: AbortSignal;
}

/** Starts the watchers that are due and that nobody else runs. Resolves when they have ended; a failing one is logged and kept in its row. */
export async function runDueWatchers(watchers: readonly Watcher[], services: WatchServices): Promise<void> {
  if (watchers.length === 0) return;
  await services.database.pool.query('insert into watchers (name) select unnest($1::text[]) on conflict do nothing', [
    watchers.map((w) => w.name),
  ]);
  await Promise.all(watchers.map((watcher) => runIfDue(watcher, services)));
}

async function runIfDue(watcher: Watcher, { database, settings, log, runnerId, signal }: WatchServices): Promise<void> {
  const { pool } = database;
  const { rowCount } = await pool.query(
    // the last run has ended, or is so old that it was aborted or died with its runner
    `update watchers set next_run_at = now() + $2 * interval '1 second', started_at = now(), completed_at = null, runner_id = $4
     where name = $1 and next_run_at <= now() and (started_at is null or completed_at is not null or started_at < now() - $3 * interval '1 second')`,
    [watcher.name, parseDuration(watcher.every), parseDuration(watcher.timeout), runnerId],
  );
  if (rowCount === 0) return;
  let error: ReturnType<typeof describeError> | null = null;
  try {
    const timeout = AbortSignal.timeout(parseDuration(watcher.timeout) * 1000);
    await watcher.run({
      db: database.kysely,
      settings,
      log: log.child({ watcher: watcher.name }),
      signal: AbortSignal.any([signal, timeout]),
    });
  } catch (thrown) {
    error = describeError(thrown);
    log.error({ err: thrown, watcher: watcher.name }, 'watcher failed; it runs again at its next time');
  }
  await pool.query('update watchers set completed_at = now(), error = $3 where name = $1 and runner_id = $2', [
    watcher.name,
    runnerId,
    error && JSON.stringify(error),
  ]);
}
