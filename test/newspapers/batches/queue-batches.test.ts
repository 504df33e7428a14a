/** Making batches of what is ready, against the database (newspapers spec 7.1). */
import { beforeEach, describe, expect, test } from 'vitest';
import { nameOfBatch } from '../../../src/newspapers/batches/batch-name.js';
import { programLock } from '../../../src/coordination/lock-names.js';
import { LockHeld } from '../../../src/coordination/locks.js';
import { openCoordination } from '../../../src/coordination/coordination.js';
import { createBatch, IssuesTaken } from '../../../src/newspapers/batches/create-batch.js';
import {
  queueBatches,
  queueBatchesAlone,
  type QueueBatchesEvent,
} from '../../../src/newspapers/batches/queue-batches.js';
import { listBatchIssues } from '../../../src/newspapers/batches/batches.js';
import { listBatchEvents } from '../../../src/newspapers/batches/batch-events.js';
import { listIssueEvents } from '../../../src/newspapers/issue-events.js';
import { getOrg } from '../../../src/newspapers/orgs.js';
import { changeTitle } from '../../../src/newspapers/titles.js';
import { rows, testSettings, useDatabase } from '../../engine/support.js';
import { givenReady } from './ready.js';

const own = useDatabase();
const settings = { ...testSettings, NEWS_WEBROOT: 'https://news.somewhere.edu' };
const db = () => own.database.kysely;

beforeEach(() => rows(own, 'truncate newspapers.orgs, newspapers.titles, file_sets restart identity cascade'));

async function queue(
  more: { min?: number; max?: number; dryRun?: boolean; redo?: boolean; now?: Date; orgs?: string[] } = {},
) {
  const { min = 1, max = 100, dryRun = false, redo = false, now, orgs } = more;
  const events: QueueBatchesEvent[] = [];
  for await (const event of queueBatches(db(), settings, {
    redo,
    sizes: { min, max },
    dryRun,
    actor: 'ann',
    now,
    orgs,
  }))
    events.push(event);
  return events;
}
/** As it stands in the names of batches. */
const dayOf = (at: Date) => at.toISOString().slice(0, 10).replaceAll('-', '');
const made = (events: QueueBatchesEvent[]) => events.flatMap((event) => (event.event === 'batch' ? [event] : []));
const state = () =>
  rows<{ id: number; batch_id: number | null; workflow_step: string }>(
    own,
    'select id::int, batch_id::int, workflow_step from newspapers.issues order by id',
  );

test('a batch, its issues, their events and its pipeline', async () => {
  const issue = await givenReady(db(), { pages: 4 });
  const before = new Date();
  const [event] = made(await queue());
  expect(event?.batch).toMatchObject({ status: 'pending', version: 1, orgCode: 'mwa', location: null });
  const days = [before, new Date()].map(dayOf); // midnight may come between them
  expect(days.map((day) => `batch_mwa_${day}${event?.batch.name ?? ''}_ver01`)).toContain(event?.batch.fullName);
  expect(await listBatchIssues(db(), event?.batch.id ?? 0)).toMatchObject([{ id: issue.id }]);
  expect(await listBatchEvents(db(), event?.batch.id ?? 0)).toMatchObject([
    { kind: 'batch_created', actor: 'ann', detail: { issues: 1 } },
  ]);
  expect((await listIssueEvents(db(), issue.id)).at(-1)).toMatchObject({
    kind: 'added_to_batch',
    detail: { batch: event?.batch.fullName },
  });
  const pipelines = await rows(own, `select id::int, name, object_type, object_id::int, status from pipelines`);
  expect(pipelines).toEqual([
    { id: event?.pipelineId, name: 'MakeBatch', object_type: 'batch', object_id: event?.batch.id, status: 'pending' },
  ]);
  const types = await rows<{ type: string }>(own, 'select type from jobs order by sequence');
  expect(types.map(({ type }) => type)).toEqual([
    ...['check_batch_space', 'create_batch_structure', 'make_batch_xml', 'rename_directory', 'set_batch_location'],
    ...['write_bagit_manifest', 'validate_tagmanifest', 'copy_live'],
    ...['oni_load_batch', 'oni_wait_for_job', 'compare_with_site', 'batch_qc'],
  ]);
  expect(made(await queue())).toEqual([]); // nothing is ready any more
});

test('two organisations never share a batch (11.4.12)', async () => {
  for (const org of ['oru', 'mwa', 'oru', 'mwa']) await givenReady(db(), { org });
  const batches = made(await queue()).map(({ batch }) => batch);
  expect(batches.map(({ orgCode }) => orgCode)).toEqual(['mwa', 'oru']);
  for (const { id, orgCode } of batches)
    expect((await listBatchIssues(db(), id)).map((issue) => issue.orgCode)).toEqual([orgCode, orgCode]);
});

test('only the organisations asked for', async () => {
  for (const org of ['oru', 'mwa']) await givenReady(db(), { org });
  expect(made(await queue({ orgs: ['oru'] })).map(({ batch }) => batch.orgCode)).toEqual(['oru']);
});

test('what is too few waits until one of them is stale for 30 days; embargoes count', async () => {
  await givenReady(db(), { lccn: 'sn1', pages: 3, approvedDaysAgo: 29.5 });
  expect(await queue({ min: 10 })).toMatchObject([{ event: 'too small', org: 'mwa', pages: 3, staleDays: 29 }]);
  await givenReady(db(), { lccn: 'sn2', pages: 3, approvedDaysAgo: 30.5, date: '2026-01-10' });
  await changeTitle(db(), 'sn2', { embargo: '1 month' });
  const early = await queue({ min: 10, now: new Date('2026-02-01') });
  expect(early.map(({ event }) => event).sort()).toEqual(['embargoed', 'too small']);
  expect(made(await queue({ min: 10 }))).toMatchObject([{ pages: 6 }]);
});

test('a dry run tells the same and writes nothing', async () => {
  for (let i = 0; i < 5; i++) await givenReady(db(), { pages: 30 });
  const before = await state();
  const told = await queue({ dryRun: true });
  expect(told.map(({ event }) => event)).toEqual(['bin', 'bin']);
  expect(await state()).toEqual(before);
  expect(await rows(own, 'select from newspapers.batches')).toEqual([]);
  const done = await queue();
  const bins = (events: QueueBatchesEvent[]) =>
    events.map((event) => ('issues' in event ? event.issues.map(({ id }) => id) : []));
  expect(bins(done)).toEqual(bins(told));
});

describe('one bad issue does not keep the others back (W30)', () => {
  test('each is told with its reason', async () => {
    const good = await givenReady(db(), { lccn: 'sn1' });
    await givenReady(db(), { lccn: 'sn2' });
    await rows(own, `update newspapers.titles set validated_at = null where lccn = 'sn2'`);
    await givenReady(db(), { lccn: 'sn3' });
    await rows(own, `update newspapers.titles set embargo = 'for ever' where lccn = 'sn3'`);
    await givenReady(db(), { lccn: 'sn4', pages: 0 });
    await givenReady(db(), { lccn: 'sn5', files: [] });
    await givenReady(db(), { lccn: 'sn6', files: ['0001.pdf'] });
    await givenReady(db(), { lccn: 'sn7', location: null });
    await givenReady(db(), { lccn: 'sn8', location: '/elsewhere' }); // its records are of another directory
    const again = await givenReady(db(), { lccn: 'sn1', duplicateReason: 'rescanned' });
    await givenReady(db(), { lccn: 'sn9', org: 'ox-ford' });
    const events = await queue();
    expect(made(events).flatMap(({ issues }) => issues.map(({ id }) => id))).toEqual([good.id]);
    const rejected = events.flatMap((event) => (event.event === 'rejected' ? [event.issue] : []));
    expect(rejected.map(({ key, reason }) => [key.split('/')[0], reason.split(/[:;"(]/)[0]])).toEqual([
      ['sn1', `issue ${good.id} has the same key`],
      ['sn2', 'its title is not validated'],
      ['sn3', 'the embargo of its title'],
      ['sn4', 'it has no pages'],
      ['sn5', 'the sums of its files are not recorded'],
      ['sn6', 'it has no METS'],
      ['sn7', 'it has no location'],
      ['sn8', 'the sums of its files are not recorded'],
      ['sn9', 'Open ONI cannot read the organisation code '],
    ]);
    const [next] = await queue(); // the twin now is in a batch that is under way
    expect(next).toMatchObject({ event: 'rejected', issue: { id: again.id, reason: expect.stringMatching(/^another issue of this key is in batch_mwa_/) as unknown } }); // prettier-ignore
  });
});

describe('W19: a batch, its issues and its pipeline are one transaction', () => {
  test('a pipeline that cannot be enqueued leaves no batch and no issue in limbo, and the next bin is made', async () => {
    for (const org of ['aaa', 'bbb']) await givenReady(db(), { org });
    const before = await state();
    await rows(
      own,
      `create function refuse_aaa() returns trigger language plpgsql as $$
      begin if new.description like 'batch batch_aaa_%' then raise exception 'the disk is full'; end if; return new; end $$`,
    );
    await rows(own, 'create trigger refuse_aaa before insert on pipelines for each row execute function refuse_aaa()');
    try {
      const events = await queue();
      expect(events).toMatchObject([
        { event: 'failed', org: 'aaa', reason: expect.stringContaining('the disk is full') as unknown },
        { event: 'batch', org: 'bbb' },
      ]);
    } finally {
      await rows(own, 'drop trigger refuse_aaa on pipelines; drop function refuse_aaa()');
    }
    expect((await state())[0]).toEqual(before[0]);
    expect(await rows(own, `select from events where kind = 'added_to_batch'`)).toHaveLength(1);
    expect(made(await queue())).toMatchObject([{ org: 'aaa' }]);
  });

  test('an issue that was taken since it was looked at takes its bin back, and only that', async () => {
    const issue = await givenReady(db(), { org: 'aaa' });
    const looking = queueBatches(db(), settings, {
      redo: false,
      sizes: { min: 1, max: 2 },
      dryRun: false,
      actor: 'ann',
    });
    const other = await givenReady(db(), { org: 'aaa' });
    expect((await looking.next()).value).toMatchObject({ event: 'batch' }); // planned with both
    await rows(own, `update newspapers.issues set workflow_step = 'UnfixableMetadataError' where id = any($1) and batch_id is null`, [[issue.id, other.id]]); // prettier-ignore
    const { value } = (await looking.next()) as { value: QueueBatchesEvent };
    expect(value).toMatchObject({ event: 'failed', reason: expect.stringMatching(/run it again$/) as unknown });
    expect(await rows(own, 'select from newspapers.batches')).toHaveLength(1);
  });
});

describe('two at once', () => {
  test('the second is told who is at it, and no issue is in two batches', async () => {
    for (let i = 0; i < 6; i++) await givenReady(db(), { pages: 10 });
    const { locks, close } = await openCoordination(settings, own.database.pool);
    const options = { redo: false, sizes: { min: 1, max: 20 }, dryRun: false, actor: 'ann' };
    const all = async () => {
      const events: QueueBatchesEvent[] = [];
      for await (const event of queueBatchesAlone(db(), settings, options, locks)) events.push(event);
      return events;
    };
    try {
      const results = await Promise.allSettled([all(), all()]);
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
      for (const error of refused) expect(error).toBeInstanceOf(LockHeld);
      expect(await rows(own, 'select batch_id from newspapers.issues where batch_id is null')).toEqual([]);
      expect(await rows(own, 'select from newspapers.batches')).toHaveLength(3);
      await locks.withLock(programLock('queue-batches'), async () => {
        await expect(all()).rejects.toBeInstanceOf(LockHeld);
      });
    } finally {
      close();
    }
  });

  test('also without the lock the database lets an issue into one batch only (W6)', async () => {
    const issues = [await givenReady(db()), await givenReady(db())];
    const { id: orgId } = await getOrg(db(), 'mwa');
    const batch = { orgId, orgCode: 'mwa', issueIds: issues.map(({ id }) => id), site: '' };
    const make = () =>
      db()
        .transaction()
        .execute((trx) => createBatch(trx, { ...batch, steps: ['ReadyForBatching'] }, { actor: 'ann' }));
    const results = await Promise.allSettled([make(), make(), make()]);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    expect(refused).toHaveLength(2);
    for (const error of refused) expect(error).toBeInstanceOf(IssuesTaken);
    expect(await rows(own, 'select from newspapers.batches')).toHaveLength(1);
  });
});

test('--redo takes what came out of a live batch, which then is ReadyForBatching like all in a batch', async () => {
  const issue = await givenReady(db(), { step: 'ReadyForRebatching' });
  expect(await queue()).toEqual([]);
  const other = await givenReady(db()); // ready for its first batch: the repair leaves it alone
  const [event, ...more] = made(await queue({ redo: true }));
  expect(more).toEqual([]);
  expect(event?.issues.map(({ id }) => id)).toEqual([issue.id]);
  expect((await queue({ dryRun: true })).flatMap((each) => ('issues' in each ? each.issues : []))).toMatchObject([
    { id: other.id },
  ]);
  expect((await state()).find(({ id }) => id === issue.id)).toMatchObject({ workflow_step: 'ReadyForBatching' });
});

test('a name that another batch has, e.g. an imported one, is passed over', async () => {
  await givenReady(db());
  const now = Date.now();
  const days = [now, now + 86_400_000].map((at) => dayOf(new Date(at))); // midnight may come before the batch
  const taken = days.map((day) => `batch_mwa_${day}${nameOfBatch(1, settings.NEWS_WEBROOT)}_ver01`);
  await rows(
    own,
    `insert into newspapers.batches (id, org_id, name, full_name)
     select 4710 + t.nr, o.id, 'Imported', t.name from newspapers.orgs o, unnest($1::text[]) with ordinality t (name, nr)`,
    [taken],
  );
  const [event] = made(await queue());
  expect(event?.batch).toMatchObject({ id: 2, name: nameOfBatch(2, settings.NEWS_WEBROOT) });
});

test(
  '1,000 issues of 20 organisations: the statements for each batch do not grow with its issues',
  { timeout: 60_000 },
  async () => {
    await rows(
      own,
      `insert into newspapers.orgs (code, name) select 'org' || n, 'Organisation ' || n from generate_series(10, 29) n`,
    );
    await rows(
      own,
      `insert into newspapers.titles (lccn, name, marc_title, marc_location, validated_at)
    select 'sn' || n, 'T', 'T', 'P', now() from generate_series(10, 29) n`,
    );
    await rows(
      own,
      `insert into newspapers.issues (title_id, org_id, kind, date, edition, workflow_step, location, human_name, metadata_approved_at)
    select t.id, o.id, 'scan', '1900-01-01'::date + n, 1, 'ReadyForBatching', '/w/' || t.lccn || n, format('%s-%s01-%s', t.lccn, to_char('1900-01-01'::date + n, 'YYYYMMDD'), n), now()
    from generate_series(1, 50) n, newspapers.titles t join newspapers.orgs o on o.code = 'org' || substr(t.lccn, 3)`,
    );
    await rows(
      own,
      `insert into newspapers.pages (issue_id, number) select id, n from newspapers.issues, generate_series(1, 8) n`,
    );
    await rows(
      own,
      `with s as (insert into file_sets (object_type, object_id, role, directory) select 'issue', id, 'page', location from newspapers.issues returning id, object_id)
    insert into files (set_id, path, size, sha256) select s.id, to_char(i.date, 'YYYYMMDD') || '01.xml', 1, sha256('') from s join newspapers.issues i on i.id = s.object_id`,
    );
    const counted = async (options: { max: number; orgs: string[] }) => {
      let statements = 0;
      const counting = db().withPlugin({
        transformQuery: ({ node }) => (statements++, node),
        transformResult: ({ result }) => Promise.resolve(result),
      });
      const sizes = { min: 1, max: options.max };
      let batches = 0;
      for await (const { event } of queueBatches(counting, settings, {
        redo: false,
        sizes,
        dryRun: false,
        actor: 'ann',
        orgs: options.orgs,
      }))
        // prettier-ignore
        if (event === 'batch') batches++;
      return { batches, statements };
    };
    const others = `from newspapers.orgs o where o.id = i.org_id and o.code = 'org11' and i.date > '1900-01-02'`;
    await rows(own, `update newspapers.issues i set workflow_step = 'AwaitingProcessing' ${others}`);
    const one = await counted({ max: 400, orgs: ['org11'] });
    const fifty = await counted({ max: 400, orgs: ['org10'] });
    expect(fifty).toEqual(one);
    expect(one.batches).toBe(1);
    await rows(own, `update newspapers.issues i set workflow_step = 'ReadyForBatching' ${others}`);
    const events = await queue({ max: 200 });
    expect(made(events)).toHaveLength(38);
    expect(await rows(own, 'select from newspapers.issues where batch_id is null')).toEqual([]);
    expect(await rows(own, `select from events where kind = 'added_to_batch'`)).toHaveLength(1000);
  },
);
