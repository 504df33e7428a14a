/** A connection to either store, for tests and for the processes they start: nothing here needs vitest. */
import type { LockStore } from '../../src/coordination/lock-store.js';
import { postgresLockStore } from '../../src/coordination/postgres-locks.js';
import { postgresProgressStore } from '../../src/coordination/postgres-progress.js';
import type { ProgressStore } from '../../src/coordination/progress.js';
import { redisAddress } from '../../src/coordination/redis-address.js';
import { RedisConnection } from '../../src/coordination/redis-connection.js';
import { redisLockStore } from '../../src/coordination/redis-locks.js';
import { redisProgressStore } from '../../src/coordination/redis-progress.js';
import { connectDatabase } from '../../src/database/database.js';

export const STORE_KINDS = ['Redis', 'PostgreSQL'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

export interface Connected {
  leases: LockStore;
  progress: ProgressStore;
  close: () => Promise<void>;
}

/** Connects to a store, as each process of the contract does. */
export function connectStore(kind: StoreKind, url: string): Connected {
  if (kind === 'Redis') {
    const redis = new RedisConnection(redisAddress(url, undefined));
    return {
      leases: redisLockStore(redis),
      progress: redisProgressStore(redis),
      close: async () => {
        redis.close();
        return Promise.resolve();
      },
    };
  }
  const database = connectDatabase({ connectionString: url, applicationName: 'lock test', onError: () => undefined });
  return {
    leases: postgresLockStore(database.pool),
    progress: postgresProgressStore(database.pool),
    close: () => database.close(),
  };
}
