/** Runs watchers: each once per interval, by whichever runner gets its lock and moves its `next_run_at` on. */
import type { Logger } from 'pino';
import { watcherLock } from '../../coordination/lock-names.js';
import type { Lock, Locks } from '../../coordination/locks.js';
import type { Database } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import { parseDuration } from '../duration.js';
import type { Watcher } from '../watcher.js';
import { describeError } from './execute.js';
import { laterForLocks } from './job-locks.js';

export interface WatchServices {
  database: Database;
  locks: Locks;
  settings: Settings;
  log: Logger;
  runnerId: number;
  signal: AbortSignal;
}

/** The last run has ended, or is so old that it was aborted or died with its runner. */
const IS_DUE = `next_run_at <= now() and (started_at is null or completed_at is not null or started_at < now() - $2 * interval '1 second')`;

/** Starts the watchers that are due and that nobody else runs. Resolves when they have ended; a failing one is logged and kept in its row. */
export async function runDueWatchers(watchers: readonly Watcher[], services: WatchServices): Promise<void> {
  if (watchers.length === 0) return;
  await services.database.pool.query('insert into watchers (name) select unnest($1::text[]) on conflict do nothing', [
    watchers.map((w) => w.name),
  ]);
  await Promise.all(watchers.map((watcher) => runIfDue(watcher, services)));
}

async function runIfDue(watcher: Watcher, services: WatchServices): Promise<void> {
  const { rowCount } = await services.database.pool.query(`select from watchers where name = $1 and ${IS_DUE}`, [
    watcher.name,
    parseDuration(watcher.timeout),
  ]);
  if (rowCount === 0) return;
  let lock: Lock;
  try {
    lock = await services.locks.take(watcherLock(watcher.name));
  } catch (error) {
    if (laterForLocks(error)) return; // its row says that it is due: whoever comes round next looks again
    throw error;
  }
  try {
    await runLocked(watcher, lock, services);
  } finally {
    await lock.release();
  }
}

async function runLocked(watcher: Watcher, lock: Lock, services: WatchServices): Promise<void> {
  const { database, locks, settings, runnerId } = services;
  const { pool } = database;
  const { rowCount } = await pool.query(
    `update watchers set next_run_at = now() + $3 * interval '1 second', started_at = now(), completed_at = null, runner_id = $4
     where name = $1 and ${IS_DUE}`,
    [watcher.name, parseDuration(watcher.timeout), parseDuration(watcher.every), runnerId],
  );
  if (rowCount === 0) return;
  const log = services.log.child({ watcher: watcher.name });
  let error: ReturnType<typeof describeError> | null = null;
  let isDueAgain = false;
  try {
    const timeout = AbortSignal.timeout(parseDuration(watcher.timeout) * 1000);
    const signal = AbortSignal.any([services.signal, timeout, lock.signal]);
    await watcher.run({ db: database.kysely, locks, settings, log, signal });
    lock.throwIfLost();
  } catch (thrown) {
    const cause: unknown = lock.signal.aborted ? lock.signal.reason : thrown;
    error = describeError(cause);
    isDueAgain = services.signal.aborted || laterForLocks(cause) !== undefined; // the runner stops: another one, or the next, goes on
    if (isDueAgain) log.info(`the watcher is due again at once: ${error.message}`);
    else log.error({ err: cause }, 'watcher failed; it runs again at its next time');
  }
  await pool.query(
    `update watchers set completed_at = now(), error = $3, next_run_at = case when $4 then now() else next_run_at end
     where name = $1 and runner_id = $2`,
    [watcher.name, runnerId, error && JSON.stringify(error), isDueAgain],
  );
}
