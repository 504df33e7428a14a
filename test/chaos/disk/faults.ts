/** What befalls disks: they are full, have no room for another file, do not read or write, are slow. */
import type { ChaosWorld, Fault, Random, Struck } from '../fault.js';
import { mayMount } from '../../support/may-mount.js';
import { between, pick } from '../random.js';
import { SmallDisk } from './mount.js';
import { untilWorking, soon } from '../until-working.js';
import { isStruck, mendDisk, spoilDisk, type BadDisk } from './bad-disk.js';

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
  world: ChaosWorld,
  what: string,
  fill: (disk: SmallDisk) => Promise<void>,
): Promise<Struck | undefined> {
  const disk = await SmallDisk.on(world.areas);
  if (!disk) return undefined;
  await untilWorking(world);
  await fill(disk);
  return { what, atLeastSeconds: 4, heal: () => disk.free() };
}

/** The disks of one host, or of all (what they share is bad), which one of their calls has met. */
async function spoilt(
  world: ChaosWorld,
  random: Random,
  bad: Omit<BadDisk, 'below' | 'seed'>,
): Promise<Struck | undefined> {
  const { areas, daemons } = world;
  const one = pick(random, daemons);
  if (!one) return undefined;
  const struck = random() < 0.5 ? [one] : daemons;
  const seed = Math.floor(random() * 2 ** 31);
  for (const { control } of struck) await spoilDisk(control, { ...bad, below: [areas], seed });
  const mend = async (): Promise<number> => {
    let calls = 0;
    for (const { control } of struck) calls += await mendDisk(control);
    return calls;
  };
  if (!(await soon(async () => (await Promise.all(struck.map(({ control }) => isStruck(control)))).includes(true)))) {
    await mend(); // none of them touched a file meanwhile
    return undefined;
  }
  const whose = struck.length === 1 ? one.host : 'all hosts';
  const share = `${Math.round(bad.share * 100)} % of the calls`;
  const what = bad.kind === 'slow' ? `take ${bad.slowMs ?? 0} ms longer` : `fail with ${bad.kind}`;
  return {
    what: `${whose}: ${share} ${what}`,
    heal: async () => world.log(`${whose}: ${await mend()} calls were struck by ${bad.kind}`),
  };
}
