/** Ports for servers that a test starts, ends and starts again, and for addresses where nobody may listen. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

const FIRST = 10_000;
const FEWEST = 1000;

export interface OwnPort {
  port: number;
  /** Others may have it again. Without it the port stays ours until this process ends. */
  giveBack: () => void;
}

/**
 * A port of an address of this machine that nobody listens on, and that nobody else gets, also while nobody listens on it:
 * the kernel hands out none of these by itself (to `listen(0)`, or to whoever connects), and a UDP socket on the same
 * number, which is in nobody's way, tells the other test files that it is taken.
 */
export async function ownPort(host = '127.0.0.1'): Promise<OwnPort> {
  const count = firstOfKernel() - FIRST;
  if (count < FEWEST) return { port: await listensBriefly(0, host), giveBack: () => undefined };
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * count);
    const giveBack = await claim(port, host);
    if (giveBack === undefined) continue;
    try {
      await listensBriefly(port, host);
      return { port, giveBack };
    } catch (error) {
      giveBack();
      if (!isInUse(error)) throw error;
    }
  }
}

/** The same, kept until this process ends. */
export const freePort = async (host?: string): Promise<number> => (await ownPort(host)).port;

/** The first of the ports that the kernel hands out itself. */
function firstOfKernel(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'));
  } catch {
    return 49_152; // no Linux: as IANA has it
  }
}

async function claim(port: number, host: string): Promise<(() => void) | undefined> {
  const socket = createSocket('udp4').unref();
  try {
    const bound = once(socket, 'listening');
    socket.bind({ port, address: host, exclusive: true });
    await bound;
    return () => socket.close();
  } catch (error) {
    socket.close();
    if (isInUse(error)) return undefined;
    throw error;
  }
}

/** Rejects when somebody else listens there. */
async function listensBriefly(port: number, host: string): Promise<number> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  const { port: chosen } = server.address() as AddressInfo; // of a TCP server
  server.close();
  await once(server, 'close');
  return chosen;
}

const isInUse = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
