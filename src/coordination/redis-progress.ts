import type { ProgressReport, ProgressStore } from './progress.js';
import type { RedisConnection } from './redis-connection.js';

/** Forgets the report of one job, not that of the next. */
const FORGET = `
  local report = redis.call('get', KEYS[1])
  if report and cjson.decode(report).sequence == tonumber(ARGV[1]) then redis.call('del', KEYS[1]) end`;

/** Progress in Redis, `pressmark:progress:<pipeline>`. */
export function redisProgressStore(redis: RedisConnection): ProgressStore {
  const key = (pipelineId: number) => `pressmark:progress:${pipelineId}`;
  return {
    name: redis.name,
    async write(pipelineId, report, expiryMs) {
      await redis.call('progress', (client) => client.set(key(pipelineId), JSON.stringify(report), 'PX', expiryMs));
    },
    async forget(pipelineId, sequence) {
      await redis.call('progress', (client) => client.eval(FORGET, 1, key(pipelineId), sequence));
    },
    async read(pipelineIds) {
      if (pipelineIds.length === 0) return new Map();
      const values = await redis.call('progress', (client) => client.mget(pipelineIds.map(key)));
      return new Map(
        pipelineIds.flatMap((id, index) => {
          const value = values[index];
          return typeof value === 'string' ? [[id, JSON.parse(value) as ProgressReport] as const] : []; // what write() wrote
        }),
      );
    },
  };
}
