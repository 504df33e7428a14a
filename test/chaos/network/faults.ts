/** What befalls a host's network: it loses PostgreSQL, or Redis, or both; packets vanish and nobody is told. */
import type { ChaosWorld, Fault, Random, Struck } from '../fault.js';
import { victimOf, workOf } from '../faults/striking.js';
import { between } from '../random.js';
import { untilWorking } from '../until-working.js';
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

/** A host that is at work is cut off, if there is one soon. */
async function cutOff(world: ChaosWorld, random: Random, services: readonly Service[]): Promise<Struck | undefined> {
  const { network, lease } = world;
  if (!(network instanceof NamespaceNetwork)) return undefined;
  await untilWorking(world);
  const host = (await victimOf(world, random))?.host;
  if (host === undefined || network.lostBy(host).size > 0) return undefined;
  const work = await workOf(world, host);
  await network.cutOff(host, services);
  const isPastLease = random() < 0.6; // then others have its work when it comes back
  return {
    what: `${host} is cut off from ${services.join(', ')} (${work})`,
    atLeastSeconds: isPastLease ? lease * between(random, 1.5, 2.5) : 0,
    heal: () => network.letBack(host, services),
  };
}
