/** The hand-over of a reviewed folder survives a crash at any point (newspapers spec W26). */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Decision, JobCall, JobContext, Outcome } from '../../src/engine/job.js';
import { readFileSets, recordFiles } from '../../src/files/fixity/file-records.js';
import { cleanFiles } from '../../src/files/jobs.js';
import { closeThreads } from '../../src/files/threads.js';
import { issueObject, type Issue } from '../../src/newspapers/issues.js';
import { theIssue } from '../../src/newspapers/jobs/issue-job.js';
import { askPageReview } from '../../src/newspapers/jobs/ask-page-review.js';
import { removeErroredIssue } from '../../src/newspapers/pipelines/remove-errored-issue.js';
import { listPages, setPageCount } from '../../src/newspapers/pages.js';
import type { Settings } from '../../src/settings.js';
import { enqueuedOne, useDatabase } from '../engine/support.js';
import { killAfter, restart } from '../files/killed.js';
import { givenPlaces, registry } from './intake-stage.js';
import { givenIssue } from './rows.js';

vi.mock('node:fs/promises', async (original) => (await import('../files/killed.js')).killable(await original()));
vi.mock('../../src/files/threads.js', async (original) =>
  (await import('../files/killed.js')).killableThreads(await original()),
);

const own = useDatabase();
let settings: Settings;
let pipeline = 0; // whose jobs these are
beforeEach(async () => {
  const job = cleanFiles({ location: '/somewhere' });
  pipeline = await enqueuedOne(own, { name: 'a test', description: 'a test', jobs: [job] });
});
beforeAll(() => own.database.pool.query('truncate file_sets cascade'));
afterAll(() => closeThreads());

/** A long run sets KILL_STEP=1: killed at each single call. */
const STEP = Number(process.env['KILL_STEP'] ?? 3);

const PAGES = { '1.pdf': 'page one', '3.pdf': 'page two', '07.pdf': 'page three' };
let issues = 0;

/** An issue whose pages are numbered and wait in its folder. */
async function givenReviewed(): Promise<{ issue: Issue; review: string }> {
  const db = own.database.kysely;
  const made = await givenIssue(db, 'sn26', { date: `19${String(10 + Math.floor(issues / 300))}-01-${String(1 + (issues % 28)).padStart(2, '0')}`, edition: 1 + (Math.floor(issues / 28) % 90) }); // prettier-ignore
  issues++;
  const review = join(settings.PDF_PAGE_REVIEW_PATH, made.humanName);
  const backup = join(settings.ORIGINAL_PDF_BACKUP_PATH, made.humanName);
  mkdirSync(review);
  mkdirSync(backup);
  for (const [name, text] of Object.entries(PAGES)) writeFileSync(join(review, name), text);
  writeFileSync(join(backup, 'all pages.pdf'), 'the upload');
  await db.transaction().execute(async (trx) => {
    const files = Object.values(PAGES).map((text, i) => ({ path: `seq-000${i + 1}.pdf`, ...summed(text) }));
    await recordFiles(trx, { object: issueObject(made.id), role: 'page', directory: review, pipelineId: null, files });
    await setPageCount(trx, made.id, 3);
    await trx
      .updateTable('newspapers.issues')
      .set({ location: review, backup_location: backup, workflow_step: 'AwaitingPageReview' })
      .where('id', '=', made.id)
      .execute();
  });
  return { issue: await read(made.id), review };
}

const summed = (text: string) => ({ size: text.length, sha256: createHash('sha256').update(text).digest('hex') });
const read = (id: number): Promise<Issue> => theIssue(own.database.kysely, id);

function runOnce(call: JobCall, decision?: Decision): Promise<Outcome | undefined> {
  const definition = registry.jobs.get(call.type);
  if (!definition) throw new Error(`no job ${call.type}`);
  const context: Partial<JobContext<unknown>> = {
    args: definition.args.parse(call.args),
    db: own.database.kysely,
    settings,
    decision,
    signal: new AbortController().signal,
    progress: { report: () => undefined },
    log: pino({ level: 'silent' }),
    pipelineId: pipeline,
  };
  return definition.run(context as JobContext<unknown>);
}

/** Runs a job as the engine does: one that was killed runs again, and its outcome is committed when it ended. */
async function run(call: JobCall, state: { wasKilled: boolean }, decision?: Decision): Promise<Outcome | undefined> {
  for (;;) {
    try {
      const outcome = await runOnce(call, decision);
      if (outcome?.kind === 'done')
        await own.database.kysely.transaction().execute(async (trx) => outcome.commit?.(trx));
      return outcome;
    } catch (error) {
      if (!restart()) throw error;
      state.wasKilled = true;
    }
  }
}

const DONE: Decision = { verb: 'done', params: {}, comment: null, actor: 'ann', via: 'cli', at: new Date() };

/** The page review is answered and its folder handed over, the machine dying after so many calls. False: it was over before. */
async function handOver(calls: number): Promise<boolean> {
  const { issue, review } = await givenReviewed();
  const state = { wasKilled: false };
  killAfter(calls);
  const outcome = await run(askPageReview({ issueId: issue.id, location: review }), state, DONE);
  if (outcome?.kind !== 'done') throw new Error(`the review is not done: ${JSON.stringify(outcome)}`);
  const jobs = (outcome.then?.[0]?.jobs ?? []).filter(({ type }) =>
    /directory|recursive|set_issue|clean|renumber/.test(type),
  );
  expect(jobs).toHaveLength(8);
  for (const job of jobs) await run(job, state);
  restart();

  const work = join(settings.WORKFLOW_PATH, issue.humanName);
  const texts = Object.fromEntries(readdirSync(work).map((name) => [name, readFileSync(join(work, name), 'utf8')]));
  expect(texts).toEqual({ '0001.pdf': 'page one', '0002.pdf': 'page two', '0003.pdf': 'page three' });
  expect(readdirSync(settings.PDF_PAGE_REVIEW_PATH)).toEqual([]);
  expect(readdirSync(settings.WORKFLOW_PATH)).toEqual([issue.humanName]);
  expect(await read(issue.id)).toMatchObject({ location: work, workflowStep: 'AwaitingProcessing' });
  expect(await listPages(own.database.kysely, issue.id)).toHaveLength(3);
  expect(await readFileSets(own.database.kysely, issueObject(issue.id), work)).toMatchObject([
    { role: 'page', files: Object.values(PAGES).map((text, i) => ({ path: `000${i + 1}.pdf`, ...summed(text) })) },
  ]);
  rmSync(work, { recursive: true });
  rmSync(join(settings.ORIGINAL_PDF_BACKUP_PATH, issue.humanName), { recursive: true });
  return state.wasKilled;
}

/** The same for the removal of an issue. */
async function removal(calls: number): Promise<boolean> {
  const { issue, review } = await givenReviewed();
  writeFileSync(join(review, '0001.jp2'), 'a picture');
  const state = { wasKilled: false };
  killAfter(calls);
  const now = new Date(2026, 0, 31);
  for (const job of removeErroredIssue({ issue, location: review, now }, settings).jobs) await run(job, state);
  restart();
  const place = join(settings.ERRORED_ISSUES_PATH, '2026-01', issue.humanName);
  expect(readdirSync(join(place, 'content')).sort()).toEqual([
    '07.pdf',
    '1.pdf',
    '3.pdf',
    'actions.txt',
    'original.tar',
  ]);
  expect(readdirSync(join(place, 'derivatives'))).toEqual(['0001.jp2']);
  expect(readdirSync(place).sort()).toEqual(['content', 'derivatives']);
  expect(readdirSync(join(place, '..'))).toEqual([issue.humanName]);
  for (const path of [settings.PDF_PAGE_REVIEW_PATH, settings.ORIGINAL_PDF_BACKUP_PATH])
    expect(readdirSync(path)).toEqual([]);
  expect(await read(issue.id)).toMatchObject({ ignored: true, location: null, backupLocation: null });
  rmSync(place, { recursive: true });
  return state.wasKilled;
}

describe('killed at any call into the filesystem, then run again', () => {
  test('a reviewed folder arrives whole, once, and is recorded where it is (W26)', { timeout: 300_000 }, async () => {
    ({ settings } = await givenPlaces());
    let calls = 0;
    while (await handOver(calls)) calls += STEP;
    expect(calls).toBeGreaterThan(60);
  });

  test('an issue that is removed arrives in the error area whole and once', { timeout: 300_000 }, async () => {
    ({ settings } = await givenPlaces());
    let calls = 0;
    while (await removal(calls)) calls += STEP;
    expect(calls).toBeGreaterThan(60);
  });
});

test('killed between what a job did and its commit, each job of the hand-over runs again (W26)', async () => {
  ({ settings } = await givenPlaces());
  const { issue, review } = await givenReviewed();
  const outcome = await run(askPageReview({ issueId: issue.id, location: review }), { wasKilled: false }, DONE);
  if (outcome?.kind !== 'done') throw new Error('the review is not done');
  for (const job of (outcome.then?.[0]?.jobs ?? []).slice(0, 8)) {
    await runOnce(job); // its outcome is lost
    await run(job, { wasKilled: false });
  }
  const work = join(settings.WORKFLOW_PATH, issue.humanName);
  expect(readdirSync(work).sort()).toEqual(['0001.pdf', '0002.pdf', '0003.pdf']);
  expect(existsSync(review)).toBe(false);
  expect(await readFileSets(own.database.kysely, issueObject(issue.id))).toMatchObject([{ directory: work }]);
});

test('a folder that somebody makes anew under the old name while the hand-over stands is not taken for the pages', async () => {
  ({ settings } = await givenPlaces());
  const { issue, review } = await givenReviewed();
  const outcome = await run(askPageReview({ issueId: issue.id, location: review }), { wasKilled: false }, DONE);
  const [hide] = (outcome?.kind === 'done' && outcome.then?.[0]?.jobs) || [];
  if (!hide) throw new Error('no hand-over');
  await run(hide, { wasKilled: false });
  mkdirSync(review);
  writeFileSync(join(review, '1.pdf'), 'saved late');
  await expect(runOnce(hide)).rejects.toThrow(/are? both there|both are there/);
  expect(readFileSync(join(review, '1.pdf'), 'utf8')).toBe('saved late');
});
