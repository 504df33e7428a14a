/** Both stores of locks and progress, for the contract that both keep. */
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { LeasedLocks } from '../../src/coordination/leased-locks.js';
import type { LockHolder } from '../../src/coordination/locks.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { connectStore, type Connected, type StoreKind } from './stores-connect.js';

export interface StoreUnderTest {
  url: () => string;
  /** A connection of its own, closed when the test ends. */
  connect: (url?: string) => Connected;
  /** Locks of short life over a connection of their own. */
  locks: (expirySeconds?: number, url?: string) => LeasedLocks;
  /** A proxy to the server, and the address of the store through it. */
  through: () => Promise<{ proxy: Proxy; url: string }>;
  /** Everything is forgotten, as by FLUSHALL or an admin's DELETE. */
  wipe: () => Promise<void>;
  redis: () => TestRedis;
  database: () => TestDatabase;
}

/** A server of the kind for a test file. */
export function useStore(kind: StoreKind): StoreUnderTest {
  let redisServer: TestRedis | undefined;
  let own: TestDatabase | undefined;
  beforeAll(async () => {
    own = await createTestDatabase();
    if (kind === 'Redis') redisServer = await startRedis();
  });
  afterAll(async () => {
    await redisServer?.drop();
    await own?.drop();
  });
  const redis = () => {
    if (!redisServer) throw new Error('this store is not in Redis');
    return redisServer;
  };
  const database = () => {
    if (!own) throw new Error('the database is there inside tests only');
    return own;
  };
  const url = () => (kind === 'Redis' ? redis().url : database().url);
  const connect = (to = url()) => {
    const connected = connectStore(kind, to);
    onTestFinished(() => connected.close());
    return connected;
  };
  return {
    url,
    connect,
    locks: (expirySeconds, to) => new LeasedLocks(connect(to).leases, expirySeconds),
    async through() {
      const target = new URL(url());
      const directory = target.searchParams.get('host'); // of a unix socket: then the user is a parameter, too
      const port = Number(target.port || '5432');
      const proxy = await startProxy(directory === null ? { port } : { path: `${directory}/.s.PGSQL.${port}` });
      onTestFinished(() => proxy.close());
      if (directory === null) target.port = String(proxy.port);
      const user = target.searchParams.get('user') ?? '';
      return {
        proxy,
        url: directory === null ? target.href : `postgresql://${user}@127.0.0.1:${proxy.port}${target.pathname}`,
      };
    },
    async wipe() {
      if (kind === 'Redis') await redis().client().flushall();
      else await database().database.pool.query('delete from locks');
    },
    redis,
    database,
  };
}

/** A holder that no process of this host is. */
export const elsewhere: LockHolder = {
  host: 'another-host',
  pid: 7,
  bootId: 'another boot/pid:[1]/1',
  since: '2026-01-01T00:00:00.000Z',
};
