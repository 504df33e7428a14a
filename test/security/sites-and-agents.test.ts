/** Sites and ONI agents that were taken over: what they answer costs neither memory nor time without end, and leads nowhere else. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openAgent, type Agent } from '../../src/newspapers/oni/agent-client.js';
import { AgentTalksRubbish, AgentTrouble } from '../../src/newspapers/oni/agent-errors.js';
import { SiteReader, SiteTrouble } from '../../src/newspapers/oni/site-json.js';
import { useDatabase } from '../engine/support.js';
import { givenAgent, settingsFor } from '../newspapers/oni/stage.js';

const own = useDatabase();

/** A web server on a free port of 127.0.0.1. */
async function givenServer(listener: RequestListener, host = '127.0.0.1'): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`; // it listens on a port
}
const troubleOf = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => error as Error,
  );
const reader = (root: string, answerSeconds?: number) =>
  new SiteReader(root, new AbortController().signal, answerSeconds);
async function listOf(site: SiteReader): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const each of site.listBatches()) all.push(each);
  return all;
}
const MEGABYTE = 1024 * 1024;

describe('a site', () => {
  /** Somewhere that only we can reach. */
  async function givenInside() {
    const asked: string[] = [];
    const url = await givenServer(({ url: path = '' }, response) => {
      asked.push(path);
      response.end('{"batches":[]}');
    }, '127.0.0.2');
    return { url, asked };
  }

  test('that redirects elsewhere is not followed', async () => {
    const inside = await givenInside();
    const site = await givenServer((_, response) => response.writeHead(302, { location: `${inside.url}/admin` }).end());
    const trouble = await troubleOf(listOf(reader(site)));
    expect(trouble).toBeInstanceOf(SiteTrouble);
    expect(trouble.message).toMatch(
      /127\.0\.0\.2:\d+\/admin cannot be read: it is not on 127\.0\.0\.1: .*NEWS_WEBROOT/,
    );
    expect(inside.asked).toEqual([]);
  });

  test('that redirects to a file, or to itself without end, is not followed', async () => {
    const file = await givenServer((_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end());
    expect((await troubleOf(listOf(reader(file)))).message).toMatch(/it is not on 127\.0\.0\.1/);
    const round = await givenServer((_, response) => response.writeHead(307, { location: '/again' }).end());
    expect((await troubleOf(listOf(reader(round)))).message).toMatch(/it is redirected without end/);
  });

  test('that moved within its host is followed', async () => {
    const site = await givenServer(({ url }, response) => {
      if (url === '/batches.json') response.writeHead(308, { location: '/moved' }).end();
      else response.end('{"batches":[]}');
    });
    expect(await listOf(reader(site))).toEqual([]);
  });

  test('whose list, batch or title lies elsewhere leads nowhere', async () => {
    const inside = await givenInside();
    const list = await givenServer((_, response) => response.end(JSON.stringify({ batches: [], next: inside.url })));
    expect((await troubleOf(listOf(reader(list)))).message).toMatch(/it is not on 127\.0\.0\.1/);
    const site = reader(list);
    for (const read of [
      site.readBatch(inside.url, () => Promise.reject(new Error())),
      site.readTitle(inside.url),
      site.countPages(inside.url),
    ])
      expect((await troubleOf(read)).message).toMatch(/it is not on 127\.0\.0\.1/);
    expect(inside.asked).toEqual([]);
  });

  test('that drips a byte now and then is not waited for', async () => {
    const site = await givenServer((_, response) => {
      response.write('{');
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect((await troubleOf(listOf(reader(site, 0.3)))).message).toMatch(/it did not answer within 0\.3 s/);
  });

  test.each<[string, RequestListener]>([
    [
      'that never ends',
      (_, response) => {
        const more = () => response.writable && response.write(Buffer.alloc(MEGABYTE, ' '), () => setImmediate(more));
        more();
      },
    ],
    [
      'that is packed a thousand to one',
      (_, response) => {
        response.setHeader('content-encoding', 'gzip');
        response.end(gzipSync(Buffer.alloc(64 * MEGABYTE, ' ')));
      },
    ],
  ])('with an answer %s is left', async (_what, listener) => {
    expect((await troubleOf(listOf(reader(await givenServer(listener))))).message).toMatch(
      /it is larger than 16777216 bytes/,
    );
  });

  test.each<[string, string, RegExp]>([
    ['lists within lists', '['.repeat(8 * MEGABYTE), /it is no JSON: "\[\[/],
    ['millions of small things', `{"batches":[${'{},'.repeat(2 * MEGABYTE)}{}`, /it is no JSON/],
    ['something else', '{"batches":{"length":1e9}}', /batches: .*expected array/],
  ])('that answers with %s is told so', async (_what, body, message) => {
    const site = await givenServer((_, response) => response.end(body));
    expect((await troubleOf(listOf(reader(site)))).message).toMatch(message);
  });
});

describe('an agent', () => {
  async function givenHostile(answers: string): Promise<Agent> {
    const fake = await givenAgent();
    fake.misbehave({ answers });
    return openAgent(own.database.kysely, settingsFor(fake), 'staging', { signal: new AbortController().signal });
  }

  test.each<[string, string, RegExp]>([
    ['lists within lists', '['.repeat(2 * MEGABYTE), /its answer makes no sense \(no JSON/],
    ['more than a job is worth', `"${'x'.repeat(5 * MEGABYTE)}"`, /more than 4194304 bytes/],
    ['a number that is none', '{"status":"success","job":{"id":1e999}}', /job\.id/],
    ['a name that every object has', '{"status":"success","job":{"__proto__":{"id":1}}}', /job\.id/],
  ])('that answers with %s is told so', async (_what, answer, message) => {
    const trouble = await troubleOf((await givenHostile(answer)).loadBatch('batch_mwa_a_ver01'));
    expect(trouble).toBeInstanceOf(AgentTalksRubbish);
    expect(trouble).toBeInstanceOf(AgentTrouble);
    expect(trouble.message).toMatch(message);
    expect(trouble.message.length).toBeLessThan(1000);
  });
});
