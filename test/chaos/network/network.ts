/**
 * Hosts of their own: network namespaces on a bridge, each with a host name. Every service has an address of its own on
 * the bridge, in a subnet of its own, so that a host can lose one service and keep the others.
 */
import { readdir } from 'node:fs/promises';
import type { ChaosNetwork } from '../fault.js';
import { isAlive } from '../processes.js';
import { ip, ipIn, links } from './ip.js';

export const SERVICES = ['postgres', 'redis', 'agents'] as const;
export type Service = (typeof SERVICES)[number];

/** Names tell whose they are: `pmc<process>n<which>` is a bridge, with `h<host>` a host's namespace and its link. */
const NAMES = /^pmc(\d+)n\d+(h\d+)?$/;

/** Frames to it reach nobody: what is sent there is lost, and no answer tells so. */
const NOBODY = '02:00:00:00:00:00';
const OURS = '02:00:00:00:00:01';

/** Addresses for tests of networks (RFC 2544), which no network uses: 198.18.0.0/15. */
const subnet = (third: number): string => `198.18.${third}`;

let made = 0;

/**
 * Makes a network with these hosts.
 *
 * @returns undefined where this machine does not allow it: not Linux, not root, no `ip`
 */
export async function startNetwork(hosts: readonly string[]): Promise<NamespaceNetwork | undefined> {
  if ((await whyNoNetwork()) !== undefined) return undefined;
  await sweepNetworks();
  const network = new NamespaceNetwork(`pmc${process.pid}n${made++}`, hosts, await freeSubnets());
  try {
    await network.make();
    return network;
  } catch (error) {
    await network.drop();
    throw error;
  }
}

/** Why no namespaces can be made here; undefined when they can. */
export async function whyNoNetwork(): Promise<string | undefined> {
  const probe = `pmc${process.pid}n${made++}`;
  try {
    await ip('netns', 'add', probe);
    await ip('link', 'add', probe, 'type', 'bridge');
    return undefined;
  } catch (error) {
    return `network namespaces are not possible here: ${(error as Error).message.trim()}`;
  } finally {
    await ip('link', 'delete', probe).catch(() => undefined);
    await ip('netns', 'delete', probe).catch(() => undefined);
  }
}

/** Removes what runs that were killed have left. */
export async function sweepNetworks(): Promise<void> {
  const isLeft = (name: string): boolean => {
    const owner = NAMES.exec(name)?.[1];
    return owner !== undefined && !isAlive(Number(owner));
  };
  const namespaces = await readdir('/run/netns').catch(() => []);
  for (const name of namespaces.filter(isLeft)) await ip('netns', 'delete', name).catch(() => undefined); // another run sweeps, too
  const left = (await links()).filter(({ ifname }) => isLeft(ifname));
  for (const { ifname } of left) await ip('link', 'delete', ifname).catch(() => undefined); // a link goes with its namespace, a moment later
}

/** The third number of the first of as many neighbouring free subnets as there are services. */
async function freeSubnets(): Promise<number> {
  const addresses = (await links()).flatMap((link) => link.addresses);
  const isFree = (third: number): boolean => !addresses.some((address) => address.startsWith(`${subnet(third)}.`));
  const slots = Array.from({ length: Math.floor(256 / SERVICES.length) }, (_, slot) => slot * SERVICES.length);
  const first = (process.pid * 7) % slots.length; // two that look at the same moment look at different ones
  const third = [...slots.slice(first), ...slots.slice(0, first)].find((slot) =>
    SERVICES.every((_, i) => isFree(slot + i)),
  );
  if (third === undefined) throw new Error('198.18.0.0/16 is full of networks of chaos runs: end some');
  return third;
}

export class NamespaceNetwork implements ChaosNetwork {
  private readonly lost = new Map<string, Set<Service>>();

  /** Use `startNetwork`. */
  constructor(
    private readonly bridge: string,
    readonly hosts: readonly string[],
    private readonly firstSubnet: number,
  ) {}

  /** Where a service listens, in this machine's own namespace. */
  addressOf(service: Service): string {
    return `${this.subnetOf(service)}.1`;
  }

  /** Where all services listen that are never cut off. */
  get address(): string {
    return this.addressOf('agents');
  }

  /** What comes before a command line: it becomes that command, on the host, under the host's name. */
  prefix(host: string): readonly string[] {
    const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', host];
    return ['nsenter', `--net=/run/netns/${this.namespaceOf(host)}`, ...named];
  }

  /** From now on every packet between the host and these services is lost, in both directions; nobody is told. */
  async cutOff(host: string, services: readonly Service[]): Promise<void> {
    for (const service of services) {
      this.lostBy(host).add(service);
      await this.leadTo(host, service, NOBODY, NOBODY);
    }
  }

  async letBack(host: string, services: readonly Service[]): Promise<void> {
    for (const service of services) {
      this.lostBy(host).delete(service);
      await this.connect(host, service);
    }
  }

  /** The services that the host cannot reach now. */
  lostBy(host: string): Set<Service> {
    const lost = this.lost.get(host) ?? new Set();
    this.lost.set(host, lost);
    return lost;
  }

  async make(): Promise<void> {
    await ip('link', 'add', this.bridge, 'address', OURS, 'type', 'bridge'); // else it takes that of whichever host came last
    await ip('link', 'set', this.bridge, 'up');
    for (const service of SERVICES) await ip('address', 'add', `${this.addressOf(service)}/24`, 'dev', this.bridge);
    for (const host of this.hosts) await this.addHost(host);
  }

  /** Removes namespaces, links and addresses. What runs on a host keeps its namespace until it ends, without a link. */
  async drop(): Promise<void> {
    for (const host of this.hosts) {
      await ip('link', 'delete', this.linkOf(host)).catch(() => undefined);
      await ip('netns', 'delete', this.namespaceOf(host)).catch(() => undefined);
    }
    await ip('link', 'delete', this.bridge).catch(() => undefined);
  }

  private async addHost(host: string): Promise<void> {
    const namespace = this.namespaceOf(host);
    await ip('netns', 'add', namespace);
    await ip('link', 'add', this.linkOf(host), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('link', 'set', this.linkOf(host), 'master', this.bridge, 'up');
    await ipIn(namespace, 'link', 'set', 'lo', 'up');
    await ipIn(namespace, 'link', 'set', 'eth0', 'up');
    for (const service of SERVICES) {
      await ipIn(namespace, 'address', 'add', `${this.addressIn(host, service)}/24`, 'dev', 'eth0');
      await this.connect(host, service);
    }
  }

  private async connect(host: string, service: Service): Promise<void> {
    const theirs = await hardwareAddress('-netns', this.namespaceOf(host), '-json', 'link', 'show', 'eth0');
    await this.leadTo(host, service, OURS, theirs);
  }

  /**
   * Writes down for either side where the other is: frames go there without asking, so that a wrong address loses them
   * silently, where an unanswered question would be told to the sender after three seconds.
   */
  private async leadTo(host: string, service: Service, ours: string, theirs: string): Promise<void> {
    const permanent = ['nud', 'permanent'];
    await ipIn(this.namespaceOf(host), 'neighbour', 'replace', this.addressOf(service), 'lladdr', ours, 'dev', 'eth0', ...permanent); // prettier-ignore
    await ip('neighbour', 'replace', this.addressIn(host, service), 'lladdr', theirs, 'dev', this.bridge, ...permanent);
  }

  private subnetOf(service: Service): string {
    return subnet(this.firstSubnet + SERVICES.indexOf(service));
  }

  private addressIn(host: string, service: Service): string {
    return `${this.subnetOf(service)}.${this.numberOf(host) + 10}`;
  }

  private namespaceOf(host: string): string {
    return `${this.bridge}h${this.numberOf(host)}`;
  }

  private linkOf(host: string): string {
    return this.namespaceOf(host);
  }

  private numberOf(host: string): number {
    const number = this.hosts.indexOf(host);
    if (number < 0) throw new Error(`no host ${host} in this network, only ${this.hosts.join(', ')}`);
    return number;
  }
}

async function hardwareAddress(...words: readonly string[]): Promise<string> {
  const [link] = JSON.parse(await ip(...words)) as { address: string }[];
  if (!link) throw new Error(`ip ${words.join(' ')} shows no link`);
  return link.address;
}
