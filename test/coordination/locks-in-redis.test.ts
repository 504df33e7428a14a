/** Locks in Redis: the contract, and what is Redis' own. */
import { describe, expect, test } from 'vitest';
import { locksContract } from './locks-contract.js';
import { useStore } from './stores.js';

locksContract('Redis');

describe('fences of Redis', () => {
  const store = useStore('Redis');
  test('rise when its clock is set back, and when it comes back empty', async () => {
    const locks = store.locks();
    const client = store.redis().client();
    const first = await locks.take('x');
    await first.release();
    const inAnHour = first.fence + 3_600_000_000;
    await client.set('pressmark:fence:x', String(inAnHour)); // as if it had been that time, and was set back
    const second = await locks.take('x');
    expect(second.fence).toBe(inAnHour + 1);
    await store.redis().stop('SIGKILL');
    await store.redis().start();
    const third = await store.locks().take('x');
    expect(third.fence).toBeGreaterThan(first.fence);
  });
});
