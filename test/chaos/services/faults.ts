/** What befalls the services that all daemons share: PostgreSQL and Redis stop, forget, hang, come back. */
import type { Fault, Random, Struck } from '../fault.js';
import { signalAll } from '../processes.js';
import { pick } from '../random.js';
import { TormentedPostgres } from './postgres.js';
import { TormentedRedis } from './redis.js';

type Strike<Service> = (service: Service, random: Random, lease: number) => Promise<Struck | undefined>;

/** What is down or stands still already cannot be struck. */
function onPostgres(name: string, strike: Strike<TormentedPostgres>): Fault {
  return {
    name,
    async strike({ postgres, lease }, random) {
      if (!(postgres instanceof TormentedPostgres)) throw new TypeError('the PostgreSQL of this world is another one');
      return postgres.isUp() ? strike(postgres, random, lease) : undefined;
    },
  };
}

function onRedis(name: string, strike: Strike<TormentedRedis>): Fault {
  return {
    name,
    async strike({ redis, lease }, random) {
      if (!(redis instanceof TormentedRedis)) throw new TypeError('the Redis of this world is another one');
      return redis.isUp() ? strike(redis, random, lease) : undefined;
    },
  };
}

const nothing = (): Promise<void> => Promise.resolve();

const atOnce = (mend: () => void) => (): Promise<void> => {
  mend();
  return Promise.resolve();
};

export const serviceFaults: readonly Fault[] = [
  onPostgres('postgres-crash', async (postgres) => {
    await postgres.stop('immediate');
    return { what: 'PostgreSQL stopped (immediate)', heal: () => postgres.start() };
  }),
  onPostgres('postgres-restart', async (postgres) => {
    await postgres.stop('fast');
    return { what: 'PostgreSQL stopped (fast)', heal: () => postgres.start() };
  }),
  onPostgres('postgres-cut', async (postgres) => {
    const sessions = await postgres.cutConnections();
    if (sessions === 0) return undefined;
    return { what: `${sessions} sessions of daemons terminated`, heal: nothing };
  }),
  onPostgres('postgres-backend-killed', async (postgres, random) => {
    const backend = pick(random, await postgres.backends());
    if (backend === undefined) return undefined;
    signalAll([backend], 'SIGKILL');
    return { what: 'one session of a daemon killed (kill -9): PostgreSQL restarts itself', heal: nothing };
  }),
  onPostgres('postgres-hung', async (postgres, random, lease) => {
    await postgres.freeze();
    const atLeastSeconds = random() < 0.5 ? lease * 1.5 : 0; // then nobody has a claim when it goes on
    return {
      atLeastSeconds,
      what: 'PostgreSQL stands still (SIGSTOP of all its processes)',
      heal: () => postgres.thaw(),
    };
  }),
  onPostgres('postgres-backend-hung', async (postgres, random) => {
    const backend = pick(random, await postgres.backends());
    if (backend === undefined) return undefined;
    signalAll([backend], 'SIGSTOP');
    return {
      what: 'one session of a daemon stands still (SIGSTOP)',
      heal: atOnce(() => signalAll([backend], 'SIGCONT')),
    };
  }),
  onRedis('redis-killed', async (redis) => {
    await redis.kill();
    return { what: 'Redis killed (kill -9); it comes back empty', heal: () => redis.start() };
  }),
  onRedis('redis-flushed', async (redis) => {
    await redis.flush();
    return { what: 'Redis emptied (FLUSHALL)', heal: nothing };
  }),
  onRedis('redis-hung', (redis) => {
    redis.freeze();
    return Promise.resolve({
      what: 'Redis stands still (SIGSTOP)',
      heal: atOnce(() => redis.thaw()),
    });
  }),
];
