import type { Coordination } from './coordination.js';
import { LeasedLocks, LOCK_EXPIRY_SECONDS } from './leased-locks.js';
import type { RedisAddress } from './redis-address.js';
import { RedisConnection, type OutageListener } from './redis-connection.js';
import { redisLockStore } from './redis-locks.js';
import { redisProgressStore } from './redis-progress.js';

/** Locks and progress in Redis, over one connection. */
export function redisCoordination(
  address: RedisAddress,
  listener?: OutageListener,
  expirySeconds = LOCK_EXPIRY_SECONDS,
): Coordination {
  const redis = new RedisConnection(address, listener);
  return {
    locks: new LeasedLocks(redisLockStore(redis), expirySeconds),
    progress: redisProgressStore(redis),
    open: () => redis.open(),
    close: () => redis.close(),
  };
}
