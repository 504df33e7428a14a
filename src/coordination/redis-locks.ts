import type { LockHolder } from './locks.js';
import type { LockStore } from './lock-store.js';
import type { RedisConnection } from './redis-connection.js';

/** Fences of free locks are kept this long: longer than any clock is set back by. */
const FENCE_KEPT_SECONDS = 86_400;

/**
 * A lock is a key with an expiry; its value begins with the holder's token. The fence is Redis' own clock in microseconds, or one
 * more than the last: so it rises over a flush, a restart without a disk, and a failover, as long as the clock does.
 */
const TAKE = `
  local held = redis.call('get', KEYS[1])
  if held then return { held, redis.call('pttl', KEYS[1]) } end
  local now = redis.call('time')
  local fence = now[1] * 1000000 + now[2]
  local last = tonumber(redis.call('get', KEYS[2]) or '0')
  if fence <= last then fence = last + 1 end
  redis.call('set', KEYS[2], string.format('%.0f', fence), 'ex', ${FENCE_KEPT_SECONDS})
  redis.call('set', KEYS[1], ARGV[1] .. ARGV[2], 'px', ARGV[3])
  return string.format('%.0f', fence)`;

// PEXPIRE and DEL also work in a Redis that is full.
const RENEW = `
  local held = redis.call('get', KEYS[1])
  if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
  return 0`;
const RELEASE = `
  local held = redis.call('get', KEYS[1])
  if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
  return 0`;

const UUID_LENGTH = 36;

/** Locks in Redis, `pressmark:lock:<name>`. The scripts are short: they are sent whole, so that no flushed script cache matters. */
export function redisLockStore(redis: RedisConnection): LockStore {
  const lockKey = (name: string) => `pressmark:lock:${name}`;
  const fenceKey = (name: string) => `pressmark:fence:${name}`;
  return {
    name: redis.name,

    async take(name, token, holder, expiryMs) {
      const answer = (await redis.call('take', (client) =>
        client.eval(TAKE, 2, lockKey(name), fenceKey(name), token, JSON.stringify(holder), Math.ceil(expiryMs)),
      )) as string | [string, number]; // what TAKE returns
      if (typeof answer === 'string') return { fence: Number(answer) };
      const [value, expiresInMs] = answer;
      const heldBy = JSON.parse(value.slice(UUID_LENGTH)) as LockHolder; // what an earlier take() wrote
      return { taken: { token: value.slice(0, UUID_LENGTH), holder: heldBy, expiresInMs } };
    },

    async renew(name, token, expiryMs) {
      return (
        (await redis.call('keep', (client) => client.eval(RENEW, 1, lockKey(name), token, Math.ceil(expiryMs)))) === 1
      );
    },

    async release(name, token) {
      return (await redis.call('keep', (client) => client.eval(RELEASE, 1, lockKey(name), token))) === 1;
    },
  };
}
