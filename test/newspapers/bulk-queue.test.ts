import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCoordination } from '../../src/coordination/coordination.js';
import { filesLock } from '../../src/coordination/lock-names.js';
import { bulkQueue, type BulkQueueOptions, type TitleCount } from '../../src/newspapers/bulk-queue.js';
import { parseIssueKey, parseSearchKey } from '../../src/newspapers/issue-key.js';
import { findIssue } from '../../src/newspapers/issues.js';
import { addOrg } from '../../src/newspapers/orgs.js';
import { UploadClock } from '../../src/newspapers/uploads/clock.js';
import { loadSettings, type Settings } from '../../src/settings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { givenIssue, givenTitle } from './rows.js';
import { givenFiles } from './upload-area.js';
import { writeScanPdf } from './uploads/scan-pdf.js';

let own: TestDatabase;
let settings: Settings;
let area: string;
const db = () => own.database.kysely;

beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());
beforeEach(async () => {
  await own.database.pool.query('truncate newspapers.titles, newspapers.orgs, pipelines, events cascade');
  await addOrg(db(), 'mwa', 'American Antiquarian Society');
  await givenTitle(db(), 'sn1', { orgCode: 'mwa' });
  await givenTitle(db(), 'sn2', { orgCode: 'mwa' });
  area = await temporaryDirectory();
  settings = {
    ...loadSettings({ file: '/dev/null', env: {} }),
    PDF_UPLOAD_PATH: area,
    SCAN_UPLOAD_PATH: area,
    DURATION_ISSUE_CONSIDERED_DANGEROUS: 0,
    DURATION_ISSUE_CONSIDERED_NEW: 0,
  };
});

/** A sound scan of one page. */
async function givenScan(directory: string): Promise<void> {
  await givenFiles(area, `${directory}/1.tif`);
  await writeScanPdf(join(area, directory, '1.pdf'), { dpi: settings.SCANNED_PDF_DPI });
}

/** Runs a bulk queue; what it tells, one line each, and the counts. */
async function run(
  key: string | undefined,
  options: Partial<BulkQueueOptions> = {},
): Promise<{ lines: string[]; counts: TitleCount[] }> {
  const search = key === undefined ? undefined : parseSearchKey(key);
  const all: BulkQueueOptions = {
    kind: 'borndigital',
    search,
    dryRun: false,
    actor: 'a test',
    clock: new UploadClock(db(), () => undefined),
    now: () => new Date(),
    ...options,
  };
  const events = bulkQueue(db(), settings, all);
  const lines: string[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done) return { lines, counts: next.value };
    const { value } = next;
    if (value.event === 'obstacle') lines.push(`obstacle ${value.obstacle.problem.rule}`);
    else {
      const { outcome } = value;
      const why =
        outcome.outcome !== 'skipped'
          ? []
          : outcome.why === 'problems'
            ? outcome.problems.map(({ rule }) => rule)
            : [outcome.why];
      lines.push([value.upload.directory.slice(area.length + 1), outcome.outcome, ...why].join(' '));
    }
  }
}

const pipelines = () =>
  db()
    .selectFrom('pipelines')
    .select(['name', 'object_type', 'object_id', 'created_by', 'status'])
    .orderBy('id')
    .execute();
const issueCount = async () => (await db().selectFrom('newspapers.issues').select('id').execute()).length;

describe('bulk queue (newspapers spec 7.2)', () => {
  it('queues a born-digital upload: its issue and a pipeline that takes it in', async () => {
    await givenFiles(area, 'sn1/1856-05-10/1.pdf');
    expect((await run('sn1/1856051001')).lines).toEqual(['sn1/1856-05-10 queued']);
    const issue = await findIssue(db(), parseIssueKey('sn1/1856051001'));
    expect(issue).toMatchObject({
      kind: 'borndigital',
      workflowStep: 'AwaitingProcessing',
      orgCode: 'mwa',
      location: join(area, 'sn1/1856-05-10'),
    });
    expect(await pipelines()).toEqual([
      { name: 'TakeInUpload', object_type: 'issue', object_id: issue?.id, created_by: 'a test', status: 'pending' },
    ]);
  });

  it('queues a scan: its pipeline makes derivatives at once', async () => {
    await givenScan('mwa/sn1/1856-05-10_02');
    expect((await run('sn1', { kind: 'scan' })).lines).toEqual(['mwa/sn1/1856-05-10_02 queued']);
    const issue = await findIssue(db(), parseIssueKey('sn1/1856051002'));
    expect(issue).toMatchObject({ kind: 'scan', location: join(area, 'mwa/sn1/1856-05-10_02') });
    expect(await pipelines()).toMatchObject([{ name: 'MakeDerivatives', object_id: issue?.id }]);
  });

  it('queues only what the key names', async () => {
    await givenFiles(area, ...['sn1/1856-05-10', 'sn1/1857-05-10', 'sn2/1856-05-10'].map((issue) => `${issue}/1.pdf`));
    expect((await run('sn1/1856')).lines).toEqual(['sn1/1856-05-10 queued']);
    expect((await run('sn1')).lines).toEqual(['sn1/1856-05-10 skipped already queued', 'sn1/1857-05-10 queued']);
    expect(await issueCount()).toBe(2);
  });

  it('without a key queues nothing and counts the issues of each title', async () => {
    await givenFiles(
      area,
      'sn2/1856-05-10/1.pdf',
      'sn1/1856-05-10/1.pdf',
      'sn1/1856-05-1/1.pdf',
      'sn404/1856-05-10/1.pdf',
    );
    expect(await run(undefined)).toEqual({
      lines: [],
      counts: [
        { lccn: 'sn1', name: 'The sn1 journal.', issues: 2, withProblems: 1 },
        { lccn: 'sn2', name: 'The sn2 journal.', issues: 1, withProblems: 0 },
        { lccn: 'sn404', name: null, issues: 1, withProblems: 1 },
      ],
    });
    expect(await issueCount()).toBe(0);
  });

  it('queues exactly what a dry run promised, which changes nothing', async () => {
    await givenFiles(area, ...['03', '17', '31'].map((day) => `sn1/1856-05-${day}/1.pdf`));
    await run('sn1/18560503');
    await run('sn1/18560517');
    await own.database.pool.query(`update pipelines set status = 'failed', error = '{"message": "it broke"}' where id =
      (select max(id) from pipelines)`);
    await givenIssue(db(), 'sn1', { date: '1856-05-31', location: '/elsewhere' });
    await givenFiles(
      area,
      ...['1856-05-10/1.pdf', 'again/1856-05-10/1.pdf', '1856-05-24/1.doc', '1856-05-24/1.pdf'].map(
        (path) => `sn1/${path}`,
      ),
    );
    const before = [await issueCount(), await pipelines()];
    const promised = (await run('sn1', { dryRun: true })).lines;
    expect(promised).toEqual([
      'sn1/1856-05-03 skipped already queued',
      'sn1/1856-05-10 ready',
      'sn1/1856-05-17 skipped intake failed',
      'sn1/1856-05-24 skipped bad extension',
      'sn1/1856-05-31 skipped duplicate',
      'sn1/again/1856-05-10 skipped duplicate',
    ]);
    expect([await issueCount(), await pipelines()]).toEqual(before);
    expect((await run('sn1')).lines).toEqual(promised.map((line) => line.replace(/ ready$/, ' queued')));
    expect(await issueCount()).toBe(4);
  });

  it('skips uploads with problems, also those whose date or title the key cannot name, and goes on', async () => {
    await givenFiles(
      area,
      'sn1/garbage/1.pdf',
      'sn1/1856-05-10/1.pdf',
      'sn1/1856-05-17/1.pdf',
      'sn1/1856-05-17/sub/',
      'link -> sn1',
      'sn404/1856-05-10/1.pdf',
    );
    expect((await run('sn1')).lines).toEqual([
      'obstacle not a regular file',
      'sn1/1856-05-10 queued',
      'sn1/1856-05-17 skipped subdirectory',
      'sn1/garbage skipped bad date',
    ]);
    expect((await run('sn404')).lines).toEqual([
      'obstacle not a regular file',
      'sn404/1856-05-10 skipped unknown title unknown organisation invalid title',
    ]);
  });

  it('skips an upload that still grows, and one that may be too new unless that is allowed', async () => {
    await givenFiles(area, 'sn1/1856-05-10/1.pdf');
    settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 3600, DURATION_ISSUE_CONSIDERED_NEW: 7200 };
    const at = async (time: string, more = {}) =>
      (await run('sn1', { now: () => new Date(`2026-01-01T${time}Z`), dryRun: true, ...more })).lines;
    expect(await at('00:00:00')).toEqual(['sn1/1856-05-10 skipped modified too recently']);
    expect(await at('00:59:59', { allowNew: true })).toEqual(['sn1/1856-05-10 skipped modified too recently']);
    expect(await at('01:00:00')).toEqual(['sn1/1856-05-10 skipped may be too new']);
    expect(await at('01:00:00', { allowNew: true })).toEqual(['sn1/1856-05-10 ready']);
    expect(await at('02:00:00', { dryRun: false })).toEqual(['sn1/1856-05-10 queued']);
  });

  it('takes the first of two directories of one issue; the other is its duplicate', async () => {
    await givenFiles(area, 'sn1/1856-05-10/1.pdf', 'sn1/again/1856-05-10/1.pdf');
    expect((await run('sn1')).lines).toEqual(['sn1/1856-05-10 queued', 'sn1/again/1856-05-10 skipped duplicate']);
    expect((await run('sn1')).lines).toEqual([
      'sn1/1856-05-10 skipped already queued',
      'sn1/again/1856-05-10 skipped duplicate',
    ]);
  });

  it('W31: a duplicate, also of the other upload area, goes in only with a reason, which is kept', async () => {
    settings = { ...settings, PDF_UPLOAD_PATH: join(area, 'pdfs'), SCAN_UPLOAD_PATH: join(area, 'scans') };
    await givenFiles(area, 'pdfs/sn1/1856-05-10/1.pdf');
    await run('sn1');
    const first = await findIssue(db(), parseIssueKey('sn1/1856051001'));
    await givenScan('scans/mwa/sn1/1856-05-10');
    expect((await run('sn1', { kind: 'scan' })).lines).toEqual(['scans/mwa/sn1/1856-05-10 skipped duplicate']);
    const allowed = { kind: 'scan', duplicateReason: 'page 3 rescanned' } as const;
    expect((await run('sn1', { ...allowed, dryRun: true })).lines).toEqual(['scans/mwa/sn1/1856-05-10 ready']);
    expect((await run('sn1', allowed)).lines).toEqual(['scans/mwa/sn1/1856-05-10 queued']);
    expect((await run('sn1', allowed)).lines).toEqual(['scans/mwa/sn1/1856-05-10 skipped already queued']);
    const issues = await db().selectFrom('newspapers.issues').select(['id', 'kind', 'duplicate_reason']).execute();
    expect(issues.sort((a, b) => a.id - b.id)).toEqual([
      { id: first?.id, kind: 'borndigital', duplicate_reason: null },
      { id: expect.any(Number) as number, kind: 'scan', duplicate_reason: 'page 3 rescanned' },
    ]);
    const events = db().selectFrom('events').where('kind', '=', 'duplicate_allowed');
    expect(await events.select(['actor', 'object_id', 'detail']).execute()).toEqual([
      { actor: 'a test', object_id: issues[1]?.id, detail: { reason: 'page 3 rescanned', of: first?.id } },
    ]);
    expect(await findIssue(db(), parseIssueKey('sn1/1856051001'))).toMatchObject({ id: first?.id });
  });

  it('W31: let in by five at once it goes in once', async () => {
    await givenIssue(db(), 'sn1', { location: '/elsewhere' });
    await givenFiles(area, 'sn1/1856-05-10/1.pdf');
    const runs = await Promise.all(Array.from({ length: 5 }, () => run('sn1', { duplicateReason: 'why not' })));
    expect(runs.flatMap(({ lines }) => lines).sort()).toEqual([
      'sn1/1856-05-10 queued',
      ...Array.from({ length: 4 }, () => 'sn1/1856-05-10 skipped already queued'),
    ]);
    expect(await pipelines()).toHaveLength(1);
  });

  it('W35: born-digital issues belong to the organisation of their title, and there may be several editions a day', async () => {
    await addOrg(db(), 'oru', 'University of Oregon');
    await givenTitle(db(), 'sn3', {});
    settings = { ...settings, PDF_BATCH_MARC_ORG_CODE: 'oru' };
    await givenFiles(area, ...['sn1/1856-05-10', 'sn1/1856-05-10_02', 'sn3/1856-05-10'].map((each) => `${each}/1.pdf`));
    await run('sn1');
    await run('sn3');
    expect(await findIssue(db(), parseIssueKey('sn1/1856051001'))).toMatchObject({ orgCode: 'mwa', edition: 1 });
    expect(await findIssue(db(), parseIssueKey('sn1/1856051002'))).toMatchObject({ orgCode: 'mwa', edition: 2 });
    expect(await findIssue(db(), parseIssueKey('sn3/1856051001'))).toMatchObject({ orgCode: 'oru' });
  });

  it('W6, W18: run five times at once queues every issue once, each with a pipeline of its own', async () => {
    const days = Array.from({ length: 20 }, (_, day) => `1856-05-${String(day + 1).padStart(2, '0')}`);
    await givenFiles(area, ...days.map((day) => `sn1/${day}/1.pdf`));
    const runs = await Promise.all(Array.from({ length: 5 }, () => run('sn1')));
    const lines = runs.flatMap((each) => each.lines);
    expect(lines.filter((line) => line.endsWith('queued') && !line.includes('skipped'))).toHaveLength(20);
    expect(lines.filter((line) => line.endsWith('skipped already queued'))).toHaveLength(80);
    const objects = new Set((await pipelines()).map((pipeline) => pipeline.object_id));
    const issues = await db().selectFrom('newspapers.issues').select('id').execute();
    expect(objects).toEqual(new Set(issues.map(({ id }) => id)));
    expect(objects.size).toBe(20);
    const created = await db().selectFrom('events').select('object_id').where('kind', '=', 'issue_created').execute();
    expect(new Set(created.map((event) => event.object_id))).toEqual(objects);
  });

  it('leaves alone a directory that somebody else has locked, and says who', async () => {
    await givenFiles(area, 'sn1/1856-05-10/1.pdf', 'sn1/1856-05-17/1.pdf');
    const mine = await openCoordination(settings, own.database.pool);
    const theirs = await openCoordination(settings, own.database.pool);
    try {
      const lock = await theirs.locks.take(filesLock(join(area, 'sn1/1856-05-10')));
      expect((await run('sn1', { locks: mine.locks })).lines).toEqual([
        'sn1/1856-05-10 skipped busy',
        'sn1/1856-05-17 queued',
      ]);
      await lock.release();
      expect((await run('sn1/18560510', { locks: mine.locks })).lines).toEqual(['sn1/1856-05-10 queued']);
    } finally {
      mine.close();
      theirs.close();
    }
  });

  it('W19: leaves no issue behind when its pipeline cannot be enqueued', async () => {
    await givenFiles(area, 'sn1/1856-05-10/1.pdf');
    await own.database.pool.query(
      `alter table pipelines add constraint no_more check (name <> 'TakeInUpload') not valid`,
    );
    try {
      await expect(run('sn1')).rejects.toThrow(/no_more/);
    } finally {
      await own.database.pool.query('alter table pipelines drop constraint no_more');
    }
    expect(await issueCount()).toBe(0);
    expect((await run('sn1')).lines).toEqual(['sn1/1856-05-10 queued']);
  });
});
