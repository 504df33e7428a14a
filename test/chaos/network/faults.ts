/** What befalls a host's network: it loses PostgreSQL, or Redis, or both; packets vanish and nobody is told. */
import type { ChaosWorld, Fault, Random, Struck } from '../fault.js';
import { between, pick } from '../random.js';
import { NamespaceNetwork, whyNoNetwork, type Service } from './network.js';

export const networkFaults: readonly Fault[] = [
  losing('network-no-postgres', ['postgres']),
  losing('network-no-redis', ['redis']),
  losing('network-no-services', ['postgres', 'redis']),
  losing('network-nothing', ['postgres', 'redis', 'agents']),
];

function losing(name: string, services: readonly Service[]): Fault {
  return { name, impossible: whyNoNetwork, strike: (world, random) => cutOff(world, random, services) };
}

async function cutOff(
  { network, daemons, lease }: ChaosWorld,
  random: Random,
  services: readonly Service[],
): Promise<Struck | undefined> {
  if (!(network instanceof NamespaceNetwork)) return undefined;
  const whole = daemons.filter(({ host }) => network.lostBy(host).size === 0);
  const host = pick(random, whole)?.host;
  if (host === undefined) return undefined;
  await network.cutOff(host, services);
  const isPastLease = random() < 0.6; // then others have its work when it comes back
  return {
    what: `${host} is cut off from ${services.join(', ')}`,
    atLeastSeconds: isPastLease ? lease * between(random, 1.5, 2.5) : 0,
    heal: () => network.letBack(host, services),
  };
}
