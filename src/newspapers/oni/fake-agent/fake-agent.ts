/**
 * An ONI agent for tests and the demo: a real SSH server, on 127.0.0.1 unless told, that speaks the agent's protocol (newspapers spec
 * 8.4) and "loads" batches into memory. It refuses what Open ONI's loader would refuse, and misbehaves on request.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type * as Ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerChannel } from 'ssh2';
import { PAYLOAD_END, splitCommand } from '../command-line.js';
import { fingerprintOf } from '../ssh-call.js';
import { answer, type AgentWorld } from './commands.js';
import { FakeOni } from './fake-oni.js';
import { JobQueue } from './job-queue.js';

/** How an agent can answer otherwise than it should. */
export type Misbehaviour =
  /** Takes the command and says nothing. */
  | 'silent'
  /** Hangs up after half of its answer, what it was asked for being done. */
  | 'closes mid-reply'
  | 'hangs up before an answer'
  | 'rubbish'
  | 'odd status'
  | 'endless'
  /** Ends well with these words. */
  | { answers: string };

export interface FakeAgentOptions extends Partial<Pick<AgentWorld, 'checkForOni'>> {
  /** Directory that holds the batches by their full names. */
  batchSource: string;
  /** Where it listens; 127.0.0.1 unless told. */
  host?: string;
  /** 0: any that is free. */
  port?: number;
  /** A private key in OpenSSH form; a new one unless told. */
  hostKey?: string;
  /** A public key in OpenSSH form; only who has its private half may log in. */
  onlyFor?: string;
  oni?: FakeOni;
}

/** Starts one. `stop` it in the end. */
export async function startFakeAgent(options: FakeAgentOptions): Promise<FakeAgent> {
  const { default: ssh2 } = await import('ssh2');
  const agent = new FakeAgent(ssh2, options);
  await agent.start();
  return agent;
}

/** A key pair in OpenSSH form that can be read again: now and then what ssh2 makes cannot. */
export function newKeyPair(utils: typeof Ssh2.utils): ReturnType<typeof Ssh2.utils.generateKeyPairSync> {
  for (;;) {
    const pair = utils.generateKeyPairSync('ed25519');
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

export class FakeAgent {
  readonly host: string;
  port: number;
  /** As settings pin it. */
  readonly fingerprint: string;
  readonly world: AgentWorld;
  /** Every command line it was given, as words. */
  readonly asked: string[][] = [];
  private readonly hostKey: string;
  private readonly misbehaviours: { command: string; how: Misbehaviour }[] = [];
  private readonly connections = new Set<Connection>();
  private server: Ssh2.Server | undefined;

  constructor(
    private readonly ssh2: Pick<typeof Ssh2, 'Server' | 'utils'>,
    private readonly options: FakeAgentOptions,
  ) {
    this.host = options.host ?? '127.0.0.1';
    this.port = options.port ?? 0;
    this.hostKey = options.hostKey ?? newKeyPair(ssh2.utils).private;
    const key = ssh2.utils.parseKey(this.hostKey);
    if (key instanceof Error) throw key;
    this.fingerprint = fingerprintOf(key.getPublicSSH());
    this.world = {
      batchSource: options.batchSource,
      oni: options.oni ?? new FakeOni(),
      queue: new JobQueue(),
      checkForOni: options.checkForOni ?? asTheLoaderDoes,
      failures: [],
      loses: (batch) => batch,
    };
  }

  /** `host:port`, as settings name it. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.connections.size;
  }

  /** The next answer to that command, or to any, goes wrong. */
  misbehave(how: Misbehaviour, command = ''): void {
    this.misbehaviours.push({ command, how });
  }

  /** Begins to listen, with an empty queue. */
  async start(): Promise<void> {
    this.world.queue = new JobQueue();
    const server = new this.ssh2.Server({ hostKeys: [this.hostKey] }, (connection) => this.serve(connection));
    server.listen(this.port, this.host);
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port; // it listens on TCP
    this.server = server;
  }

  /** Hangs up and forgets its jobs; what is loaded stays. */
  async stop(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    this.world.queue.stop();
    const closed = once(server, 'close');
    server.close();
    for (const connection of this.connections) connection.end();
    await closed;
  }

  /** As after a restart of its service: ids begin at 1 again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  private serve(connection: Connection): void {
    this.connections.add(connection);
    connection.on('close', () => this.connections.delete(connection));
    connection.on('error', () => undefined); // the other side hung up
    connection.on('authentication', (context) =>
      this.mayEnter(context) ? context.accept() : context.reject(['publickey']),
    );
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec: () => ServerChannel, _reject: () => void, { command }: { command: string }) => {
        void this.run(connection, acceptExec(), command).catch(() => connection.end());
      });
    });
  }

  private mayEnter(context: AuthContext): boolean {
    const { onlyFor } = this.options;
    if (onlyFor === undefined) return true;
    if (context.method !== 'publickey') return false;
    const key = this.ssh2.utils.parseKey(onlyFor);
    if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false;
    return (
      !context.signature ||
      (context.blob !== undefined && key.verify(context.blob, context.signature, context.hashAlgo))
    );
  }

  private async run(connection: Connection, channel: ServerChannel, line: string): Promise<void> {
    const words = splitCommand(line);
    this.asked.push(words);
    const index = this.misbehaviours.findIndex(({ command }) => command === '' || command === words[0]);
    const how = this.misbehaviours.splice(index, index < 0 ? 0 : 1)[0]?.how;
    switch (how) {
      case 'silent':
        return;
      case 'hangs up before an answer':
        connection.end();
        return;
      case 'rubbish':
        end(channel, 'Traceback (most recent call last):\n');
        return;
      case 'odd status':
        end(channel, '{"status":"maybe"}');
        return;
      case 'endless':
        endlessly(channel);
        return;
    }
    if (typeof how === 'object') {
      end(channel, how.answers);
      return;
    }
    const reply = await answer(this.world, words, () => payloadOf(channel));
    const text = JSON.stringify({ ...reply, session: { id: this.asked.length } });
    if (how === undefined) end(channel, text);
    else channel.write(text.slice(0, text.length / 2), () => connection.end());
  }
}

/** Open ONI's rules; the part that reads them is loaded when a batch is. */
const asTheLoaderDoes: AgentWorld['checkForOni'] = async (directory, awardees) =>
  (await import('../../batch-files/oni-rules.js')).checkForOni(directory, { awardees });

function end(channel: ServerChannel, text: string): void {
  channel.write(text);
  channel.exit(0);
  channel.end();
}

function endlessly(channel: ServerChannel): void {
  const piece = 'x'.repeat(32_768);
  const more = (): void => {
    if (channel.destroyed || !channel.writable) return;
    channel.write(piece, () => setImmediate(more));
  };
  more();
}

/** What comes before the end mark. */
function payloadOf(channel: ServerChannel): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    channel.on('data', (piece: Buffer) => {
      pieces.push(piece);
      const text = Buffer.concat(pieces).toString('utf8');
      const end = text.indexOf(PAYLOAD_END);
      if (end >= 0) resolve(text.slice(0, end));
    });
    channel.once('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
  });
}
