/** The address for Prometheus and for load balancers: two pages, nothing else. */
import { createServer, type Server } from 'node:http';
import type { Logger } from 'pino';

const ANSWERED_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 5_000;
const CONNECTIONS = 20;
const AGAIN_MS = 10_000;

export interface Pages {
  metrics: () => Promise<string>;
  isHealthy: () => boolean;
}

export interface MetricsAddress {
  host: string;
  port: number;
}

/**
 * Answers GET /metrics and GET /healthz (200 `ok`, 503 `not ok`). An address that is taken is tried again: a daemon that ends may still
 * have it, and no job waits for figures.
 */
export class MetricsServer {
  private readonly server: Server;
  private timer: NodeJS.Timeout | undefined;
  private told = false;

  constructor(
    private readonly address: MetricsAddress,
    private readonly pages: Pages,
    private readonly log: Logger,
  ) {
    this.server = createServer({ requestTimeout: REQUEST_WITHIN_MS, headersTimeout: REQUEST_WITHIN_MS, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 }, (request, response) => {
        const answer = (status: number, type: string, body: string) =>
          response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' }).end(body);
        this.answer(request.method ?? '', request.url ?? '', answer).catch((error: unknown) => {
          this.log.warn({ err: error }, 'the figures could not be told');
          answer(500, PLAIN, 'no figures now; the log says why\n');
        });
      }); // prettier-ignore
    this.server.timeout = ANSWERED_WITHIN_MS;
    this.server.maxConnections = CONNECTIONS;
    this.server.on('error', (error: NodeJS.ErrnoException) => this.again(error));
    this.server.on('listening', () => {
      this.told = false;
      this.log.info({ address: this.server.address() }, 'figures at /metrics');
    });
  }

  start(): void {
    this.server.listen(this.address.port, this.address.host);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(
    method: string,
    url: string,
    answer: (status: number, type: string, body: string) => unknown,
  ): Promise<void> {
    const path = url.split('?', 1)[0];
    if (path !== '/metrics' && path !== '/healthz') answer(404, PLAIN, 'only /metrics and /healthz\n');
    else if (method !== 'GET') answer(405, PLAIN, 'only GET\n');
    else if (path === '/metrics') answer(200, PROMETHEUS, await this.pages.metrics());
    else if (this.pages.isHealthy()) answer(200, PLAIN, 'ok\n');
    else answer(503, PLAIN, 'not ok\n');
  }

  private again(error: NodeJS.ErrnoException): void {
    const { host, port } = this.address;
    if (!this.told)
      this.log.error({ err: error }, `no figures at METRICS_ADDRESS ${host}:${port}: ${error.message}; it is tried again every ${AGAIN_MS / 1000} s, jobs go on`); // prettier-ignore
    this.told = true;
    this.timer = setTimeout(() => this.start(), AGAIN_MS).unref();
  }
}

const PLAIN = 'text/plain; charset=utf-8';
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
