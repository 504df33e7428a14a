import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bulkQueue, type BulkQueueOptions, type TitleCount } from '../../src/newspapers/bulk-queue.js';
import { parseIssueKey, parseSearchKey } from '../../src/newspapers/issue-key.js';
import { findIssue } from '../../src/newspapers/issues.js';
import { addOrg } from '../../src/newspapers/orgs.js';
import { loadSettings, type Settings } from '../../src/settings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { givenIssue, givenTitle } from './rows.js';
import { givenFiles } from './upload-area.js';

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
  };
});

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
    await givenFiles(area, 'mwa/sn1/1856-05-10_02/1.tif', 'mwa/sn1/1856-05-10_02/1.pdf');
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

  it('in a dry run says the same and changes nothing', async () => {
    await givenIssue(db(), 'sn1', { date: '1856-05-17' });
    await givenFiles(
      area,
      'sn1/1856-05-10/1.pdf',
      'sn1/1856-05-17/1.pdf',
      'sn1/1856-05-24/1.doc',
      'sn1/1856-05-24/1.pdf',
    );
    expect((await run('sn1', { dryRun: true })).lines).toEqual([
      'sn1/1856-05-10 ready',
      'sn1/1856-05-17 skipped already queued',
      'sn1/1856-05-24 skipped bad extension',
    ]);
    expect(await issueCount()).toBe(1);
    expect(await pipelines()).toEqual([]);
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
      'sn404/1856-05-10 skipped unknown title unknown organisation',
    ]);
  });

  it('skips an upload that still grows', async () => {
    await givenFiles(area, 'sn1/1856-05-10/1.pdf');
    const then = new Date('2026-01-01T00:00:00Z');
    for (const path of ['sn1/1856-05-10/1.pdf', 'sn1/1856-05-10']) await utimes(join(area, path), then, then);
    settings = { ...settings, DURATION_ISSUE_CONSIDERED_DANGEROUS: 3600 };
    expect((await run('sn1', { now: () => new Date('2026-01-01T00:59:59Z') })).lines).toEqual([
      'sn1/1856-05-10 skipped modified too recently',
    ]);
    expect((await run('sn1', { now: () => new Date('2026-01-01T01:00:00Z') })).lines).toEqual([
      'sn1/1856-05-10 queued',
    ]);
  });

  it('takes the first of two directories of one issue', async () => {
    await givenFiles(area, 'sn1/1856-05-10/1.pdf', 'sn1/again/1856-05-10/1.pdf');
    expect((await run('sn1')).lines).toEqual(['sn1/1856-05-10 queued', 'sn1/again/1856-05-10 skipped already queued']);
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
