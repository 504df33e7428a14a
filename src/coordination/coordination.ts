/** What processes share besides the database's rows: locks and progress, kept in Redis, or in PostgreSQL when no Redis is set (design 7). */
import type pg from 'pg';
import { LeasedLocks } from './leased-locks.js';
import type { Locks } from './locks.js';
import { postgresLockStore } from './postgres-locks.js';
import { postgresProgressStore } from './postgres-progress.js';
import type { ProgressStore } from './progress.js';
import type { OutageListener } from './redis-connection.js';

export interface Coordination {
  locks: Locks;
  progress: ProgressStore;
  /** Opens the connection now instead of when it is needed, so that a daemon says at its start what is wrong. Never throws. */
  open: () => Promise<void>;
  close: () => void;
}

export interface CoordinationSettings {
  /** A Redis; without it the database serves. */
  REDIS_URL: string | undefined;
  REDIS_CA: string | undefined;
}

/**
 * Locks and progress as the settings say. Nothing is connected before the first use.
 *
 * @param pool of the database; not closed by `close`
 * @param listener told of the outages of a Redis; those of the database are seen by everybody
 * @throws CertificateUnreadable when REDIS_CA cannot be read
 */
export async function openCoordination(
  settings: CoordinationSettings,
  pool: pg.Pool,
  listener?: OutageListener,
): Promise<Coordination> {
  if (settings.REDIS_URL === undefined) return postgresCoordination(pool);
  const { redisCoordination } = await import('./redis-coordination.js'); // needed by those only who have one
  const { redisAddress } = await import('./redis-address.js');
  return redisCoordination(redisAddress(settings.REDIS_URL, settings.REDIS_CA), listener);
}

/** Locks and progress in the database. */
export const postgresCoordination = (pool: pg.Pool): Coordination => ({
  locks: new LeasedLocks(postgresLockStore(pool)),
  progress: postgresProgressStore(pool),
  open: () => Promise.resolve(),
  close: () => undefined,
});
