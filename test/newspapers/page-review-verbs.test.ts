/** The answers to a page review, and what becomes of the issue (newspapers spec 5.5, 9). */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { decide, requeuePipeline } from '../../src/engine/operator.js';
import { readFileSets } from '../../src/files/fixity/file-records.js';
import { closeThreads } from '../../src/files/threads.js';
import { parseIssueKey } from '../../src/newspapers/issue-key.js';
import { findIssueById, issueObject, type Issue } from '../../src/newspapers/issues.js';
import { NotAllInReview, removeFromReview } from '../../src/newspapers/remove-from-review.js';
import type { Settings } from '../../src/settings.js';
import { makeHeldDue, until, useDatabase } from '../engine/support.js';
import { writePdf } from './derivatives/documents.js';
import {
  allJobs,
  answer,
  filesBelow,
  givenPlaces,
  heldForReview,
  numberAllPages,
  registry,
  standing,
  startIntakeRunner,
  untilAsked,
} from './intake-stage.js';

const own = useDatabase();
afterAll(() => closeThreads());
let settings: Settings;
beforeEach(async () => {
  await own.database.pool.query('truncate file_sets cascade');
  ({ settings } = await givenPlaces());
});

const row = async (issue: Issue) => {
  const found = await findIssueById(own.database.kysely, issue.id);
  if (!found) throw new Error('the issue is gone');
  return found;
};
const untilRemoved = (issue: Issue) => until('it is out of the workflow', async () => (await row(issue)).ignored, 60);
const month = () => {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}`;
};
const errorDirectory = (issue: Issue) => join(settings.ERRORED_ISSUES_PATH, month(), issue.humanName);
const deciding = (issue: Issue, verb: string, params: Record<string, string>) =>
  standing(own, issue).then(({ id, hold_rev: holdRev }) =>
    decide(own.database.kysely, registry, id, { holdRev, verb, params, actor: 'ann', via: 'rule' }),
  );

describe('done', () => {
  test('with a page that the split did not make asks back by name, and goes on when it is accepted (W25)', async () => {
    await startIntakeRunner(own, settings);
    const { issue, review, asked } = await heldForReview(own, settings);
    await numberAllPages(review);
    await writePdf(join(review, '2.pdf'), { lines: ['a better scan of the second page'] });
    await answer(own, issue, 'done');
    const again = await untilAsked(own, issue, 'page_review', asked.hold_rev);
    expect(again.hold_message).toBe(
      'not yet: "2.pdf" (no page that the split made): put the pages of the split back, or, if this is on purpose, decide done with acceptChanged=true',
    );
    await answer(own, issue, 'done', { acceptChanged: 'true' });
    await untilAsked(own, issue, 'metadata_entry');
    const alto = await readFile(join(settings.WORKFLOW_PATH, issue.humanName, '0002.xml'), 'utf8');
    expect(alto).toContain('better');
    const { rows } = await own.database.pool.query<{ actor: string; detail: unknown }>(
      `select actor, detail from events where kind = 'pages_reviewed' and object_id = $1`,
      [issue.id],
    );
    expect(rows).toMatchObject([{ actor: 'ann', detail: { pages: 3, deleted: 0, changed: [{ path: '2.pdf' }] } }]);
  });

  test.each([
    [{ acceptChanged: 'perhaps' }, 'it must be true or false'],
    [{ deletedPages: '-1' }, 'it must be 0 or more'],
    [{ deleted: '1' }, 'deletedPages'],
  ])('with %j is refused when it is said', async (params, message) => {
    await startIntakeRunner(own, settings);
    const { issue } = await heldForReview(own, settings);
    await expect(deciding(issue, 'done', params)).rejects.toThrow(message);
  });
});

describe('report_error', () => {
  test('hands the issue to its managers, who may return it to the reviewers', async () => {
    await startIntakeRunner(own, settings);
    const { issue, asked } = await heldForReview(own, settings);
    await expect(deciding(issue, 'report_error', { error: '  ' })).rejects.toThrow('it must say what is wrong');
    await answer(own, issue, 'report_error', { error: 'page 3 is of another newspaper' });
    const managers = await untilAsked(own, issue, 'unfixable_error');
    expect(managers.hold_message).toBe('ann reported an error: page 3 is of another newspaper');
    expect(await row(issue)).toMatchObject({ workflowStep: 'UnfixableMetadataError', ignored: false });
    await answer(own, issue, 'return');
    const reviewers = await untilAsked(own, issue, 'page_review', asked.hold_rev);
    expect(reviewers.hold_message).toContain('3 of 3 pages still have the names of the split');
    expect(await row(issue)).toMatchObject({ workflowStep: 'AwaitingPageReview' });
  });

  test('stays a question for managers when psql answers it with what is no answer', async () => {
    await startIntakeRunner(own, settings);
    const { issue } = await heldForReview(own, settings);
    await answer(own, issue, 'report_error', { error: 'torn' });
    const managers = await untilAsked(own, issue, 'unfixable_error');
    await own.database.pool.query(`select decide($1, $2, 'done', '{}', null, 'ann', 'cli')`, [
      managers.id,
      managers.hold_rev,
    ]);
    const again = await untilAsked(own, issue, 'unfixable_error', managers.hold_rev);
    expect(again.hold_message).toBe('done is no answer here: decide return, remove or redo');
  });
});

describe('remove', () => {
  test('takes the issue to the error area: pages, original upload and story; each job twice in a row', async () => {
    const seen = new Set<string>();
    await startIntakeRunner(own, settings, allJobs(seen));
    const { issue, review } = await heldForReview(own, settings);
    await rename(join(review, 'seq-0001.pdf'), join(review, '1.pdf')); // a review that was begun
    await writeFile(join(review, '0002.jp2'), 'a derivative, as issues have that come later');
    await answer(own, issue, 'remove');
    await untilRemoved(issue);
    expect(await row(issue)).toMatchObject({
      workflowStep: 'UnfixableMetadataError',
      ignored: true,
      location: null,
      backupLocation: null,
    });
    const place = errorDirectory(issue);
    expect(await filesBelow(place)).toEqual([
      'content/1.pdf',
      'content/actions.txt',
      'content/original.tar',
      'content/seq-0002.pdf',
      'content/seq-0003.pdf',
      'derivatives/0002.jp2',
    ]);
    expect(execFileSync('tar', ['-tvf', join(place, 'content/original.tar')], { encoding: 'utf8' })).toMatch(
      /^-rw-rw-rw- 0\/0 +\d+ 1970-01-01 .* original\/1\.pdf\n-rw-rw-rw- 0\/0 +\d+ 1970-01-01 .* original\/10\.pdf\n$/,
    );
    const story = await readFile(join(place, 'content/actions.txt'), 'utf8');
    expect(story).toMatch(/^a test took the issue in on \w{3} \d+, \d{4} at \d+:\d\d[ap]m\n/);
    expect(story).toMatch(/\nann answered a question on .*:\n\n {4}remove\n/);
    for (const path of [settings.PDF_PAGE_REVIEW_PATH, settings.ORIGINAL_PDF_BACKUP_PATH, settings.WORKFLOW_PATH])
      expect(await readdir(path)).toEqual([]);
    expect(await readFileSets(own.database.kysely, issueObject(issue.id))).toEqual([]);
    for (const type of ['archive_backups', 'move_derivatives', 'write_action_log', 'ignore_issue'])
      expect(seen).toContain(type);
  });

  test('of a folder that was deleted by hand keeps what is left: the original upload and the story', async () => {
    await startIntakeRunner(own, settings);
    const { issue, review } = await heldForReview(own, settings);
    await rm(review, { recursive: true });
    await answer(own, issue, 'remove');
    await untilRemoved(issue);
    expect(await filesBelow(errorDirectory(issue))).toEqual(['content/actions.txt', 'content/original.tar']);
  });

  test('while the review area is away removes nothing; the decision stands, and is carried out when it is back', async () => {
    await startIntakeRunner(own, settings);
    const { issue, asked } = await heldForReview(own, settings);
    const before = await readFileSets(own.database.kysely, issueObject(issue.id));
    const area = settings.PDF_PAGE_REVIEW_PATH;
    await rename(area, `${area}-unmounted`);
    await answer(own, issue, 'remove');
    await until('it was tried', async () => (await standing(own, issue)).status === 'delayed');
    expect((await standing(own, issue)).error?.message).toContain(`${area} is not there: is its disk mounted?`);
    expect(await readdir(settings.ERRORED_ISSUES_PATH)).toEqual([]);
    expect(await filesBelow(join(settings.ORIGINAL_PDF_BACKUP_PATH, issue.humanName))).toContain('10.pdf');
    expect(await readFileSets(own.database.kysely, issueObject(issue.id))).toEqual(before);

    await rename(`${area}-unmounted`, area);
    await requeuePipeline(own.database.kysely, asked.id, { actor: 'ann', reason: 'mounted' });
    await untilRemoved(issue);
    expect(await filesBelow(errorDirectory(issue))).toContain('content/seq-0001.pdf');
  });
});

describe('a folder that is deleted or renamed by hand', () => {
  test('is noticed at the next look: the question says what is missing, and redo splits the original again', async () => {
    const seen = new Set<string>();
    await startIntakeRunner(own, settings, allJobs(seen));
    const { issue, review, asked } = await heldForReview(own, settings);
    await rename(review, `${review} (copy)`);
    await makeHeldDue(own);
    await until('it looked', async () => (await standing(own, issue)).hold_message?.startsWith('the folder ') ?? false);
    expect((await standing(own, issue)).hold_message).toBe(
      `the folder ${review} is not there, nor its 3 pages: put it back under this name, or decide redo to have the original upload split again, or remove to take the issue out of the workflow`,
    );
    await answer(own, issue, 'redo');
    await untilAsked(own, issue, 'page_review', asked.hold_rev);
    expect((await readdir(review)).filter((name) => !name.startsWith('.'))).toEqual(
      [1, 2, 3].map((n) => `seq-000${n}.pdf`),
    );
    expect(seen).toContain('check_fixity');
    await numberAllPages(review);
    await answer(own, issue, 'done');
    await untilAsked(own, issue, 'metadata_entry');
  });

  test('put back, the review goes on where it was', async () => {
    await startIntakeRunner(own, settings);
    const { issue, review } = await heldForReview(own, settings);
    await rename(review, `${review}.away`);
    await answer(own, issue, 'done');
    await until('it looked', async () => (await standing(own, issue)).hold_message?.includes('is not there') ?? false);
    await numberAllPages(`${review}.away`);
    await rename(`${review}.away`, review);
    await answer(own, issue, 'done');
    await untilAsked(own, issue, 'metadata_entry');
  });
});

test('redo throws away what the reviewers did, and refuses an original that is damaged', async () => {
  await startIntakeRunner(own, settings);
  const { issue, review, asked } = await heldForReview(own, settings);
  await numberAllPages(review);
  await rm(join(review, '2.pdf'));
  await answer(own, issue, 'redo');
  const again = await untilAsked(own, issue, 'page_review', asked.hold_rev);
  expect((await readdir(review)).filter((name) => !name.startsWith('.'))).toEqual(
    [1, 2, 3].map((n) => `seq-000${n}.pdf`),
  );

  await writeFile(join(settings.ORIGINAL_PDF_BACKUP_PATH, issue.humanName, '10.pdf'), 'rot');
  await answer(own, issue, 'redo');
  await until('it fails', async () => (await standing(own, issue)).status === 'failed');
  expect((await standing(own, issue)).error?.message).toMatch(/10\.pdf is 3 bytes .* but was \d+ bytes/);
  expect(await filesBelow(review)).toHaveLength(3);
  expect(again.id).toBe(asked.id);
});

describe('page-review-issue-fixer', () => {
  const options = () => ({ actor: 'ann', registry, settings, dryRun: false });
  const remove = (issues: string[], dryRun = false) =>
    removeFromReview(own.database.kysely, issues.map(parseIssueKey), { ...options(), dryRun });

  test('removes all issues of its keys, or, when one is not in review, none', async () => {
    const runner = await startIntakeRunner(own, settings);
    const [one, two, three] = [await heldForReview(own, settings), await heldForReview(own, settings), await heldForReview(own, settings)]; // prettier-ignore
    await answer(own, three.issue, 'report_error', { error: 'torn' });
    await untilAsked(own, three.issue, 'unfixable_error');
    const failure = remove([one.issue.key, two.issue.key, three.issue.key, 'sn0/1856051001']);
    await expect(failure).rejects.toBeInstanceOf(NotAllInReview);
    await expect(failure).rejects.toThrow(
      `nothing was done, as not all of these wait for a page review:\n  ${three.issue.key}: it is UnfixableMetadataError\n  sn0/1856051001: there is no such issue in the workflow`,
    );
    expect(await remove([one.issue.key, two.issue.key], true)).toMatchObject([{ issue: { id: one.issue.id } }, { issue: { id: two.issue.id } }]); // prettier-ignore
    for (const { issue } of [one, two]) expect(await standing(own, issue)).toMatchObject({ status: 'held' });
    expect(await remove([one.issue.key, one.issue.key, two.issue.key])).toHaveLength(2);
    for (const { issue } of [one, two]) await untilRemoved(issue);
    await runner.stop(0);
    expect(await readdir(join(settings.ERRORED_ISSUES_PATH, month()))).toEqual(
      [one, two].map(({ issue }) => issue.humanName).sort(),
    );
  });

  test('also takes an issue whose pipeline somebody cancelled; not one whose pipeline failed', async () => {
    await startIntakeRunner(own, settings);
    const { issue, asked } = await heldForReview(own, settings);
    await own.database.pool.query(`update pipelines set status = 'failed' where id = $1`, [asked.id]);
    await expect(remove([issue.key])).rejects.toThrow(
      `its pipeline ${asked.id} (TakeInUpload) is failed; let it end, or cancel it first`,
    );
    await own.database.pool.query(`select cancel_pipeline($1, 'ann', 'a test')`, [asked.id]);
    expect(await remove([issue.key])).toMatchObject([{ issue: { id: issue.id } }]);
    await untilRemoved(issue);
    expect(await filesBelow(errorDirectory(issue))).toContain('content/seq-0001.pdf');
  });

  test('while the review area is away refuses all of them, also those that ask', async () => {
    await startIntakeRunner(own, settings);
    const [asking, cancelled] = [await heldForReview(own, settings), await heldForReview(own, settings)];
    await own.database.pool.query(`select cancel_pipeline($1, 'ann', 'a test')`, [cancelled.asked.id]);
    const area = settings.PDF_PAGE_REVIEW_PATH;
    await rename(area, `${area}-unmounted`);
    await expect(remove([asking.issue.key, cancelled.issue.key])).rejects.toThrow(
      `issue ${cancelled.issue.key} is not removed, as ${area} is not there: is its disk mounted?`,
    );
    expect(await standing(own, asking.issue)).toMatchObject({ status: 'held', hold_rev: asking.asked.hold_rev });
    expect(await standing(own, cancelled.issue)).toMatchObject({ id: cancelled.asked.id, status: 'cancelled' });
    for (const { issue } of [asking, cancelled])
      expect(await row(issue)).toMatchObject({ workflowStep: 'AwaitingPageReview', ignored: false });
    expect(await readdir(settings.ERRORED_ISSUES_PATH)).toEqual([]);
  });
});
