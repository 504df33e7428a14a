/** What is live on the public site, in the database (newspapers spec 5.6). */
import { beforeEach, describe, expect, test } from 'vitest';
import { bulkQueue } from '../../../src/newspapers/bulk-queue.js';
import { parseIssueKey, parseSearchKey } from '../../../src/newspapers/issue-key.js';
import { FakeOni, type LoadedIssue } from '../../../src/newspapers/oni/fake-agent/fake-oni.js';
import type { FakeSite } from '../../../src/newspapers/oni/fake-agent/fake-site.js';
import { isLive } from '../../../src/newspapers/oni/live-index.js';
import { readLiveIndex } from '../../../src/newspapers/oni/read-live-index.js';
import { SiteReader, SiteTrouble } from '../../../src/newspapers/oni/site-json.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { UploadClock } from '../../../src/newspapers/uploads/clock.js';
import { refreshLiveIndex } from '../../../src/newspapers/watchers/refresh-live-index.js';
import { readableLog, rows, startRunner, testSettings, until, useDatabase } from '../../engine/support.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { givenTitle } from '../rows.js';
import { givenFiles } from '../upload-area.js';
import { givenSite } from './stage.js';

const own = useDatabase();
const db = () => own.database.kysely;
let oni: FakeOni;
let site: FakeSite;
beforeEach(async () => {
  await rows(
    own,
    'truncate newspapers.live_batches, newspapers.live_titles, newspapers.titles, newspapers.orgs cascade',
  );
  oni = new FakeOni();
  site = await givenSite(oni, 2);
});

const issue = (date: string, lccn = 'sn11111111', edition = 1): LoadedIssue => ({ lccn, date, edition, pages: 4 });
function givenLive(name: string, ...issues: LoadedIssue[]): void {
  oni.batches.set(name, { name, awardee: 'mwa', ingested: new Date(), issues });
}
const [A, B, C] = ['batch_mwa_a_ver01', 'batch_mwa_b_b_ver02', 'batch_mwa_c_ver01'] as const;

/** Refreshes. @returns what it did, what it asked the site, and its warnings */
async function refreshed() {
  const { log, lines } = readableLog();
  const { signal } = new AbortController();
  site.requests.length = 0;
  const did = await readLiveIndex({ db: db(), site: new SiteReader(site.url, signal), log, signal });
  return { did, asked: [...site.requests], warnings: lines.map(({ msg }) => String(msg)) };
}

const live = (key: string) => isLive(db(), parseIssueKey(key));

describe('the index of the live site', () => {
  test('follows the pages of the list, and reads every batch and every title once', async () => {
    givenLive(A, issue('1856-05-10'), issue('1856-05-17', 'sn22222222', 12));
    givenLive(B, issue('1856-05-24'));
    givenLive(C, issue('1856-05-31'));
    const first = await refreshed();
    expect(first.did).toEqual({ listed: 3, read: 3, removed: 0, skipped: 0 });
    expect(first.asked).toEqual([
      '/batches.json',
      `/batches/${A}.json`,
      '/lccn/sn11111111.json',
      '/lccn/sn22222222.json',
      `/batches/${B}.json`,
      '/batches/2.json',
      `/batches/${C}.json`,
    ]);
    expect(await live('sn22222222/1856051712')).toEqual({
      batch: A,
      url: `${site.url}/lccn/sn22222222/1856-05-17/ed-12/`,
    });
    expect(await live('sn22222222/1856051701')).toBeUndefined();
    givenLive('batch_mwa_d_ver01', issue('1856-06-07', 'sn22222222'));
    expect((await refreshed()).asked).toEqual(['/batches.json', '/batches/2.json', '/batches/batch_mwa_d_ver01.json']);
    expect(await live('sn22222222/1856060701')).toMatchObject({ batch: 'batch_mwa_d_ver01' });
  });

  test('forgets what is gone, and reads anew what was loaded anew', async () => {
    givenLive(A, issue('1856-05-10'));
    givenLive(B, issue('1856-05-17'));
    await refreshed();
    oni.batches.delete(A);
    oni.batches.set(B, { name: B, awardee: 'mwa', ingested: new Date(0), issues: [issue('1856-05-24')] });
    expect((await refreshed()).did).toEqual({ listed: 1, read: 1, removed: 1, skipped: 0 });
    expect(await live('sn11111111/1856051001')).toBeUndefined();
    expect(await live('sn11111111/1856051701')).toBeUndefined();
    expect(await live('sn11111111/1856052401')).toBeDefined();
  });

  test('an empty list forgets nothing, one that lost more than half is told', async () => {
    for (const [n, name] of [A, B, C].entries()) givenLive(name, issue(`1856-05-1${n}`));
    await refreshed();
    const lost = [...oni.batches];
    oni.batches.clear();
    await expect(refreshed()).rejects.toThrow(
      /batches\.json cannot be read: it lists no batch at all, and 3 are known/,
    );
    expect(await live('sn11111111/1856051001')).toBeDefined();
    oni.batches.set(...(lost[0] as (typeof lost)[0]));
    const { did, warnings } = await refreshed();
    expect(did).toMatchObject({ removed: 2 });
    expect(warnings).toEqual([expect.stringContaining('lists 2 of 3 known batches no more')]);
  });

  test('W24: an odd batch name is told once and passed over; the scan goes on', async () => {
    givenLive(A, issue('1856-05-10'));
    givenLive('test_batch', issue('1856-05-17'));
    givenLive(C, issue('1856-05-24'));
    const first = await refreshed();
    expect(first.did).toEqual({ listed: 3, read: 2, removed: 0, skipped: 1 });
    expect(first.warnings).toEqual([
      `the live site's batch test_batch is left out of the index of duplicates: its name is not batch_<organisation>_<keyword>_ver<NN>`,
    ]);
    expect(await live('sn11111111/1856052401')).toBeDefined();
    const second = await refreshed();
    expect(second.warnings).toEqual([]);
    expect(second.did.skipped).toBe(1);
  });

  test('W24: a batch that cannot be read, or an entry that is none, keeps no other out; it is tried again', async () => {
    givenLive(A, issue('1856-05-10'));
    givenLive(B, issue('1856-05-17'));
    site.instead.set(`/batches/${A}.json`, { status: 500, body: 'sorry' });
    const first = await refreshed();
    expect(first.did).toMatchObject({ read: 1, skipped: 1 });
    expect(first.warnings[0]).toMatch(/batch_mwa_a_ver01\.json cannot be read: the site answers 500/);
    expect((await refreshed()).warnings).toEqual([]);
    site.instead.set(`/batches/${A}.json`, { status: 200, body: '{"name":"x","issues":[{}]}' });
    expect((await refreshed()).warnings[0]).toMatch(/issues\.0\.url/);
    site.instead.clear();
    expect((await refreshed()).did).toEqual({ listed: 2, read: 1, removed: 0, skipped: 0 });
    expect(await live('sn11111111/1856051001')).toBeDefined();
    const list = { batches: [{ title: 'no batch' }, { name: B, url: `${site.url}/batches/${B}.json` }] };
    site.instead.set('/batches.json', { status: 200, body: JSON.stringify(list) });
    expect((await refreshed()).warnings[0]).toMatch(/the list does not say what it is \(name: /);
  });

  test.each([
    ['cannot be reached', { status: 502, body: '' }, /502/],
    ['is no JSON', { status: 200, body: '<html>' }, /it is no JSON/],
    ['goes round in a circle', { status: 200, body: 'next' }, /circle/],
  ])('nothing is forgotten when a page of the list %s', async (_what, answer, message) => {
    for (const name of [A, B, C]) givenLive(name, issue('1856-05-10'));
    await refreshed();
    const body =
      answer.body === 'next' ? JSON.stringify({ batches: [], next: `${site.url}/batches.json` }) : answer.body;
    site.instead.set('/batches/2.json', { ...answer, body });
    await expect(refreshed()).rejects.toThrow(SiteTrouble);
    await expect(refreshed()).rejects.toThrow(message);
    expect(await rows(own, 'select from newspapers.live_batches')).toHaveLength(3);
  });

  test('the watcher keeps it; without NEWS_WEBROOT it does nothing', async () => {
    givenLive(A, issue('1856-05-10'));
    const settings = { NEWS_WEBROOT: `${site.url}/` };
    const runner = await startRunner(own, { watchers: [refreshLiveIndex], settings, queues: {} });
    await until('it is there', async () => (await live('sn11111111/1856051001')) !== undefined);
    await runner.stop(0);
    await expect(
      refreshLiveIndex.run({ settings: testSettings } as Parameters<typeof refreshLiveIndex.run>[0]),
    ).resolves.toBeUndefined();
  });
});

describe('an upload of an issue that is live (newspapers spec 5.4 row 17)', () => {
  async function queue(duplicateReason?: string) {
    const settings = {
      ...testSettings,
      PDF_UPLOAD_PATH: area,
      DURATION_ISSUE_CONSIDERED_DANGEROUS: 0,
      DURATION_ISSUE_CONSIDERED_NEW: 0,
    };
    const search = parseSearchKey('sn11111111');
    const clock = new UploadClock(db(), () => undefined);
    const events = bulkQueue(db(), settings, {
      ...{ kind: 'borndigital' as const, search, dryRun: false, actor: 'a test', clock, now: () => new Date() },
      ...(duplicateReason !== undefined && { duplicateReason }),
    });
    const next = await events.next();
    if (next.done || next.value.event !== 'upload') throw new Error('there is no upload');
    return next.value.outcome;
  }
  let area: string;
  beforeEach(async () => {
    await addOrg(db(), 'mwa', 'American Antiquarian Society');
    await givenTitle(db(), 'sn11111111', { orgCode: 'mwa' });
    area = await temporaryDirectory();
    await givenFiles(area, 'sn11111111/1856-05-10/1.pdf');
    givenLive(A, issue('1856-05-10'));
    await refreshed();
  });

  test('W31: is blocked as a duplicate, told where it is live, and goes in only with a reason, which is kept', async () => {
    expect(await queue()).toMatchObject({
      outcome: 'skipped',
      why: 'problems',
      problems: [
        {
          rule: 'duplicate',
          message: expect.stringContaining(`of an issue that is live, in ${A}: ${site.url}`) as string,
        },
      ],
    });
    expect(await queue('a better scan')).toMatchObject({ outcome: 'queued' });
    expect(await rows(own, `select detail from events where kind = 'duplicate_allowed'`)).toMatchObject([
      { detail: { reason: 'a better scan', live: { batch: A } } },
    ]);
  });

  test('another edition of that day goes in', async () => {
    oni.batches.clear();
    givenLive(B, issue('1856-05-10', 'sn11111111', 2));
    await refreshed();
    expect(await queue()).toMatchObject({ outcome: 'queued' });
  });
});
