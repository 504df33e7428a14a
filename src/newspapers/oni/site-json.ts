/** What a site tells of its batches as JSON (newspapers spec 5.6). Nothing of it is trusted before its schema has read it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { parseStorableJson } from '../../engine/storable.js';
import { parseIssueDate } from '../issue-date.js';
import { formatIssueKey } from '../issue-key.js';
import { InvalidLccn, parseLccn } from '../lccn.js';

/** A page of the list, a batch or a title that cannot be read. */
export class SiteTrouble extends Error {
  override name = 'SiteTrouble';
  constructor(
    readonly url: string,
    readonly reason: string,
    /** Of the HTTP answer; undefined when there was none, or what it held made no sense. */
    readonly status?: number,
  ) {
    super(`${url} cannot be read: ${reason}; see whether the site is up, and what a browser shows there`);
  }
}

export interface ListedBatch {
  name: string;
  url: string;
  /** When the site loaded it, in its own words. */
  ingested: string | null;
}

/** An issue as a site shows it. */
export interface SiteIssue {
  lccn: string;
  /** YYYY-MM-DD */
  date: string;
  edition: number;
  /** `LCCN/YYYYMMDDEE`. */
  key: string;
  /** Its JSON. */
  url: string;
}

export interface SiteBatch {
  name: string;
  /** Of the whole batch, where the site tells. */
  pages: number | undefined;
  issues: SiteIssue[];
}

export interface SiteTitle {
  lccn: string;
  name: string;
}

const webUrl = z.url({ protocol: /^https?$/ });
const listPage = z.object({ batches: z.array(z.unknown()), next: webUrl.nullish() });
const listed = z.object({ name: z.string(), url: webUrl, ingested: z.string().nullish() });
const batch = z.object({
  name: z.string(),
  page_count: z.number().int().nonnegative().optional(),
  issues: z.array(z.object({ url: webUrl, date_issued: z.string(), title: z.object({ url: webUrl }) })),
});
const title = z.object({ lccn: z.string(), name: z.string() });
const issue = z.object({ pages: z.array(z.unknown()) });

/** A batch of ten thousand issues is some 3 MB. Unpacked; as values it takes ten times as much memory. */
const MAX_BYTES = 16 * 1024 * 1024;
/** For a whole answer. */
const ANSWER_SECONDS = 60;
const MOST_REDIRECTS = 5;

/** The site is public, and we ask it for thousands of things: a rest between two (spec 5.6). */
const PAUSE_MILLISECONDS = 50;

/** Listed entries that are no batches, with why. */
export interface OddEntry {
  entry: string;
  reason: string;
}

/** One site, read politely: one request at a time with pauses between them. */
export class SiteReader {
  private isFirst = true;
  constructor(
    private readonly root: string,
    private readonly signal: AbortSignal,
    private readonly answerSeconds = ANSWER_SECONDS,
  ) {}

  /** The address of a batch's JSON. */
  batchUrl(fullName: string): string {
    return `${this.root}/batches/${fullName}.json`;
  }

  /** The first page of the list of batches. */
  get listUrl(): string {
    return `${this.root}/batches.json`;
  }

  /**
   * All batches that the site lists.
   *
   * @throws SiteTrouble when a page of the list cannot be read: then nobody knows what is on it
   */
  async *listBatches(): AsyncGenerator<ListedBatch | OddEntry> {
    const seen = new Set<string>();
    for (let url: string | null | undefined = this.listUrl; url;) {
      if (seen.has(url)) throw new SiteTrouble(url, 'the pages of the list of batches go round in a circle');
      seen.add(url);
      const page: z.output<typeof listPage> = await this.read(url, listPage);
      for (const entry of page.batches) {
        const { data, error } = listed.safeParse(entry);
        if (data) yield { name: data.name, url: data.url, ingested: data.ingested ?? null };
        else yield { entry: JSON.stringify(entry).slice(0, 300), reason: problems(error) };
      }
      url = page.next;
    }
  }

  /**
   * A batch with its issues.
   *
   * @param titleAt the title of a URL, each read once
   * @throws SiteTrouble
   */
  async readBatch(url: string, titleAt: (url: string) => Promise<SiteTitle>): Promise<SiteBatch> {
    const { name, page_count: pages, issues } = await this.read(url, batch);
    const read: SiteIssue[] = [];
    for (const { url: issueUrl, date_issued, title: of } of issues) {
      const { lccn } = await titleAt(of.url);
      const date = parseIssueDate(date_issued);
      const edition = Number(/\/ed-(\d{1,2})(?:\.json|\/)?$/.exec(new URL(issueUrl).pathname)?.[1]);
      if (!date)
        throw new SiteTrouble(url, `its issue ${issueUrl} is of ${JSON.stringify(date_issued)}, which is no day`);
      if (!(edition >= 1)) throw new SiteTrouble(url, `the address of its issue ${issueUrl} ends in no edition`);
      read.push({ lccn, date, edition, key: formatIssueKey({ lccn, date, edition }), url: issueUrl });
    }
    return { name, pages, issues: read };
  }

  /** Whether the site shows the batch at all. @throws SiteTrouble */
  async shows(fullName: string): Promise<boolean> {
    try {
      await this.read(this.batchUrl(fullName), batch);
      return true;
    } catch (error) {
      if (error instanceof SiteTrouble && error.status === 404) return false;
      throw error;
    }
  }

  /** @throws SiteTrouble */
  async readTitle(url: string): Promise<SiteTitle> {
    const { lccn, name } = await this.read(url, title);
    try {
      return { lccn: parseLccn(lccn), name };
    } catch (error) {
      if (error instanceof InvalidLccn) throw new SiteTrouble(url, error.message);
      throw error;
    }
  }

  /** How many pages the site shows of an issue. @throws SiteTrouble */
  async countPages(issueUrl: string): Promise<number> {
    return (await this.read(issueUrl, issue)).pages.length;
  }

  private async read<T>(url: string, schema: z.ZodType<T>): Promise<T> {
    if (!this.isFirst) await sleep(PAUSE_MILLISECONDS, undefined, { signal: this.signal });
    this.isFirst = false;
    const text = await this.get(url);
    let json: unknown;
    try {
      json = parseStorableJson(text);
    } catch {
      throw new SiteTrouble(url, `it is no JSON: ${JSON.stringify(text.slice(0, 100))}`);
    }
    const { data, error } = schema.safeParse(json);
    if (error) throw new SiteTrouble(url, problems(error));
    return data;
  }

  private async get(url: string): Promise<string> {
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(this.answerSeconds * 1000)]);
    try {
      const response = await this.followed(url, signal);
      if (!response.ok) {
        await response.body?.cancel();
        throw new SiteTrouble(
          url,
          `the site answers ${response.status} ${response.statusText}`.trim(),
          response.status,
        );
      }
      return await textOf(response, url);
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof SiteTrouble) throw error;
      if (signal.aborted) throw new SiteTrouble(url, `it did not answer within ${this.answerSeconds} s`);
      const { message, cause } = error as Error;
      throw new SiteTrouble(url, cause instanceof Error ? cause.message || message : message); // fetch hides it there
    }
  }

  /** Follows redirects, as from http to https, within the site. */
  private async followed(url: string, signal: AbortSignal): Promise<Response> {
    for (let at = url, steps = 0; ; steps++) {
      this.assertOwn(at);
      const headers = { accept: 'application/json', 'cache-control': 'no-cache' };
      const response = await fetch(at, { signal, headers, redirect: 'manual' });
      const to = response.headers.get('location');
      if (![301, 302, 303, 307, 308].includes(response.status) || to === null) return response;
      await response.body?.cancel();
      if (steps >= MOST_REDIRECTS) throw new SiteTrouble(url, 'it is redirected without end');
      if (!URL.canParse(to, at))
        throw new SiteTrouble(url, `it is redirected to ${JSON.stringify(to)}, which is no address`);
      at = new URL(to, at).href;
    }
  }

  /** What a site says must not make us ask other hosts, which it may not reach itself. @throws SiteTrouble */
  private assertOwn(url: string): void {
    const { hostname } = new URL(this.root);
    const { hostname: named, protocol } = new URL(url);
    if (named === hostname && /^https?:$/.test(protocol)) return;
    throw new SiteTrouble(
      url,
      `it is not on ${hostname}: the site may name no other host than that of NEWS_WEBROOT or STAGING_NEWS_WEBROOT (set there what it calls itself)`,
    );
  }
}

async function textOf(response: Response, url: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += (piece as Uint8Array).length; // a body is of bytes
    if (size > MAX_BYTES) throw new SiteTrouble(url, `it is larger than ${MAX_BYTES} bytes`);
    pieces.push(piece as Uint8Array);
  }
  return Buffer.concat(pieces).toString('utf8');
}

const problems = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`)
    .join(', ');

/** Remembers what was read of each address, so that nothing is asked twice. */
export function once<T>(read: (url: string) => Promise<T>): (url: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (url) => {
    const before = known.get(url);
    if (before) return before;
    const now = read(url);
    known.set(url, now);
    return now;
  };
}
