import pg from 'pg';
import type { Logger } from 'pino';

const KEEP_ALIVE_MS = 10_000;
const RECONNECT_MS = 2_000;
/** A server that does not answer by then is tried again later; hints are not worth waiting for. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * LISTEN on a connection of its own. Notifications are mere hints that save the wait for the next poll: when the connection is
 * lost, or a pooler swallows them, everything still runs. The payload is the queue that got work, or `cancel`.
 */
export class Hints {
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly connection: pg.ClientConfig,
    private readonly log: Logger,
    private readonly onHint: (payload: string) => void,
  ) {}

  async start(): Promise<void> {
    const client = new pg.Client({
      ...this.connection,
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
    });
    this.client = client;
    client.on('notification', ({ payload }) => this.onHint(payload ?? ''));
    client.on('error', () => this.reconnect(client));
    client.on('end', () => this.reconnect(client));
    try {
      await client.connect();
      await client.query('listen pressmark');
      this.timer = setInterval(() => void client.query('select 1').catch(() => this.reconnect(client)), KEEP_ALIVE_MS);
    } catch {
      this.reconnect(client);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private reconnect(client: pg.Client): void {
    if (this.stopped || this.client !== client) return;
    this.client = undefined;
    clearTimeout(this.timer);
    this.log.debug('lost the connection for hints; polling goes on');
    client.end().catch(() => undefined);
    this.timer = setTimeout(() => void this.start(), RECONNECT_MS);
  }
}
