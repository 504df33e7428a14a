import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeThreads } from '../../../src/files/threads.js';
import { batchObject } from '../../../src/newspapers/batches/batches.js';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { tellIssue } from '../../../src/newspapers/issue-story.js';
import { gatherIssues } from '../../../src/newspapers/batch-files/gather-issues.js';
import { findIssueById, issueObject } from '../../../src/newspapers/issues.js';
import { readDump } from '../../../src/newspapers/nca/dump/read-dump.js';
import { importNca, type ImportSummary } from '../../../src/newspapers/nca/import-nca.js';
import { ImportRefused, NotEmpty } from '../../../src/newspapers/nca/refused.js';
import { verifyIssues } from '../../../src/newspapers/verify-issues.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { startRunner, testSettings, until } from '../../engine/support.js';
import { allJobs } from '../intake-stage.js';
import { dumpText } from './dump-text.js';
import type { Row, Site } from './nca-tables.js';
import { batchRow, issueRow, makeFinalized, makePageReview, sampleSite } from './sample-site.js';

let own: TestDatabase;
let area: string;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(async () => {
  await closeThreads();
  await own.drop();
});
beforeEach(async () => {
  await own.database.pool.query(
    'truncate newspapers.titles, newspapers.orgs, newspapers.batches, users, pipelines, events, file_sets restart identity cascade',
  );
  area = await temporaryDirectory();
  await makePageReview(area);
});

const rows = async <R extends object>(text: string): Promise<R[]> => (await own.database.pool.query<R>(text)).rows;

async function* once(text: string): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield Buffer.from(text);
}

function bring(site: Site, { dryRun = false } = {}): Promise<ImportSummary> {
  const source = { read: () => readDump('nca.sql', once(dumpText(site))), progress: () => undefined };
  return importNca(own.database.kysely, source, { settings: { ...testSettings, BATCH_ARCHIVE_PATH: join(area, 'archive') }, actor: 'sys', dryRun }); // prettier-ignore
}

/** The sample site with another row in the place of one, or with one more. */
function siteWith(table: keyof Site, ...changed: Row[]): Site {
  const site = sampleSite(area);
  const ids = new Set(changed.map(({ id }) => id));
  site[table] = [
    ...site[table].map((row) => ({ ...row, ...changed.find(({ id }) => id === row['id']) })),
    ...changed.filter(({ id }) => !site[table].some((row) => row['id'] === id) && ids.has(id ?? null)),
  ];
  return site;
}

async function refusal(site: Site): Promise<ImportRefused> {
  const error = await bring(site).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ImportRefused)) throw new Error('it was not refused', { cause: error });
  expect(await countEverything()).toEqual([]);
  return error;
}

/** Tables that hold something. */
async function countEverything(): Promise<string[]> {
  const tables = ['newspapers.orgs', 'newspapers.titles', 'users', 'newspapers.batches', 'newspapers.issues', 'newspapers.pages', 'newspapers.flagged_issues', 'events', 'pipelines', 'file_sets']; // prettier-ignore
  const counts = await Promise.all(
    tables.map(async (table) => [table, await rows(`select from ${table} limit 1`)] as const),
  );
  return counts.filter(([, found]) => found.length > 0).map(([table]) => table);
}

describe('an NCA site that comes over', () => {
  it('brings organisations, titles with embargoes in their normal form, and users with their roles', async () => {
    const summary = await bring(sampleSite(area));
    expect(await rows('select code, name from newspapers.orgs order by id')).toEqual([
      { code: 'oru', name: 'University of Oregon' },
      { code: 'mwa', name: `A "quoted"; 'single' \\ back\nline` },
    ]);
    expect(
      await rows('select lccn, name, marc_title, language, rights, embargo, sftp_user, validated_at is not null as valid from newspapers.titles order by id'), // prettier-ignore
    ).toEqual([
      { lccn: 'sn12345678', name: 'Post', marc_title: 'The morning post', language: null, rights: 'http://rights.example/1', embargo: null, sftp_user: null, valid: true }, // prettier-ignore
      { lccn: 'sn87654321', name: 'Abendblatt 🎈', marc_title: null, language: 'ger', rights: null, embargo: '1 year 6 months', sftp_user: 'abend', valid: false }, // prettier-ignore
      { lccn: 'sn11111111', name: 'Nowhere', marc_title: 'Nowhere news', language: null, rights: null, embargo: null, sftp_user: null, valid: false }, // prettier-ignore
    ]);
    expect(await rows('select login, roles, deactivated_at is not null as off from users order by login')).toEqual([
      { login: 'ann', roles: ['issue curator'], off: false },
      { login: 'gone', roles: ['issue curator'], off: true },
      { login: 'max', roles: ['site manager'], off: false },
      { login: 'rob', roles: ['batch reviewer', 'issue reviewer'], off: false },
      { login: 'sys', roles: ['sysop'], off: false },
    ]);
    expect(summary.notices).toContainEqual(expect.stringContaining('1 titles count as not validated') as string);
  });

  it('brings issues and batches under their numbers, and later ones get others', async () => {
    await bring(sampleSite(area));
    const issues = await rows<{ id: number }>('select id, workflow_step, ignored, batch_id, human_name, location, kind from newspapers.issues order by id'); // prettier-ignore
    expect(issues.map(({ id }) => id)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(issues.find(({ id }) => id === 12)).toMatchObject({
      kind: 'scan',
      location: join(area, 'sn12345678-1900010301-12'),
    });
    expect(issues.find(({ id }) => id === 15)).toMatchObject({ ignored: true, location: null, workflow_step: 'UnfixableMetadataError' }); // prettier-ignore
    expect(issues.find(({ id }) => id === 18)).toMatchObject({ batch_id: 2, workflow_step: 'ReadyForBatching' });
    expect(issues.find(({ id }) => id === 20)).toMatchObject({
      batch_id: 1,
      ignored: true,
      workflow_step: 'InProduction',
    });
    expect(issues.find(({ id }) => id === 23)).toMatchObject({ human_name: 'sn12345678-1900010801-23' });
    expect(
      await rows(
        `select id, full_name, status, archived_at, location is null as gone from newspapers.batches order by id`,
      ),
    ).toMatchObject([
      { id: 1, status: 'live_done' },
      { id: 2, full_name: 'batch_oru_20260101Rook2_ver01', status: 'qc_ready', gone: false },
      { id: 3, status: 'qc_flagging' },
      { id: 4, status: 'live', gone: true },
      { id: 5, status: 'deleted' },
      { id: 6, status: 'live_archived', archived_at: new Date('2026-11-02T03:04:05Z') },
    ]);
    for (const table of ['issues', 'batches'])
      expect(
        await rows(`select nextval(pg_get_serial_sequence('newspapers.${table}', 'id')) > max(id) as beyond from newspapers.${table}`), // prettier-ignore
      ).toEqual([{ beyond: true }]);
  });

  it('brings who entered, reviewed and rejected what, when', async () => {
    await bring(sampleSite(area));
    const people = await rows('select id, metadata_entered_by, metadata_entered_at, reviewed_by, metadata_approved_at, rejected_by, draft_comment from newspapers.issues where id in (11, 13, 15, 17) order by id'); // prettier-ignore
    expect(people).toEqual([
      { id: 11, metadata_entered_by: null, metadata_entered_at: null, reviewed_by: null, metadata_approved_at: null, rejected_by: null, draft_comment: 'it\'s "torn"\r\non page 2' }, // prettier-ignore
      { id: 13, metadata_entered_by: 'ann', metadata_entered_at: new Date('2026-10-01T08:00:00Z'), reviewed_by: null, metadata_approved_at: null, rejected_by: 'rob', draft_comment: null }, // prettier-ignore
      { id: 15, metadata_entered_by: 'nca-user-77', metadata_entered_at: null, reviewed_by: null, metadata_approved_at: null, rejected_by: null, draft_comment: null }, // prettier-ignore
      { id: 17, metadata_entered_by: 'ann', metadata_entered_at: new Date('2026-10-01T08:00:00Z'), reviewed_by: 'rob', metadata_approved_at: new Date('2026-10-02T09:30:00.250Z'), rejected_by: null, draft_comment: null }, // prettier-ignore
    ]);
  });

  it('W20: brings one row per page, "0" as no label printed, so a blank one that was submitted beside others, and one page of one blank label', async () => {
    const { pages } = await bring(sampleSite(area));
    const labels = await rows<{ id: number; labels: string }>(`
      select issue_id as id, string_agg(coalesce(label, case when no_label then '-' else '?' end), ' ' order by number) as labels
      from newspapers.pages where issue_id in (10, 11, 12, 13, 15, 17, 23) group by issue_id order by issue_id`);
    expect(labels).toEqual([
      { id: 10, labels: '? ? ? ? ?' }, // of the five of the split one is deleted
      { id: 11, labels: '? ? ?' },
      { id: 12, labels: '?' },
      { id: 13, labels: '1 - -' },
      { id: 17, labels: '1 2' },
      { id: 23, labels: '?' },
    ]);
    expect(await rows('select count(*)::int as count from newspapers.pages')).toEqual([{ count: pages }]);
  });

  it('W31: brings an issue that NCA let in beside another of its key, and says so', async () => {
    const { notices } = await bring(sampleSite(area));
    expect(await rows('select id, duplicate_reason from newspapers.issues where duplicate_reason is not null')).toEqual(
      [{ id: 23, duplicate_reason: 'in NCA beside issue 17 of the same key' }],
    );
    expect(notices).toContainEqual(expect.stringMatching(/^1 issues have the key of another.*23 beside 17$/) as string);
  });

  it('brings the activity log as events, with its times, by login; W18: and tells of what names no issue', async () => {
    const { notices, written } = await bring(sampleSite(area));
    const { events, issue } = await tellIssue(own.database.kysely, 13);
    expect(events.slice(0, 3)).toMatchObject([
      { at: new Date('2025-05-05T06:00:00Z'), actor: 'engine', kind: 'internal_process', detail: { message: 'Moved issue from SFTP into NCA' } }, // prettier-ignore
      { at: new Date('2025-05-06T07:00:00Z'), actor: 'ann', kind: 'metadata_submitted', detail: { message: 'Zeilen:\nÄ; "ö"\t\\ 🎈', action: 'metadata-entry' } }, // prettier-ignore
      { actor: 'sys', kind: 'imported', detail: { from: 'NCA', step: 'AwaitingMetadataReview' } },
    ]);
    expect(issue.createdAt).toEqual(new Date('2025-05-05T06:00:00Z'));
    expect(
      await rows(
        `select actor, kind, object_type, object_id, via from events where via = 'NCA' and object_id <> 13 order by id`,
      ),
    ).toEqual([
      { actor: 'nca-user-99', kind: 'error_reported', object_type: 'issue', object_id: 14, via: 'NCA' },
      { actor: 'rob', kind: 'batch_rejected', object_type: 'batch', object_id: 3, via: 'NCA' },
      { actor: 'engine', kind: 'batch_undone', object_type: 'batch', object_id: 5, via: 'NCA' },
    ]);
    expect(written.actions).toBe(5);
    expect(notices).toContainEqual(expect.stringContaining('1 actions were left out that name no issue') as string);
    expect(notices).toContainEqual(expect.stringContaining('1 actions were left out whose issue or batch') as string);
  });

  it('brings flags of a batch that is being flagged, and no others', async () => {
    await bring(sampleSite(area));
    expect(
      await rows('select batch_id, issue_id, reason, flagged_by, flagged_at from newspapers.flagged_issues'),
    ).toEqual([
      { batch_id: 3, issue_id: 19, reason: 'page 2 is upside down', flagged_by: 'rob', flagged_at: new Date('2026-11-20T10:00:00Z') }, // prettier-ignore
    ]);
  });

  it('tells how much was read and imported', async () => {
    expect(await bring(sampleSite(area))).toMatchObject({
      dryRun: false,
      read: { mocs: 2, titles: 3, users: 5, batches: 6, issues: 14, batches_flagged_issues: 2, actions: 7, jobs: 2 },
      written: { mocs: 2, titles: 3, users: 5, batches: 6, issues: 14, batches_flagged_issues: 1, actions: 5 },
      started: { ReviewPages: 1, EnterMetadata: 3, ReviewMetadata: 1, MendUnfixable: 1, FinalizeIssue: 1, ReviewBatch: 2, ConfirmArchived: 1 }, // prettier-ignore
    });
  });

  it('in a dry run does all of it, and leaves nothing', async () => {
    const dry = await bring(sampleSite(area), { dryRun: true });
    expect(await countEverything()).toEqual([]);
    const { dryRun, ...real } = await bring(sampleSite(area));
    expect(dry).toEqual({ ...real, dryRun: true });
    expect(dryRun).toBe(false);
  });

  it('does not come a second time', async () => {
    await bring(sampleSite(area));
    await expect(bring(sampleSite(area))).rejects.toThrow(NotEmpty);
    await expect(bring(sampleSite(area))).rejects.toThrow(/14 issues and 6 batches here already/);
    expect(await rows('select count(*)::int as count from newspapers.issues')).toEqual([{ count: 14 }]);
  });

  it('joins titles, organisations and users that are here already', async () => {
    await own.database.pool.query(`
      insert into newspapers.orgs (code, name) values ('oru', 'old name');
      insert into newspapers.titles (lccn, name, marc_title, marc_location, validated_at) values ('sn11111111', 'x', 'From MARC', 'Salem', now());
      insert into users (login, name, roles) values ('ann', 'Ann Clark', '{sysop}')`);
    const { notices, written } = await bring(sampleSite(area));
    expect(await rows(`select name from newspapers.orgs where code = 'oru'`)).toEqual([
      { name: 'University of Oregon' },
    ]);
    expect(await rows(`select name, marc_title, validated_at is not null as valid from newspapers.titles where lccn = 'sn11111111'`)).toEqual([{ name: 'Nowhere', marc_title: 'From MARC', valid: true }]); // prettier-ignore
    expect(await rows(`select name, roles from users where login = 'ann'`)).toEqual([
      { name: 'Ann Clark', roles: ['sysop'] },
    ]);
    expect(written.users).toBe(4);
    expect(notices).toContainEqual('1 users were here already and keep the roles that they have here');
  });
});

describe('what waits in NCA', () => {
  it('waits here, with its question on the right desk', async () => {
    await bring(sampleSite(area));
    const runner = await startRunner(own, { more: allJobs(), settings: testSettings });
    const open = () =>
      rows<{ object_type: string; object_id: number; name: string; status: string; hold_action: string | null; assignee: string | null; hold_message: string }>(`
        select object_type, object_id, name, status, hold_action, assignee, hold_message from pipelines
        where name <> 'FinalizeIssue' order by object_type desc, object_id`); // prettier-ignore
    await until('everything is asked', async () => (await open()).every(({ status }) => status === 'held'), 60);
    await runner.stop(0);
    const asked = await open();
    expect(
      asked.map(({ object_type: type, object_id: id, hold_action: action, assignee }) => [
        `${type} ${id}`,
        action,
        assignee,
      ]),
    ).toEqual([
      ['issue 10', 'page_review', null],
      ['issue 11', 'metadata_entry', 'ann'],
      ['issue 12', 'metadata_entry', null], // the claim has run out
      ['issue 13', 'metadata_review', 'rob'],
      ['issue 14', 'unfixable_metadata', null], // claimed by somebody who may do nothing any more
      ['issue 23', 'metadata_entry', null],
      ['batch 2', 'batch_qc', null],
      ['batch 3', 'batch_flagging', null],
      ['batch 4', 'confirm_archived', null],
    ]);
    expect(asked.find(({ object_id: id }) => id === 14)?.hold_message).toContain('page 3 is missing');
    expect(asked.find(({ object_id: id }) => id === 10)?.hold_message).toContain('3 of 4 pages still have the names of the split'); // prettier-ignore
    expect(await rows(`select workflow_step from newspapers.issues where id in (10, 11, 13, 14) order by id`)).toEqual(
      ['AwaitingPageReview', 'ReadyForMetadataEntry', 'AwaitingMetadataReview', 'UnfixableMetadataError'].map((step) => ({ workflow_step: step })), // prettier-ignore
    );
  });

  it('W19: goes on when it was approved and NCA failed to go on', async () => {
    await bring(sampleSite(area));
    expect(
      await rows(
        `select p.name, i.workflow_step from pipelines p join newspapers.issues i on i.id = p.object_id where p.name = 'FinalizeIssue'`,
      ),
    ).toEqual([{ name: 'FinalizeIssue', workflow_step: 'AwaitingProcessing' }]);
  });

  it('is nothing for what waits for queue-batches, is live, or was removed', async () => {
    await bring(sampleSite(area));
    expect(await rows(`select object_id from pipelines where object_type = 'issue' and object_id in (15, 17, 18, 19, 20, 21, 22)`)).toEqual([]); // prettier-ignore
  });
});

describe('sums that NCA took (W17)', () => {
  it('are those of the files from now on; METS and archived upload, of which it takes none, are read', async () => {
    const directory = await makeFinalized(area);
    const { sums, notices } = await bring(sampleSite(area));
    expect(sums).toMatchObject({ recorded: 1, hashed: 2 });
    const sets = await readFileSets(own.database.kysely, issueObject(17), directory);
    expect(sets.map(({ role, files }) => [role, files.map(({ path }) => path)])).toEqual([
      ['derivative', ['0001.jp2', '0001.xml', '0002.jp2', '0002.xml']],
      ['mets', ['1900010801.xml']],
      ['original', ['original.tar']],
      ['page', ['0001.pdf', '0002.pdf']],
    ]);
    expect(sets[3]?.files[0]).toMatchObject({ sha256: createHash('sha256').update('of 0001.pdf').digest('hex'), recordedAt: new Date('2026-10-01T15:00:01.500Z') }); // prettier-ignore
    expect(await verdict(17)).toBe('sound');
    const issue = await findIssueById(own.database.kysely, 17);
    expect(issue && (await gatherIssues(own.database.kysely, [issue], { takeOut: () => '' }))).toHaveLength(8); // it can enter a batch
    expect(notices).toContainEqual(expect.stringMatching(/^the directories of \d+ issues are not here/) as string);
  });

  it('stand also where a file is another by now: that is told, and seen when the files are verified', async () => {
    const directory = await makeFinalized(area);
    await writeFile(join(directory, '0001.jp2'), 'shorter');
    await rm(join(directory, '0002.xml'));
    const { notices } = await bring(sampleSite(area));
    expect(notices).toContainEqual(
      expect.stringMatching(/^DAMAGED issue 17 in .*: 0001\.jp2 has 7 bytes, not 11, 0002\.xml is gone; put the files back, or "bin\/issues verify 17 --accept REASON"$/) as string, // prettier-ignore
    );
    expect(await verdict(17)).toBe('damaged');
  });

  it('are missing of issues from before NCA took any: they are counted', async () => {
    const directory = await makeFinalized(area);
    await rm(join(directory, '.manifest'));
    const { sums, notices } = await bring(sampleSite(area));
    expect(sums).toMatchObject({ recorded: 0, without: 2 }); // with the page review
    expect(notices).toContainEqual(expect.stringMatching(/^1 issues that wait for a batch .* have no sums .*--accept REASON": 17$/) as string); // prettier-ignore
    expect(await readFileSets(own.database.kysely, batchObject(2))).toEqual([]);
  });

  it.each([
    ['on staging', 2, 'out/batch_oru_20260101Rook2_ver01'],
    ['that is live, in the archive area,', 4, 'archive/batch_oru_20260101Rook4_ver01'],
    ['that is safe, in the archive area,', 6, 'archive/batch_oru_20260101Rook6_ver01'],
  ])('of a batch %s are those of its bag; a bag that is not whole is told', async (_, id, path) => {
    const bag = join(area, path);
    await mkdir(join(bag, 'data', 'sn12345678'), { recursive: true });
    const lines = ['data/batch.xml', 'data/sn12345678/.manifest'].map((path) => `${sum(path)}  ${path}\n`);
    for (const path of ['data/batch.xml', 'data/sn12345678/.manifest']) await writeFile(join(bag, path), `of ${path}`);
    await writeFile(join(bag, 'bagit.txt'), 'BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n');
    await writeFile(join(bag, 'manifest-sha256.txt'), lines.join(''));
    const { notices } = await bring(sampleSite(area));
    const [set] = await readFileSets(own.database.kysely, batchObject(id), bag);
    expect(set?.files.map(({ path }) => path)).toEqual(['bagit.txt', 'data/batch.xml', 'data/sn12345678/.manifest', 'manifest-sha256.txt']); // prettier-ignore
    expect(set).toMatchObject({ role: 'bag', files: [{}, { sha256: sum('data/batch.xml') }, {}, {}] });
    expect(notices).toContainEqual(expect.stringMatching(/^batch batch_oru_20260101Rook3_ver01: .* could not be taken over .*is not here/) as string); // prettier-ignore
    expect(notices.filter((notice) => notice.includes(`Rook${id}`))).toEqual([]);
    expect(notices.filter((notice) => notice.includes('could not be taken over'))).toHaveLength(3);
  });

  const sum = (path: string) => createHash('sha256').update(`of ${path}`).digest('hex');
  const verdict = async (id: number): Promise<string | undefined> => {
    for await (const { verdict } of verifyIssues(own.database.kysely, [id], { actor: 'a test' })) return verdict;
    return undefined;
  };
});

describe('nothing is imported', () => {
  it('as long as a job is open: its pipeline is named, and how to end it in NCA', async () => {
    const site = siteWith('jobs', { id: 3, job_type: 'make_derivatives', status: 'failed', pipeline_id: 1 }, { id: 4, job_type: 'set_issue_location', status: 'on_hold', pipeline_id: 1 }, { id: 5, job_type: 'build_mets', status: 'in_process', pipeline_id: 2 }); // prettier-ignore
    const { message, openPipelines } = await refusal(site);
    expect(openPipelines).toHaveLength(2);
    expect(message).toContain('pipeline 1 (SFTPIssueMove), issue sn12345678/1900010101: 1 failed (make_derivatives 3), 1 on_hold (set_issue_location 4)'); // prettier-ignore
    expect(message).toContain('pipeline 2 (not in the dump), unknown: 1 in_process (build_mets 5)');
    expect(message).toMatch(/run-jobs requeue ID.*remove-dead-issues/);
  });

  it('W1: as long as a value cannot be taken over: all of them are named with table, number, column and reason', async () => {
    const site = siteWith('issues', { id: 11, date: '1900-02-30' }, { id: 17, workflow_step: 'Lost' });
    site.users.push({ id: 9, login: 'no one', roles: 'king' });
    const { badRows, message } = await refusal(site);
    expect(badRows.map(({ table, id, column }) => [table, id, column])).toEqual([
      ['users', '9', 'login'],
      ['users', '9', 'roles'],
      ['issues', '11', 'date'],
      ['issues', '17', 'workflow_step'],
    ]);
    expect(message).toContain('issues 11, date "1900-02-30": it must be a day of the calendar, YYYY-MM-DD');
    expect(message).toContain('users 9, roles "king": there is no role king');
  });

  const of = (id: number, more: Row): Row => ({
    ...issueRow('/x', id, '1900-05-05', 'ReadyForMetadataEntry'),
    ...more,
  });
  const BAD: [table: keyof Site, row: Row, column: string, reason: RegExp][] = [
    ['mocs', { id: 9, code: 'o/u', name: 'x' }, 'code', /letters, digits and hyphens/],
    ['mocs', { id: 9, code: 'oru', name: 'x' }, 'code', /another row has this code/],
    ['mocs', { id: 9, code: 'abc', name: ' ' }, 'name', /must not be blank/],
    ['titles', { id: 9, lccn: 'sn 1', name: 'x' }, 'lccn', /letters and digits/],
    ['titles', { id: 9, lccn: 'sn12345678', name: 'x' }, 'lccn', /another row has this LCCN/],
    [
      'titles',
      { id: 9, lccn: 'sn9', name: 'x', embargo_period: '3 fortnights' },
      'embargo_period',
      /"fortnights" is no unit/,
    ],
    ['titles', { id: 9, lccn: 'sn9', name: 'x', sftp_user: 'abend' }, 'sftp_user', /those of the title sn87654321/],
    [
      'titles',
      { id: 9, lccn: 'sn9', name: 'x', sftp_user: 'sn12345678' },
      'sftp_user',
      /those of the title sn12345678/,
    ],
    ['titles', { id: 9, lccn: 'sn9', name: 'x', lang_code3: 'english' }, 'lang_code3', /three letters/],
    ['titles', { id: 9, lccn: 'sn9', name: 'x', valid_lccn: 7 }, 'valid_lccn', /0 or 1/],
    ['users', { id: 9, login: 'ann', roles: '' }, 'login', /another row has this login/],
    ['users', { id: 9, login: 'engine', roles: '' }, 'login', /none of engine/],
    ['batches', batchRow(9, 'pending'), 'status', /a pipeline of NCA is at work on it/],
    ['batches', batchRow(9, 'lost'), 'status', /one of pending, qc_ready/],
    [
      'batches',
      batchRow(9, 'live', { full_name: 'batch_oru_20260101Rook2_ver01' }),
      'full_name',
      /another batch has this name/,
    ],
    ['batches', batchRow(9, 'live', { marc_org_code: 'xyz' }), 'marc_org_code', /no such organisation/],
    ['batches', batchRow(9, 'live_archived'), 'archived_at', /since when/],
    ['batches', batchRow(9, 'live', { version: 0 }), 'version', /whole number from 1/],
    ['batches', batchRow(9, 'live', { location: 'out/x' }), 'location', /absolute directory/],
    ['issues', of(9, { lccn: 'sn404', human_name: '' }), 'lccn', /no title of this LCCN/],
    ['issues', of(9, { marc_org_code: 'xyz' }), 'marc_org_code', /no such organisation/],
    ['issues', of(9, { date: 'soon', human_name: '' }), 'date', /day of the calendar/],
    ['issues', of(9, { edition: 0 }), 'edition', /whole number from 1 to 99/],
    ['issues', of(9, { batch_id: 99 }), 'batch_id', /no such batch/],
    ['issues', of(9, { location: '' }), 'location', /must have its files somewhere/],
    ['issues', of(9, { human_name: 'sn12345678-1900050501-8' }), 'human_name', /it must be <LCCN>-<YYYYMMDDEE>-9/],
    [
      'issues',
      of(9, { workflow_step: 'AwaitingProcessing' }),
      'workflow_step',
      /a pipeline of NCA is at work on it.*remove-dead-issues/,
    ],
    ['issues', of(9, { workflow_step: 'AwaitingPageReview' }), 'location', /its page-review folder is not here/],
    ['issues', of(9, { metadata_entered_at: '2026-13-01 00:00:00' }), 'metadata_entered_at', /must be a time/],
    ['issues', of(9, { draft_comment: 'a\0b' }), 'draft_comment', /the character 0/],
    [
      'batches_flagged_issues',
      { id: 9, batch_id: 3, issue_id: 17, reason: 'x', flagged_by_user_id: 3 },
      'issue_id',
      /no such issue is in that batch/,
    ],
    ['batches_flagged_issues', { id: 9, batch_id: 99, issue_id: 17, reason: 'x' }, 'batch_id', /no such batch/],
    ['actions', { id: 9, created_at: '2026-01-01 00:00:00', object_type: 'issue', object_id: 10, action_type: 'dance', user_id: 1 }, 'action_type', /one of user-comment/], // prettier-ignore
    ['actions', { id: 9, created_at: null, object_type: 'issue', object_id: 10, action_type: 'user-comment', user_id: 1 }, 'created_at', /when it happened/], // prettier-ignore
  ];
  it.each(BAD.map(([table, row, column, reason]) => [table, column, reason, row] as const))(
    'W1: because of %s %s: %s',
    async (table, column, reason, row) => {
      const { badRows } = await refusal(siteWith(table, row));
      expect(badRows).toEqual([
        expect.objectContaining({ table, id: '9', column, reason: expect.stringMatching(reason) as string }),
      ]);
    },
  );

  it('and what refers to a bad row is not told as well', async () => {
    const site = siteWith('titles', { id: 1, embargo_period: 'soon' });
    site.mocs = site.mocs.map((row) => ({ ...row, name: '' }));
    const { badRows } = await refusal(site);
    expect(badRows.map(({ table, column }) => `${table}.${column}`)).toEqual([
      'mocs.name',
      'mocs.name',
      'titles.embargo_period',
    ]);
  });
});
