/** A Redis of the test's own: on a free port of this machine, nothing on disk, ended with the test file. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { freePort } from './ports.js';

const run = promisify(execFile);

export interface RedisOptions {
  password?: string;
  /** e.g. "1mb"; nothing is evicted to keep within it. */
  maxmemory?: string;
  /** TLS only, with a certificate of a test's own authority. */
  tls?: boolean;
  /** The address it listens on; 127.0.0.1 unless told. */
  host?: string;
  /** What comes before its command line, e.g. `setpriv --pdeathsig KILL --`; a program that becomes the server. */
  prefix?: readonly string[];
}

export interface TestRedis {
  port: number;
  /** For REDIS_URL; with the password. */
  url: string;
  /** For REDIS_CA of a server with TLS. */
  caFile: string;
  /** A client for the test itself. */
  client: () => Redis;
  /** Ends the server; `kill` as a crash does. */
  stop: (signal?: NodeJS.Signals) => Promise<void>;
  /** A signal that it survives: SIGSTOP, SIGCONT. */
  signal: (signal: NodeJS.Signals) => void;
  /** Starts it again on its port, empty. */
  start: () => Promise<void>;
  /** Ends server, clients and files. */
  drop: () => Promise<void>;
}

/**
 * Starts one.
 *
 * @example
 * let redis: TestRedis;
 * beforeAll(async () => { redis = await startRedis(); });
 * afterAll(() => redis.drop());
 */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'pressmark-redis-'));
  const host = options.host ?? '127.0.0.1';
  const port = await freePort(host);
  const caFile = join(directory, 'ca.pem');
  if (options.tls) await makeCertificates(directory);
  const clients = new Set<Redis>();
  let server: ChildProcess | undefined;

  const connect = () =>
    new Redis({
      port,
      host,
      ...(options.password !== undefined && { password: options.password }),
      ...(options.tls && { tls: { rejectUnauthorized: false } }),
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
    }).on('error', () => undefined);
  const start = async (): Promise<void> => {
    const sockets = options.tls
      ? ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...tlsFiles(directory)]
      : ['--port', String(port)];
    const memory = options.maxmemory === undefined ? [] : ['--maxmemory', options.maxmemory];
    const password = options.password === undefined ? [] : ['--requirepass', options.password];
    const args = ['--bind', host, '--save', '', '--appendonly', 'no', '--dir', directory];
    const command = [...(options.prefix ?? []), 'redis-server', ...args, ...sockets, ...memory, ...password];
    const [program = '', ...rest] = command;
    server = spawn(program, [...rest, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
    const client = connect();
    await client.ping();
    client.disconnect();
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
  };

  await start();
  const credentials = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  return {
    port,
    url: `redis${options.tls ? 's' : ''}://${credentials}${host}:${port}/0`,
    caFile,
    client: () => {
      const client = connect();
      clients.add(client);
      return client;
    },
    start,
    stop,
    signal: (signal) => void server?.kill(signal),
    async drop() {
      for (const client of clients) client.disconnect();
      await stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const tlsFiles = (directory: string): string[] => [
  ...['--tls-cert-file', join(directory, 'server.pem')],
  ...['--tls-key-file', join(directory, 'server.key')],
  ...['--tls-ca-cert-file', join(directory, 'ca.pem')],
];

/** An authority, and a certificate of it for 127.0.0.1. */
async function makeCertificates(directory: string): Promise<void> {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => run('openssl', args, { timeout: 30_000 });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await writeFile(at('server.ext'), 'subjectAltName=IP:127.0.0.1\n');
  await openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=test',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  await openssl('req', ...key, '-subj', '/CN=redis', '-keyout', at('server.key'), '-out', at('server.csr'));
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
  await openssl('x509', '-req', '-in', at('server.csr'), ...signer, '-days', '2', '-extfile', at('server.ext'), '-out', at('server.pem')); // prettier-ignore
}
