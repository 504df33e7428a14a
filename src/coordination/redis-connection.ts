import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import { answerWithin, NoAnswer } from './answer-within.js';
import { LocksUnavailable } from './locks.js';
import { printedAddress, type RedisAddress } from './redis-address.js';

/** Redis answers in a millisecond: one that takes longer is as good as away. */
const ANSWER_WITHIN_MS = 3_000;

/** While it is away, new locks are asked for once in so long; the others are refused at once and hold up no other work. */
const ASK_AGAIN_MS = 1_000;

/** What a command is for. A Redis that is full still renews and releases, so that the end of an outage is told by what failed. */
export type Purpose = 'take' | 'keep' | 'progress';

/** Told once when Redis goes away, and once when it is back. */
export interface OutageListener {
  onOutage(reason: string): void;
  onBack(): void;
}

/**
 * The connection to Redis of a process: opened when first needed, opened again whenever it breaks, every command answered or
 * refused within seconds, nothing queued for better times. No error of the client's leaves this file: they carry their commands, and AUTH
 * carries the password.
 */
export class RedisConnection {
  readonly name: string;
  private readonly client: Redis;
  private lastError: string | undefined;
  private outage: { purpose: Purpose; reason: string; since: number; askedAt: number } | undefined;
  private opening: Promise<void> | undefined;
  private closed = false;

  constructor(
    address: RedisAddress,
    private readonly listener: OutageListener = { onOutage: () => undefined, onBack: () => undefined },
    private readonly answerWithinMs = ANSWER_WITHIN_MS,
  ) {
    this.name = printedAddress(address);
    const { host, port, db, username, password, tls } = address;
    this.client = new Redis({
      host,
      port,
      db,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(tls && {
        tls: { ...(tls.ca !== undefined && { ca: tls.ca }), ...(isIP(host) === 0 && { servername: host }) },
      }),
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: this.answerWithinMs,
      retryStrategy: (times) => Math.min(100 * 2 ** times, 2_000) * (0.75 + Math.random() / 2),
      protocol: 2, // what every version speaks
      disableClientInfo: true,
      connectionName: 'pressmark',
    });
    this.client.on('error', (error: Error) => (this.lastError = error.message));
    this.client.on('ready', () => (this.lastError = undefined));
  }

  /**
   * Sends a command.
   *
   * @throws LocksUnavailable with the reason and what to do, never with a password
   */
  async call<T>(purpose: Purpose, command: (client: Redis) => Promise<T>): Promise<T> {
    if (this.outage && purpose === 'take' && performance.now() - this.outage.askedAt < ASK_AGAIN_MS)
      throw this.unavailable(this.outage.reason, false);
    if (this.outage && purpose === 'take') this.outage.askedAt = performance.now();
    let wasSent = false;
    try {
      await this.ready();
      wasSent = true;
      const answer = await this.answered(command(this.client));
      this.worked(purpose);
      return answer;
    } catch (error) {
      const { name, message } = error as Error;
      // ioredis speaks of its settings where it means that the connection broke under the command
      const reason = name === 'MaxRetriesPerRequestError' ? (this.lastError ?? 'the connection broke') : message;
      throw this.failed(purpose, reason, wasSent && name !== 'ReplyError');
    }
  }

  /** Opens the connection, so that a daemon says at once when it cannot. Never throws. */
  async open(): Promise<void> {
    await this.call('take', (client) => client.ping()).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    this.client.disconnect();
  }

  /** The first connection is waited for; a broken one is mended in the background, and who asks meanwhile is refused. */
  private async ready(): Promise<void> {
    if (this.client.status === 'ready') return;
    if (this.client.status === 'wait') {
      this.opening = this.client.connect();
      this.opening.catch(() => undefined).finally(() => (this.opening = undefined));
    }
    if (this.opening === undefined) throw new Error(this.lastError ?? 'the connection is lost');
    await answerWithin(this.answerWithinMs, this.opening).catch((error: unknown) => {
      throw new Error(this.lastError ?? (error as Error).message);
    });
  }

  private async answered<T>(asked: Promise<T>): Promise<T> {
    try {
      return await answerWithin(this.answerWithinMs, asked);
    } catch (error) {
      // A connection that says nothing may be dead without knowing it: a new one tells.
      if (error instanceof NoAnswer && !this.closed) this.client.disconnect(true);
      throw error;
    }
  }

  private worked(purpose: Purpose): void {
    if (!this.outage || (purpose !== 'take' && purpose !== this.outage.purpose)) return;
    this.outage = undefined;
    this.listener.onBack();
  }

  private failed(purpose: Purpose, reason: string, wasAsked: boolean): LocksUnavailable {
    const isNew = this.outage === undefined;
    const now = performance.now();
    this.outage = { purpose, since: now, askedAt: now, ...this.outage, reason };
    const error = this.unavailable(reason, wasAsked);
    if (isNew && !this.closed) this.listener.onOutage(error.message);
    return error;
  }

  private unavailable(reason: string, wasAsked: boolean): LocksUnavailable {
    const outageSeconds = this.outage ? (performance.now() - this.outage.since) / 1000 : 0;
    return new LocksUnavailable(
      `${this.name} cannot be used: ${reason}; ${remedyFor(reason)}`,
      outageSeconds,
      wasAsked,
    );
  }
}

const REMEDIES: readonly [RegExp, string][] = [
  [/^OOM /, 'it is full: raise its maxmemory, or give Pressmark a Redis of its own'],
  [/^(WRONGPASS|NOAUTH|ERR (AUTH|invalid password))/i, 'check user and password in REDIS_URL'],
  [/^NOPERM/, 'its user must be allowed EVAL, GET, SET, PEXPIRE, PTTL, DEL, TIME and MGET on pressmark:*'],
  [/^READONLY/, 'it is a replica: REDIS_URL must name the primary'],
  [/^MISCONF/, 'it cannot save to its disk: look at its log'],
  [/^LOADING/, 'it is starting'],
  [
    /certificate|self.signed|altnames|SSL|TLS/i,
    'check REDIS_CA, and that its certificate is for the host of REDIS_URL',
  ],
  [/^ERR DB index/, 'check the database number at the end of REDIS_URL'],
];

const remedyFor = (reason: string): string =>
  REMEDIES.find(([pattern]) => pattern.test(reason))?.[1] ?? 'is it running, is REDIS_URL right?';
