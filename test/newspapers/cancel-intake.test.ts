import { chmod, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Job, JobContext } from '../../src/engine/job.js';
import { cancelPipeline } from '../../src/engine/operator.js';
import { fileJobs, verifyRecursive } from '../../src/files/jobs.js';
import { lastModified } from '../../src/files/manifest.js';
import { closeThreads } from '../../src/files/threads.js';
import { bulkQueue } from '../../src/newspapers/bulk-queue.js';
import { cancelIntake } from '../../src/newspapers/cancel-intake.js';
import { parseIssueKey, parseSearchKey } from '../../src/newspapers/issue-key.js';
import { showHeld } from '../../src/engine/pen/show.js';
import { createRegistry } from '../../src/engine/registry.js';
import { findIssue, setIssueColumns, type Issue } from '../../src/newspapers/issues.js';
import { listUploads, type ListedUpload } from '../../src/newspapers/list-uploads.js';
import { addOrg } from '../../src/newspapers/orgs.js';
import { newspaperJobs, newspaperObjects } from '../../src/newspapers/registration.js';
import { resumeIssue } from '../../src/newspapers/resume-issue.js';
import { UploadClock } from '../../src/newspapers/uploads/clock.js';
import type { Settings } from '../../src/settings.js';
import {
  makeDelayedDue,
  pipelineRow,
  rows,
  startRunner,
  testSettings,
  untilStatus,
  useDatabase,
} from '../engine/support.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { writePdf } from './derivatives/documents.js';
import { givenTitle } from './rows.js';

const own = useDatabase();
const db = () => own.database.kysely;
const KEY = parseIssueKey('sn1/1856051001');
const ACT = { actor: 'ada', reason: 'wrong date' };
let settings: Settings;
let upload: string;
afterAll(() => closeThreads());
beforeEach(async () => {
  await own.database.pool.query('truncate newspapers.titles, newspapers.orgs cascade');
  await addOrg(db(), 'mwa', 'American Antiquarian Society');
  await givenTitle(db(), 'sn1', { orgCode: 'mwa' });
  const root = await temporaryDirectory();
  settings = {
    ...testSettings,
    PDF_UPLOAD_PATH: join(root, 'pdfs'),
    SCAN_UPLOAD_PATH: join(root, 'scans'),
    WORKFLOW_PATH: join(root, 'workflow'),
    ORIGINAL_PDF_BACKUP_PATH: join(root, 'backup'),
    PDF_PAGE_REVIEW_PATH: join(root, 'review'),
    DURATION_ISSUE_CONSIDERED_DANGEROUS: 0,
    DURATION_ISSUE_CONSIDERED_NEW: 0,
  };
  upload = join(settings.PDF_UPLOAD_PATH, 'sn1', '1856-05-10');
  for (const area of [upload, settings.WORKFLOW_PATH, settings.ORIGINAL_PDF_BACKUP_PATH, settings.PDF_PAGE_REVIEW_PATH])
    await mkdir(area, { recursive: true });
  await writePdf(join(upload, '1.pdf'), { lines: ['only one page'] }); // too few: the split fails for good
});

async function queue(): Promise<string> {
  const events = bulkQueue(db(), settings, {
    kind: 'borndigital',
    search: parseSearchKey('sn1'),
    dryRun: false,
    actor: 'a test',
    clock: new UploadClock(db(), () => undefined),
    now: () => new Date(),
  });
  const said: string[] = [];
  for await (const event of events) {
    if (event.event === 'obstacle') throw new Error(event.obstacle.problem.message);
    const { outcome } = event;
    const why = outcome.outcome !== 'skipped' ? '' : outcome.why === 'problems' ? 'problems' : `: ${outcome.message}`;
    said.push(`${outcome.outcome}${why}`);
  }
  return said.join();
}

const theIssue = async (): Promise<Issue> => {
  const issue = await findIssue(db(), KEY);
  if (!issue) throw new Error('the issue is not in the workflow');
  return issue;
};
const latestPipeline = async () => (await rows<{ id: number }>(own, 'select max(id) as id from pipelines'))[0]?.id ?? 0;
let runner: Awaited<ReturnType<typeof startRunner>> | undefined;
/** A runner with the settings of now. */
async function start(jobs: readonly Job[] = [...fileJobs, ...newspaperJobs]): Promise<void> {
  await runner?.stop(0);
  runner = await startRunner(own, { more: jobs, settings });
}
const leftovers = async () =>
  (
    await Promise.all(
      [settings.WORKFLOW_PATH, settings.ORIGINAL_PDF_BACKUP_PATH, settings.PDF_PAGE_REVIEW_PATH].map((area) =>
        readdir(area),
      ),
    )
  ).flat();

async function givenFailedIntake(): Promise<Issue> {
  expect(await queue()).toBe('queued');
  await start();
  await untilStatus(own, await latestPipeline(), 'failed');
  return theIssue();
}

const registry = createRegistry({ jobs: [], objects: newspaperObjects });
const inThePen = async (id: number) => (await showHeld(db(), registry, id)).remedies;

/** The first verification is over when something happens to the upload. */
function verifyThen(happens: () => Promise<unknown>): Job {
  const { definition } = verifyRecursive;
  let isFirst = true;
  const run = async (context: JobContext<z.output<typeof definition.args>>) => {
    const outcome = await definition.run(context);
    if (isFirst) await happens();
    isFirst = false;
    return outcome;
  };
  return Object.assign(verifyRecursive.bind(undefined), { definition: { ...definition, run } });
}

async function listed(): Promise<ListedUpload[]> {
  const found: ListedUpload[] = [];
  const clock = new UploadClock(db(), () => undefined);
  const options = { kinds: ['borndigital'] as const, full: false, clock, now: () => new Date() };
  for await (const one of listUploads(db(), settings, options)) if (one.found === 'judged') found.push(one);
  return found;
}

describe('W27: an intake that failed', () => {
  test('goes on where it failed when it is resumed', async () => {
    const issue = await givenFailedIntake();
    settings = { ...settings, MINIMUM_ISSUE_PAGES: 1 };
    await runner?.stop(0); // it would take the resumed one up, by the settings of before
    await resumeIssue(db(), issue.id, { actor: 'ada', reason: 'one page is right' });
    await start();
    expect(await untilStatus(own, await latestPipeline(), 'held')).toMatchObject({ hold_action: 'page_review' });
    expect(await rows(own, `select actor, detail ->> 'reason' as reason from events where kind = 'requeued'`)).toEqual([
      { actor: 'ada', reason: 'one page is right' },
    ]);
    await expect(resumeIssue(db(), issue.id, ACT)).rejects.toThrow(
      /is held, so there is nothing to resume.*page_review/,
    );
  });

  test('is taken back in one operation: files at the upload place, nothing left elsewhere, to be queued again', async () => {
    await lastModified(upload); // its clock runs: a .manifest goes along, and is cleaned away
    const issue = await givenFailedIntake();
    expect(await readdir(settings.WORKFLOW_PATH)).toContain(issue.humanName);
    const { pipelineId } = await cancelIntake(db(), issue.id, settings, ACT);
    expect(pipelineId).toBeGreaterThan(0);
    await untilStatus(own, pipelineId, 'success');
    expect(await readdir(upload)).toEqual(['1.pdf']);
    expect(await leftovers()).toEqual([]);
    expect(await findIssue(db(), KEY)).toBeUndefined();
    expect(
      await rows(
        own,
        `select actor, kind, detail ->> 'reason' as reason from events where kind in ('cancelled', 'upload_given_back') order by id`,
      ),
    ).toEqual([
      { actor: 'ada', kind: 'cancelled', reason: 'wrong date' },
      { actor: 'ada', kind: 'upload_given_back', reason: 'wrong date' },
    ]);
    await writePdf(join(upload, '2.pdf'), { lines: ['the second'] });
    expect(await queue()).toBe('queued');
    expect((await theIssue()).id).not.toBe(issue.id);
    await untilStatus(own, await latestPipeline(), 'held');
  });

  test('says so with both remedies when its upload is queued again, and in the list of uploads', async () => {
    await queue();
    const issue = await theIssue();
    await rename(settings.WORKFLOW_PATH, `${settings.WORKFLOW_PATH}.away`);
    await writeFile(settings.WORKFLOW_PATH, 'no directory: the first copy fails');
    await start();
    const id = await latestPipeline();
    await own.database.pool.query('update jobs set max_attempts = 1');
    await untilStatus(own, id, 'failed', 'delayed');
    await makeDelayedDue(own);
    await untilStatus(own, id, 'failed');
    expect(await queue()).toMatch(
      new RegExp(
        `^skipped: its intake as issue ${issue.id} failed \\(pipeline ${id} at sync_recursive\\): .*"bin/issues resume sn1/1856051001" lets it go on where it failed, "bin/issues cancel-intake sn1/1856051001 --reason TEXT" takes it back`,
      ),
    );
    const [one] = await listed();
    expect(one).toMatchObject({
      state: 'failed',
      intake: { issueId: issue.id, pipelineId: id, job: 'sync_recursive' },
    });
    expect(one?.intake?.error).toMatch(/workflow/);
  });

  test('because of its files says to give it back before it says to resume, in the list, the queue and the pen', async () => {
    const issue = await givenFailedIntake();
    const remedies =
      'give it back with "bin/issues cancel-intake sn1/1856051001 --reason TEXT", have the file replaced, queue it again; "bin/issues resume sn1/1856051001" fails again until that is mended';
    const id = await latestPipeline();
    expect(await inThePen(id)).toBe(remedies);
    await mkdir(upload);
    await writePdf(join(upload, '1.pdf'), { lines: ['uploaded again meanwhile'] });
    const [again] = await listed();
    expect(again?.problems[0]?.message).toContain(`of issue ${issue.id} (born-digital, AwaitingProcessing`);
    expect(again?.problems[0]?.message).toContain(`, which failed: ${remedies}; remove it if it is the same paper`);
    await setIssueColumns(db(), issue.id, { location: upload });
    expect(await queue()).toContain(`skipped: its intake as issue ${issue.id} failed (pipeline ${id} at page_split): `);
    expect(await queue()).toContain(`; ${remedies}`);
    await own.database.pool.query(`update pipelines set error = '{"name": "Error", "message": "no disk"}'`);
    expect(await inThePen(id)).toMatch(
      /^"bin\/issues resume sn1\/1856051001" lets it go on where it failed, "bin\/issues can/,
    );
    await own.database.pool.query(`update pipelines set error = '{"name": "PagesRefused", "message": "bad page"}'`);
    expect(await inThePen(id)).toBe(remedies);
    await own.database.pool.query(`update pipelines set name = 'MakeDerivatives'`); // after its page review
    expect(await inThePen(id)).toBe('"bin/issues resume sn1/1856051001" lets it go on where it failed');
    await own.database.pool.query(`update pipelines set status = 'cancelled'`);
    expect(await inThePen(id)).toBeUndefined();
  });

  test('when its upload grew after it was copied is resumed from the copy, and nothing is lost', async () => {
    await writePdf(join(upload, '2.pdf'), { lines: ['the second'] });
    expect(await queue()).toBe('queued');
    const id = await latestPipeline();
    const late = verifyThen(() => writePdf(join(upload, '3.pdf'), { lines: ['came late'] }));
    await start([...fileJobs.filter((job) => job !== verifyRecursive), late, ...newspaperJobs]);
    expect(await untilStatus(own, id, 'failed')).toMatchObject({
      error: {
        name: 'CopyNotVerified',
        message: expect.stringMatching(
          /3\.pdf came or changed after the copy was verified.* let it be copied again/,
        ) as string,
      },
    });
    expect(await resumeIssue(db(), (await theIssue()).id, ACT)).toMatchObject({ pipelineId: id, copiesAgain: true });
    expect(await untilStatus(own, id, 'held', 'failed')).toMatchObject({ hold_action: 'page_review' });
    const [kept] = await readdir(settings.ORIGINAL_PDF_BACKUP_PATH);
    expect((await readdir(join(settings.ORIGINAL_PDF_BACKUP_PATH, kept ?? ''))).sort()).toEqual([
      '1.pdf',
      '2.pdf',
      '3.pdf',
    ]);
    expect(
      await rows(own, `select actor, kind, detail ->> 'to' as to from events where kind in ('goto', 'requeued')`),
    ).toEqual([{ actor: 'ada', kind: 'goto', to: '10' }]);
  });

  test('that was cancelled by hand in the middle is taken back too, when its runner must have stopped', async () => {
    expect(await queue()).toBe('queued');
    const issue = await theIssue();
    const first = await latestPipeline();
    await own.database.pool.query(`update pipelines set status = 'in_process', runner_id = 1 where id = $1`, [first]);
    await cancelPipeline(db(), first, ACT);
    expect(await queue()).toMatch(/^skipped: its intake as issue \d+ was cancelled.*cancel-intake/);
    await expect(resumeIssue(db(), issue.id, ACT)).rejects.toThrow(
      /is cancelled, so there is nothing to resume.*cancel-intake/,
    );
    const { pipelineId } = await cancelIntake(db(), issue.id, { ...settings, RUNNER_LEASE: 3600 }, ACT);
    await start();
    await untilStatus(own, pipelineId, 'delayed');
    await own.database.pool.query(
      `update jobs set args = args || '{"notBefore": "2026-01-01T00:00:00.000Z"}' where pipeline_id = $1`,
      [pipelineId],
    );
    await makeDelayedDue(own);
    await untilStatus(own, pipelineId, 'success');
    expect(await readdir(upload)).toEqual(['1.pdf']);
    expect(await queue()).toBe('queued');
  });

  test('is not taken back twice at once', async () => {
    await queue();
    const issue = await theIssue();
    const both = await Promise.allSettled([1, 2].map(() => cancelIntake(db(), issue.id, settings, ACT)));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: expect.stringMatching(/is being undone by pipeline \d+/) as string },
    });
    await start();
    await untilStatus(own, await latestPipeline(), 'success');
    await expect(cancelIntake(db(), issue.id, settings, ACT)).rejects.toThrow(/out of the workflow already/);
  });

  test('whose files cannot be brought back says where they are, and goes on when that is mended', async () => {
    const issue = await givenFailedIntake();
    await mkdir(upload);
    await writeFile(join(upload, 'new.pdf'), 'another upload came meanwhile');
    const { pipelineId } = await cancelIntake(db(), issue.id, settings, ACT);
    await untilStatus(own, pipelineId, 'failed');
    expect((await pipelineRow(own, pipelineId)).error?.message).toMatch(
      /1856-05-10 and .*workflow.*are both there|both there/,
    );
    await rename(upload, `${upload}-error`);
    await resumeIssue(db(), issue.id, ACT);
    await untilStatus(own, pipelineId, 'success');
    expect(await readdir(upload)).toEqual(['1.pdf']);
  });

  test('is no intake any more when people work on the issue', async () => {
    await queue();
    const issue = await theIssue();
    await setIssueColumns(db(), issue.id, { workflow_step: 'AwaitingPageReview', location: '/review/x' });
    await expect(cancelIntake(db(), issue.id, settings, ACT)).rejects.toThrow(
      /intake of issue \d+ .* is over: it is at AwaitingPageReview, its files are in \/review\/x/,
    );
    await chmod(upload, 0o755);
    expect(await rows(own, `select from pipelines where status = 'cancelled'`)).toEqual([]);
  });
});
