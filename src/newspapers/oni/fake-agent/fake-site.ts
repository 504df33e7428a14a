/** The public JSON of a site (newspapers spec 5.6), served over HTTP from what a fake agent has loaded. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeOni, LoadedBatch, LoadedIssue } from './fake-oni.js';

export interface FakeSiteOptions {
  oni: FakeOni;
  /** Where it listens; 127.0.0.1 unless told. */
  host?: string;
  /** 0: any that is free. */
  port?: number;
  /** Batches on a page of the list. */
  pageSize?: number;
}

/** Starts one. `stop` it in the end. */
export async function startFakeSite(options: FakeSiteOptions): Promise<FakeSite> {
  const site = new FakeSite(options);
  await site.start();
  return site;
}

export class FakeSite {
  /** The address of the site, without a slash at its end. */
  url = '';
  /** Every path that was asked for. */
  readonly requests: string[] = [];
  /** What is answered instead at some paths. */
  readonly instead = new Map<string, { status: number; body: string }>();
  private readonly server: Server;

  constructor(private readonly options: FakeSiteOptions) {
    this.server = createServer((request, response) => {
      const path = request.url ?? '/';
      this.requests.push(path);
      const other = this.instead.get(path);
      const json = other ? undefined : this.json(path);
      response.writeHead(other?.status ?? (json ? 200 : 404), { 'content-type': 'application/json' });
      response.end(other?.body ?? JSON.stringify(json ?? { detail: 'Not found' }));
    });
    this.server.keepAliveTimeout = 0; // else it hangs up on a caller that was silent for five seconds, maybe amid its next request
  }

  async start(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.options;
    this.server.listen(port, host);
    await once(this.server, 'listening');
    this.url = `http://${host}:${(this.server.address() as AddressInfo).port}`; // it listens on TCP
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private json(path: string): unknown {
    const page = /^\/batches(?:\/(\d+))?\.json$/.exec(path);
    if (page) return this.list(Number(page[1] ?? 1));
    const batch = this.options.oni.batches.get(/^\/batches\/(\w+)\.json$/.exec(path)?.[1] ?? '');
    if (batch) return { ...this.entry(batch), issues: batch.issues.map((issue) => this.listed(issue)) };
    const [, lccn = '', date, edition] = /^\/lccn\/(\w+)(?:\/([\d-]{10})\/ed-(\d+))?\.json$/.exec(path) ?? [];
    const issues = this.issues().filter((issue) => issue.lccn === lccn);
    if (date === undefined) return issues.length > 0 ? this.title(lccn) : undefined;
    const issue = issues.find((each) => each.date === date && String(each.edition) === edition);
    return (
      issue && { ...this.listed(issue), pages: Array.from({ length: issue.pages }, (_, i) => this.page(issue, i + 1)) }
    );
  }

  private issues(): LoadedIssue[] {
    return [...this.options.oni.batches.values()].flatMap(({ issues }) => issues);
  }

  private list(number: number): unknown {
    const { oni, pageSize = 25 } = this.options;
    const all = [...oni.batches.values()];
    const batches = all.slice((number - 1) * pageSize, number * pageSize).map((batch) => this.entry(batch));
    return { batches, ...(number * pageSize < all.length && { next: `${this.url}/batches/${number + 1}.json` }) };
  }

  private entry({ name, ingested, issues }: LoadedBatch) {
    return {
      name,
      url: `${this.url}/batches/${name}.json`,
      ingested: ingested.toISOString(),
      page_count: issues.reduce((sum, { pages }) => sum + pages, 0),
      lccns: [...new Set(issues.map(({ lccn }) => lccn))],
    };
  }

  private listed({ lccn, date, edition }: LoadedIssue) {
    const title = { url: `${this.url}/lccn/${lccn}.json`, name: this.options.oni.titles.get(lccn) ?? lccn };
    return { url: `${this.url}/lccn/${lccn}/${date}/ed-${edition}.json`, date_issued: date, title };
  }

  private title(lccn: string) {
    return { lccn, name: this.options.oni.titles.get(lccn) ?? lccn, url: `${this.url}/lccn/${lccn}.json` };
  }

  private page({ lccn, date, edition }: LoadedIssue, sequence: number) {
    const name = `${this.url}/lccn/${lccn}/${date}/ed-${edition}/seq-${sequence}.json`;
    return { url: name, sequence };
  }
}
