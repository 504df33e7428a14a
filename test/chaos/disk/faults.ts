/** What befalls disks: they are full, have no room for another file, do not read or write, are slow. */
import type { ChaosWorld, Fault, Random, Struck } from '../fault.js';
import { mayMount } from '../../support/may-mount.js';
import { between, pick } from '../random.js';
import { SmallDisk } from './mount.js';
import { mendDisk, spoilDisk, type BadDisk } from './preload.js';

export const diskFaults: readonly Fault[] = [
  {
    name: 'disk-full',
    impossible: whyNoMount,
    strike: (world, random) => {
      const left = Math.floor(random() * 512);
      return shrunk(world, `the disk of all areas is full but for ${left} KB`, (disk) => disk.fill(left));
    },
  },
  {
    name: 'disk-no-inodes',
    impossible: whyNoMount,
    strike: (world, random) => {
      const left = Math.floor(random() * 8);
      return shrunk(world, `the disk of all areas has room for ${left} more files`, (disk) => disk.takeInodes(left));
    },
  },
  {
    name: 'disk-no-space-injected',
    strike: (world, random) => spoilt(world, random, { kind: 'ENOSPC', share: between(random, 0.1, 1) }),
  },
  {
    name: 'disk-io-error',
    strike: (world, random) => spoilt(world, random, { kind: 'EIO', share: between(random, 0.02, 0.2) }),
  },
  {
    name: 'disk-slow',
    strike: (world, random) => {
      const slowMs = Math.floor(between(random, 50, 500));
      return spoilt(world, random, { kind: 'slow', share: between(random, 0.1, 0.5), slowMs });
    },
  },
];

function whyNoMount(): Promise<string | undefined> {
  return Promise.resolve(mayMount ? undefined : 'mounting is not allowed here');
}

async function shrunk(
  { areas }: ChaosWorld,
  what: string,
  fill: (disk: SmallDisk) => Promise<void>,
): Promise<Struck | undefined> {
  const disk = await SmallDisk.on(areas);
  if (!disk) return undefined;
  await fill(disk);
  return { what, heal: () => disk.free() };
}

/** One daemon finds its disks bad; the other hosts have good ones. */
async function spoilt(
  world: ChaosWorld,
  random: Random,
  bad: Omit<BadDisk, 'below' | 'seed'>,
): Promise<Struck | undefined> {
  const { areas, daemons } = world;
  const daemon = pick(random, daemons);
  if (!daemon) return undefined;
  await spoilDisk(daemon.control, { ...bad, below: [areas], seed: Math.floor(random() * 2 ** 31) });
  const share = `${Math.round(bad.share * 100)} % of the calls`;
  return {
    what: `${daemon.host}: ${bad.kind === 'slow' ? `${share} take ${bad.slowMs ?? 0} ms longer` : `${share} fail with ${bad.kind}`}`,
    async heal() {
      world.log(`${daemon.host}: ${await mendDisk(daemon.control)} calls were struck by ${bad.kind}`);
    },
  };
}
