/** A disk that is full or read-only at any step of the hand-over of a reviewed folder: told, tried again, and nothing lost. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { FatalError, type JobCall, type JobContext } from '../../src/engine/job.js';
import { readFileSets, recordFiles } from '../../src/files/fixity/file-records.js';
import { cleanFiles } from '../../src/files/jobs.js';
import { closeThreads } from '../../src/files/threads.js';
import { issueObject, type Issue } from '../../src/newspapers/issues.js';
import { theIssue } from '../../src/newspapers/jobs/issue-job.js';
import { setPageCount } from '../../src/newspapers/pages.js';
import { makeDerivatives } from '../../src/newspapers/pipelines/make-derivatives.js';
import { removeErroredIssue } from '../../src/newspapers/pipelines/remove-errored-issue.js';
import type { Settings } from '../../src/settings.js';
import { enqueuedOne, useDatabase } from '../engine/support.js';
import { writePdf } from './derivatives/documents.js';
import { givenPlaces, registry } from './intake-stage.js';
import { givenIssue } from './rows.js';
import { mayMount } from '../support/may-mount.js';

const own = useDatabase();
afterAll(() => closeThreads());

/** What befalls a disk, and what ends it. */
const troubles = {
  'read-only': {
    begin: (at: string) => execFileSync('mount', ['-o', 'remount,ro', at]),
    end: (at: string) => execFileSync('mount', ['-o', 'remount,rw', at]),
    words: /the disk is mounted read-only \(EROFS.*mount it for writing; the job will try again/,
  },
  full: {
    begin: (at: string) => fillUp(at, 0),
    end: (at: string) => rmSync(join(at, 'hog')),
    words: /(?:the disk is full \(ENOSPC.*| MB free, .*); ?make room[;,] the job will try again/,
  },
};
function fillUp(at: string, butBytes: number): void {
  const { bavail, bsize } = statfsSync(at);
  writeFileSync(join(at, 'hog'), Buffer.alloc(bavail * bsize - butBytes));
}

/** A reviewed issue, its folder and its place to be on a disk of their own each, and the jobs that hand it over. */
async function givenReviewed() {
  const { settings } = await givenPlaces();
  const disks = { review: settings.PDF_PAGE_REVIEW_PATH, work: settings.WORKFLOW_PATH };
  for (const at of Object.values(disks)) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=90m', 'tmpfs', at]);
    onTestFinished(() => void execFileSync('umount', ['-l', at]));
  }
  const db = own.database.kysely;
  const { id, humanName } = await givenIssue(db, `sn${Math.floor(Math.random() * 1e8)}`);
  const review = join(disks.review, humanName);
  mkdirSync(review);
  for (const page of [1, 2]) await writePdf(join(review, `${page}.pdf`), { lines: [`page ${page}`] });
  const sums = [1, 2].map((page) => sha256(join(review, `${page}.pdf`)));
  const files = [1, 2].map((page, i) => {
    const size = readFileSync(join(review, `${page}.pdf`)).length;
    return { path: `${page}.pdf`, size, sha256: sums[i] ?? '' };
  });
  await db.transaction().execute(async (trx) => {
    await recordFiles(trx, { object: issueObject(id), role: 'page', directory: review, pipelineId: null, files });
    await setPageCount(trx, id, 2);
    const row = { location: review, workflow_step: 'AwaitingProcessing' as const };
    await trx.updateTable('newspapers.issues').set(row).where('id', '=', id).execute();
  });
  const idle = cleanFiles({ location: '/somewhere' });
  const pipeline = await enqueuedOne(own, { name: 'a test', description: 'a test', jobs: [idle] }); // whose jobs these are
  const issue = await read(id);
  const jobs = makeDerivatives(issue, settings).jobs.filter(({ type }) => type !== 'ask_metadata');
  return { settings, disks, issue, jobs, sums, work: join(disks.work, humanName), run: runner(settings, pipeline) };
}
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const read = (id: number): Promise<Issue> => theIssue(own.database.kysely, id);

/** Runs a job and commits what it did, as the engine does; gives its failure, or why it is to be tried later. */
const runner = (settings: Settings, pipelineId: number) => async (call: JobCall) => {
  const definition = registry.jobs.get(call.type);
  if (!definition) throw new Error(`no job ${call.type}`);
  const context: Partial<JobContext<unknown>> = {
    args: definition.args.parse(call.args),
    db: own.database.kysely,
    settings,
    pipelineId,
    decision: undefined,
    signal: new AbortController().signal,
    share: (work) => work(),
    progress: { report: () => undefined },
    log: pino({ level: 'silent' }),
  };
  try {
    const outcome = await definition.run(context as JobContext<unknown>);
    if (outcome?.kind === 'try_later') return new Error(outcome.reason);
    if (outcome?.kind === 'done') await own.database.kysely.transaction().execute(async (trx) => outcome.commit?.(trx));
    return undefined;
  } catch (error) {
    return error as Error;
  }
};

type Given = Awaited<ReturnType<typeof givenReviewed>>;

/** Every page is somewhere, whole. */
function expectNothingLost({ disks, sums }: Given): void {
  const found = Object.values(disks).flatMap((at) =>
    readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.pdf'))
      .map((entry) => sha256(join(entry.parentPath, entry.name))),
  );
  expect(found).toEqual(expect.arrayContaining(sums));
}

async function expectHandedOver({ disks, issue, sums, work }: Given): Promise<void> {
  expect(readdirSync(work).sort()).toEqual(['0001.jp2', '0001.pdf', '0001.xml', '0002.jp2', '0002.pdf', '0002.xml']);
  expect(['0001.pdf', '0002.pdf'].map((name) => sha256(join(work, name)))).toEqual(sums);
  expect(readdirSync(disks.review)).toEqual([]);
  expect(readdirSync(disks.work)).toEqual([issue.humanName]);
  expect(await read(issue.id)).toMatchObject({ location: work });
  const sets = await readFileSets(own.database.kysely, issueObject(issue.id), work);
  expect(Object.fromEntries(sets.map(({ role, files }) => [role, files.map(({ path }) => path).sort()]))).toEqual({
    page: ['0001.pdf', '0002.pdf'],
    derivative: ['0001.jp2', '0001.xml', '0002.jp2', '0002.xml'],
  });
}

describe.skipIf(!mayMount)('the hand-over of a reviewed folder (W26)', () => {
  test.each([
    ['review', 'read-only', ['rename_directory', 'delete_directory']],
    ['review', 'full', []], // to leave it needs no room
    [
      'work',
      'read-only',
      ['sync_recursive', 'verify_recursive', 'rename_directory', 'renumber_pages', 'make_derivatives'],
    ],
    ['work', 'full', ['sync_recursive', 'verify_recursive', 'renumber_pages', 'make_derivatives']],
  ] as const)(
    'when the %s disk is %s at any step, is tried again and goes through when that is mended',
    { timeout: 120_000 },
    async (where, what, failing) => {
      const given = await givenReviewed();
      const { disks, jobs, run } = given;
      const failed: string[] = [];
      for (const job of jobs) {
        troubles[what].begin(disks[where]);
        const failure = await run(job);
        expectNothingLost(given);
        troubles[what].end(disks[where]);
        if (!failure) continue;
        failed.push(job.type);
        expect(failure).not.toBeInstanceOf(FatalError);
        expect(failure.message).toMatch(troubles[what].words);
        expect(failure.message).toContain(disks[where]);
        expect(await run(job)).toBeUndefined();
      }
      expect(failed).toEqual(failing);
      await expectHandedOver(given);
    },
  );

  test('whose renumbering finds the disk full between its two rounds, then read-only, goes on from there', async () => {
    const given = await givenReviewed();
    const { disks, jobs, run, work } = given;
    const renumber = jobs.findIndex(({ type }) => type === 'renumber_pages');
    for (const job of jobs.slice(0, renumber)) expect(await run(job)).toBeUndefined();
    const [job] = jobs.slice(renumber);
    if (!job) throw new Error('no renumbering');
    fillUp(disks.work, 4096); // the plan fits, its second phase beside it does not
    const full = await run(job);
    expect(full).not.toBeInstanceOf(FatalError);
    expect(full?.message).toMatch(/renumbering\.json.*: the disk is full \(ENOSPC.*make room; the job will try again$/);
    expect(readdirSync(work).sort()).toEqual(['renumbering-0001.pdf', 'renumbering-0002.pdf', 'renumbering.json']);
    troubles['read-only'].begin(disks.work);
    const readOnly = await run(job);
    expect(readOnly).not.toBeInstanceOf(FatalError);
    expect(readOnly?.message).toMatch(troubles['read-only'].words);
    expectNothingLost(given);
    troubles['read-only'].end(disks.work);
    rmSync(join(disks.work, 'hog'));
    for (const rest of jobs.slice(renumber)) expect(await run(rest)).toBeUndefined();
    expect(existsSync(join(work, 'renumbering.json'))).toBe(false);
    await expectHandedOver(given);
  });
});

describe.skipIf(!mayMount)('a removal to an error area that is read-only', () => {
  test.each(['write_action_log', 'move_derivatives', 'archive_backups'])(
    'is told as that by %s, which makes the first directory there, and tried again',
    async (type) => {
      const given = await givenReviewed();
      const { settings } = given;
      const [at, backup] = [settings.ERRORED_ISSUES_PATH, join(settings.ORIGINAL_PDF_BACKUP_PATH, 'HN')];
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at]);
      onTestFinished(() => void execFileSync('umount', ['-l', at]));
      mkdirSync(backup);
      writeFileSync(join(backup, '1.pdf'), 'the upload');
      const issue = { ...given.issue, backupLocation: backup };
      const { jobs } = removeErroredIssue({ issue, location: null, now: new Date() }, settings);
      const job = jobs.find((one) => one.type === type);
      if (!job) throw new Error(`no ${type}`);
      troubles['read-only'].begin(at);
      const failure = await given.run(job);
      expect(failure).not.toBeInstanceOf(FatalError);
      expect(failure?.message).toMatch(troubles['read-only'].words);
      expect(failure?.message).toContain(at);
      troubles['read-only'].end(at);
      expect(await given.run(job)).toBeUndefined();
    },
  );
});
