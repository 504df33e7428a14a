/** Hosts in networks of their own: each loses and regains a service alone, and finds out only by waiting. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ChaosWorld } from '../fault.js';
import { networkFaults } from './faults.js';
import { ip } from './ip.js';
import { SERVICES, startNetwork, whyNoNetwork, type NamespaceNetwork } from './network.js';

const run = promisify(execFile);
const why = await whyNoNetwork();

// the kernel or the user forbids it: then daemons share the machine's network, and nothing here is used
describe.skipIf(why !== undefined)('a network of hosts', () => {
  let network: NamespaceNetwork;
  const servers: Server[] = [];
  const ports: Record<string, number> = {};

  beforeAll(async () => {
    const made = await startNetwork(['alpha', 'beta', 'gamma']);
    if (!made) throw new Error('no network');
    network = made;
    for (const service of SERVICES) {
      const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
      server.listen(0, network.addressOf(service));
      await once(server, 'listening');
      ports[service] = (server.address() as { port: number }).port;
      servers.push(server);
    }
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await network.drop();
    expect(await ip('link', 'show')).not.toContain(`pmc${process.pid}n`);
    expect((await readdir('/run/netns')).filter((name) => name.startsWith(`pmc${process.pid}n`))).toEqual([]);
  });

  /** Runs a script of node on a host; gives what it prints. */
  async function on(host: string, script: string, ...args: string[]): Promise<string> {
    const [program = '', ...rest] = [...network.prefix(host), process.execPath, '-e', script, ...args];
    return (await run(program, rest, { timeout: 120_000 })).stdout.trim();
  }

  /** Says a word to each service; when those that shall be reached have echoed it, the others have half a second more. */
  const ECHO = `
    const [shallBe, places] = process.argv.slice(1).map(JSON.parse);
    const reached = [];
    for (const [service, port, host] of places) {
      const socket = require('net').connect(port, host, () => socket.write('echo'));
      socket.on('error', ({ code }) => { console.log(service, code); process.exit(); });
      socket.on('data', () => { reached.push(service); look(); });
    }
    const say = () => { console.log(reached.sort().join(' ')); process.exit(); };
    const look = () => { if (shallBe.every((service) => reached.includes(service))) setTimeout(say, 500); };
    look();`;

  /** Looks whether a host reaches just these services, and hears nothing of the others. */
  async function reaches(host: string, services: readonly string[]): Promise<void> {
    const places = SERVICES.map((service) => [service, ports[service], network.addressOf(service)]);
    expect(await on(host, ECHO, JSON.stringify(services), JSON.stringify(places))).toBe([...services].sort().join(' '));
  }

  test('a program on a host has its name and its network', async () => {
    expect(await on('alpha', 'console.log(os.hostname())')).toBe('alpha');
    expect(await on('beta', 'console.log(Object.keys(os.networkInterfaces()).join())')).toBe('lo,eth0');
    await Promise.all(['alpha', 'beta', 'gamma'].map((host) => reaches(host, SERVICES)));
  });

  test.each([
    ['network-no-postgres', ['redis', 'agents']],
    ['network-no-redis', ['postgres', 'agents']],
    ['network-no-services', ['agents']],
    ['network-nothing', []],
  ])('%s: one host, no other, and only until it is healed', async (name, during) => {
    const daemons = ['alpha', 'beta'].map((host) => ({ host, isUp: () => true }));
    const look = () => Promise.resolve([{ host: 'alpha', type: 'page_split' }]); // it is at work
    const world = { network, daemons, look, lease: 6 } as unknown as ChaosWorld; // all that these faults look at
    const struck = await networkFaults.find((fault) => fault.name === name)?.strike(world, () => 0);
    expect(struck?.what).toMatch(/^alpha is cut off from .*\(page_split\)$/);
    await Promise.all([reaches('alpha', during), reaches('beta', SERVICES)]);
    await struck?.heal();
    await reaches('alpha', SERVICES);
  });

  test('a connection that stands is silent while the host is cut off, and goes on when it is back', async () => {
    let said = '';
    const server = createServer((socket) => socket.on('data', (piece: Buffer) => (said += piece.toString())));
    onTestFinished(() => void server.close());
    server.listen(0, network.addressOf('redis'));
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const connected = once(server, 'connection');
    const talker = on(
      'alpha',
      `const socket = require('net').connect(Number(process.argv[1]), process.argv[2]);
       socket.on('error', ({ code }) => { console.log(code); process.exit(); });
       socket.on('close', () => { console.log('closed'); process.exit(); });
       setInterval(() => socket.write('x'), 20);`,
      String(port),
      network.addressOf('redis'),
    );
    const [socket] = (await connected) as [Socket];
    await once(socket, 'data');
    await network.cutOff('alpha', ['redis']);
    said = '';
    await reaches('alpha', ['postgres', 'agents']); // half a second, in which it wrote 25 times
    expect(said).toBe('');
    await network.letBack('alpha', ['redis']);
    await once(socket, 'data');
    expect(said).toMatch(/^x+$/);
    socket.destroy();
    expect(await talker).toMatch(/closed|ECONNRESET|EPIPE/); // as it listens or speaks at that moment
  });
});
