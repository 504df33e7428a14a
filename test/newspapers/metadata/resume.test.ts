/** Nothing stays in limbo when somebody cancels a pipeline while people work on its issue (newspapers spec 7.9, W19, W27). */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { PipelinePlan } from '../../../src/engine/pipeline.js';
import { cancelPipeline, skipJob } from '../../../src/engine/operator.js';
import { closeThreads } from '../../../src/files/threads.js';
import { cancelIntake } from '../../../src/newspapers/cancel-intake.js';
import { readMetadata } from '../../../src/newspapers/metadata/metadata.js';
import { setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { deleteStuckIssue } from '../../../src/newspapers/pipelines/delete-stuck-issue.js';
import { finalizeIssue } from '../../../src/newspapers/pipelines/finalize-issue.js';
import { makeDerivatives } from '../../../src/newspapers/pipelines/make-derivatives.js';
import { enterMetadata, mendUnfixable, reviewMetadata } from '../../../src/newspapers/pipelines/metadata.js';
import { removeErroredIssue } from '../../../src/newspapers/pipelines/remove-errored-issue.js';
import { reviewPages } from '../../../src/newspapers/pipelines/review-pages.js';
import { takeInUpload } from '../../../src/newspapers/pipelines/take-in-upload.js';
import { removeDeadIssues } from '../../../src/newspapers/remove-dead-issues.js';
import { resumeIssue } from '../../../src/newspapers/resume-issue.js';
import type { IssueKind, WorkflowStep } from '../../../src/newspapers/workflow-step.js';
import type { Settings } from '../../../src/settings.js';
import { enqueuedOne, rows, useDatabase } from '../../engine/support.js';
import { givenPlaces, standing, startIntakeRunner } from '../intake-stage.js';
import {
  answer,
  asked,
  claimAnd,
  givenPeople,
  givenQuestioned,
  givenReviewed,
  givenWholeIssue,
  told,
  untilReady,
  usePages,
  VALID,
} from './stage.js';

const own = useDatabase();
const pages = usePages();
afterAll(() => closeThreads());
let settings: Settings;
beforeEach(async () => {
  await rows(own, 'truncate file_sets cascade');
  ({ settings } = await givenPlaces());
  await givenPeople(own);
});
const act = { actor: 'root', reason: 'cancelled by mistake' };
const resume = (issue: Issue) => resumeIssue(own.database.kysely, issue.id, act);
async function cancel(issue: Issue): Promise<void> {
  await cancelPipeline(own.database.kysely, (await standing(own, issue)).id, act);
}

describe('resumed, an issue is asked about again', () => {
  test('for its metadata, with the draft', async () => {
    await startIntakeRunner(own, settings);
    const issue = await givenQuestioned(own, settings, pages);
    const before = await claimAnd(own, issue, 'cora', 'draft', VALID);
    await asked(own, issue, 'metadata_entry', before);
    await cancel(issue);
    expect(await resume(issue)).toMatchObject({ pipeline: 'EnterMetadata' });
    expect((await asked(own, issue, 'metadata_entry')).payload.metadata).toMatchObject({ volume: '12' });
    expect(await told(own, issue, 'begun_again')).toMatchObject([{ actor: 'root', detail: { reason: act.reason } }]);
  });

  test('for its review, and for a decision about its error', async () => {
    await startIntakeRunner(own, settings);
    const issue = await givenQuestioned(own, settings, pages);
    await givenReviewed(own, issue);
    await cancel(issue);
    expect(await resume(issue)).toMatchObject({ pipeline: 'ReviewMetadata' });
    await asked(own, issue, 'metadata_review');
    await claimAnd(own, issue, 'rita', 'reject', { notes: 'no' });
    await asked(own, issue, 'metadata_entry');
    await claimAnd(own, issue, 'cora', 'report_error', { error: 'torn' });
    await asked(own, issue, 'unfixable_metadata');
    await cancel(issue);
    const both = await Promise.allSettled([resume(issue), resume(issue)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({
      message: expect.stringMatching(
        /MendUnfixable.* is (pending|in_process|held), so there is nothing to resume/,
      ) as string,
    });
    expect((await asked(own, issue, 'unfixable_metadata')).hold_message).toContain('asked again by root: cancelled by');
  });
});

describe('what was said and typed is not lost', () => {
  test('a draft or a submission that was not taken yet becomes the draft, on the desk of who gave it', async () => {
    const runner = await startIntakeRunner(own, settings);
    const issue = await givenQuestioned(own, settings, pages);
    await runner.stop(5);
    await claimAnd(own, issue, 'cora', 'submit', VALID);
    await cancel(issue);
    await resume(issue);
    expect(await readMetadata(own.database.kysely, issue.id)).toMatchObject({
      stored: { volume: '' },
      present: { volume: '12', labels: ['1', '2', ''] },
    });
    expect(await told(own, issue, 'metadata_saved')).toMatchObject([{ actor: 'cora' }]);
    await startIntakeRunner(own, settings);
    const again = await asked(own, issue, 'metadata_entry');
    expect(again).toMatchObject({ assignee: 'cora', payload: { metadata: { volume: '12' } } });
    expect(again.hold_message).toContain('cora had answered submit, which was cancelled');
  });

  test.each([
    [
      'metadata_entry',
      'cora',
      (issue: Issue) => enterMetadata(issue, { note: 'rita rejected it: no', assignee: 'cora' }),
    ],
    [
      'metadata_review',
      'rita',
      (issue: Issue) => reviewMetadata(issue, { note: 'rita rejected it: no', assignee: 'rita' }),
    ],
    [
      'unfixable_metadata',
      'mona',
      (issue: Issue) => mendUnfixable(issue, 'rita rejected it: no', { assignee: 'mona' }),
    ],
  ])('why %s is asked, and on whose desk, when it was never asked', async (action, desk, plan) => {
    const issue = await givenWholeIssue(own, settings, pages);
    await setIssueColumns(own.database.kysely, issue.id, { workflow_step: 'AwaitingProcessing' });
    await enqueuedOne(own, plan(issue));
    await cancel(issue);
    await resume(issue);
    await startIntakeRunner(own, settings);
    const again = await asked(own, issue, action);
    expect(again).toMatchObject({
      assignee: desk,
      hold_message: expect.stringContaining('rita rejected it: no') as string,
    });
  });

  test('an error reported in the page review is asked about again, by who may answer it', async () => {
    await startIntakeRunner(own, settings);
    const issue = await givenWholeIssue(own, settings, pages);
    await setIssueColumns(own.database.kysely, issue.id, { workflow_step: 'AwaitingPageReview' });
    await enqueuedOne(own, reviewPages(issue));
    await asked(own, issue, 'page_review');
    await cancel(issue);
    expect(await resume(issue)).toMatchObject({ pipeline: 'ReviewPages' });
    await asked(own, issue, 'page_review');
    await answer(own, issue, 'rita', 'report_error', { error: 'torn' });
    await asked(own, issue, 'unfixable_error');
    await cancel(issue);
    const wanted: string[] = [];
    const permit = (privilege: string) => Promise.resolve(wanted.push(privilege));
    await resumeIssue(own.database.kysely, issue.id, { ...act, permit });
    expect(wanted).toEqual(['work on unfixable errors']);
    expect((await asked(own, issue, 'unfixable_error')).hold_message).toBe('rita reported an error: torn');
  });
});

/** What leads an issue on: the pipeline that resume begins, "cancel-intake", "remove-dead-issues"; several may. */
async function waysOn(issue: Issue): Promise<string[]> {
  const db = own.database.kysely;
  const ways: string[] = [];
  for await (const event of removeDeadIssues(db, settings, { actor: 'root', dryRun: true }))
    if (event.issueId === issue.id && event.event === 'dead') ways.push('remove-dead-issues');
  const refusal = await resume(issue).then(
    ({ pipeline }) => void ways.push(pipeline),
    (error: unknown) => (error as Error).message,
  );
  if (refusal === undefined) return ways;
  await cancelIntake(db, issue.id, settings, act).then(
    () => ways.push('cancel-intake'),
    () => undefined,
  );
  expect(ways.filter((way) => refusal.includes(way))).not.toEqual([]); // what it advises works
  return ways;
}

type Case = [
  name: string,
  kind: IssueKind,
  step: WorkflowStep,
  plan: (issue: Issue) => PipelinePlan,
  ...ways: string[],
];
const CASES: Case[] = [
  ['TakeInUpload', 'borndigital', 'AwaitingProcessing', (issue) => takeInUpload(issue, settings), 'remove-dead-issues', 'cancel-intake'],
  ['MakeDerivatives', 'scan', 'AwaitingProcessing', (issue) => makeDerivatives(issue, settings), 'remove-dead-issues', 'cancel-intake'],
  ['MakeDerivatives', 'borndigital', 'AwaitingProcessing', (issue) => makeDerivatives(issue, settings), 'remove-dead-issues'],
  ['ReviewPages', 'borndigital', 'AwaitingPageReview', (issue) => reviewPages(issue), 'ReviewPages'],
  ['ReviewPages', 'borndigital', 'UnfixableMetadataError', (issue) => reviewPages(issue), 'ReviewPages'],
  ['EnterMetadata', 'borndigital', 'AwaitingProcessing', (issue) => enterMetadata(issue), 'EnterMetadata'],
  ['EnterMetadata', 'scan', 'ReadyForMetadataEntry', (issue) => enterMetadata(issue), 'EnterMetadata'],
  ['ReviewMetadata', 'borndigital', 'AwaitingProcessing', (issue) => reviewMetadata(issue), 'ReviewMetadata'],
  ['ReviewMetadata', 'scan', 'AwaitingMetadataReview', (issue) => reviewMetadata(issue), 'ReviewMetadata'],
  ['MendUnfixable', 'borndigital', 'AwaitingProcessing', (issue) => mendUnfixable(issue, 'torn'), 'MendUnfixable'],
  ['MendUnfixable', 'scan', 'UnfixableMetadataError', (issue) => mendUnfixable(issue, 'torn'), 'MendUnfixable'],
  ['FinalizeIssue', 'borndigital', 'AwaitingProcessing', (issue) => finalizeIssue(issue), 'FinalizeIssue'],
  ['RemoveErroredIssue', 'borndigital', 'AwaitingProcessing', (issue) => removeErroredIssue({ issue, location: issue.location, now: new Date() }, settings), 'remove-dead-issues'],
  ['DeleteStuckIssue', 'borndigital', 'AwaitingProcessing', (issue) => deleteStuckIssue({ issue, cancelled: 1 }, settings), 'remove-dead-issues'],
]; // prettier-ignore

describe.each(CASES)('%s of a %s issue at %s', (_name, kind, step, plan, ...ways) => {
  async function given(): Promise<Issue> {
    const issue = await givenWholeIssue(own, settings, pages, { kind });
    await setIssueColumns(own.database.kysely, issue.id, { workflow_step: step });
    const stands = { ...issue, workflowStep: step };
    await enqueuedOne(own, plan(stands));
    return stands;
  }

  test.each(['pending', 'failed', 'held'])('cancelled while %s: something leads on, and is advised', async (status) => {
    const issue = await given();
    await rows(
      own,
      `update pipelines set status = $2, hold_kind = case $2 when 'held' then 'person' end, hold_action = case $2 when 'held' then 'x' end where id = $1`,
      [(await standing(own, issue)).id, status],
    );
    await cancel(issue);
    expect(await waysOn(issue)).toEqual(ways);
  });

  test('left out, job by job: it is not left behind', async () => {
    const issue = await given();
    for (;;) {
      const { id, status } = await standing(own, issue);
      if (status === 'success') break;
      await skipJob(own.database.kysely, id, act);
    }
    expect((await waysOn(issue)).length).toBeGreaterThan(0);
  });
});

test('an approved issue whose finalizing was cancelled is finalized when it is resumed; its upload is not given back', async () => {
  const issue = await givenWholeIssue(own, settings, pages);
  await rows(own, 'update newspapers.pages set no_label = true where issue_id = $1', [issue.id]);
  await setIssueColumns(own.database.kysely, issue.id, { workflow_step: 'AwaitingProcessing' });
  await enqueuedOne(own, finalizeIssue(issue));
  for (const kind of ['borndigital', 'scan']) {
    await rows(own, 'update newspapers.issues set kind = $2 where id = $1', [issue.id, kind]);
    await expect(cancelIntake(own.database.kysely, issue.id, settings, act)).rejects.toThrow('is over');
  }
  await rows(own, `update newspapers.issues set kind = 'borndigital' where id = $1`, [issue.id]);
  await cancel(issue);
  await expect(cancelIntake(own.database.kysely, issue.id, settings, act)).rejects.toThrow('is over');
  expect(await resume(issue)).toMatchObject({ pipeline: 'FinalizeIssue' });
  await startIntakeRunner(own, settings);
  await untilReady(own, issue);
});
