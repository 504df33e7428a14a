/** A wire between a program and its server that a test can slow down, stop and cut. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestDatabase } from './database.js';
import { ownPort } from './ports.js';

export interface Proxy {
  port: number;
  /** Connections that came in so far. */
  connections: () => number;
  /** What the server says comes this much later. */
  delay: (ms: number) => void;
  /** Nothing comes through any more, in either direction, on old and new connections, and nobody is told. */
  stall: () => void;
  /** Ends all connections and refuses new ones. */
  cut: () => Promise<void>;
  /** Undoes all that; connections that were stalled stay dead, as behind a firewall that forgot them. */
  heal: () => Promise<void>;
  close: () => Promise<void>;
}

/** Starts a proxy to a port of this machine, or to a unix socket. */
export async function startProxy(target: { port: number } | { path: string }): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let isStalled = false;
  let count = 0;
  let isClosed = false;

  const dead = new WeakSet<Socket>();

  const relay = (from: Socket, to: Socket, delayed: boolean) => {
    sockets.add(from);
    if (isStalled) dead.add(from);
    from.on('error', () => undefined);
    from.on('data', (chunk: Buffer) => {
      if (dead.has(from)) return;
      if (delayed && delayMs > 0) setTimeout(() => to.write(chunk), delayMs);
      else to.write(chunk);
    });
    from.on('close', () => {
      sockets.delete(from);
      if (!dead.has(from)) to.destroy();
    });
  };
  const listener = (client: Socket) => {
    count++;
    const server = connect(target);
    relay(client, server, false);
    relay(server, client, true);
  };
  const { port, giveBack } = await ownPort(); // nobody else's while it is cut
  let server = createServer(listener).listen(port, '127.0.0.1');
  await once(server, 'listening');

  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const cut = async (): Promise<void> => {
    const closed = server.listening && once(server, 'close');
    server.close();
    endAll();
    await closed;
  };
  return {
    port,
    connections: () => count,
    delay: (ms) => (delayMs = ms),
    stall() {
      isStalled = true;
      for (const socket of sockets) dead.add(socket);
    },
    cut,
    async heal() {
      delayMs = 0;
      isStalled = false;
      if (server.listening) return;
      server = createServer(listener).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async close() {
      await cut();
      if (!isClosed) giveBack();
      isClosed = true;
    },
  };
}

/** A wire to a test's database, and the URL that leads through it. */
export async function proxyToDatabase({
  database,
  url,
}: Pick<TestDatabase, 'database' | 'url'>): Promise<{ proxy: Proxy; url: string }> {
  const { rows: found } = await database.pool.query<{ directory: string | null; port: number }>(
    `select case when inet_server_addr() is null then split_part(current_setting('unix_socket_directories'), ',', 1) end as directory, current_setting('port')::int as port`,
  );
  const { directory, port } = found[0] ?? { directory: null, port: 5432 };
  const proxy = await startProxy(directory === null ? { port } : { path: `${directory}/.s.PGSQL.${port}` });
  const through = new URL(url);
  through.searchParams.delete('host');
  through.searchParams.delete('port');
  through.hostname = '127.0.0.1';
  through.port = String(proxy.port);
  return { proxy, url: through.toString() };
}
