/** Nothing stays in limbo when somebody cancels a pipeline while people work on its issue (newspapers spec 7.9, W19, W27). */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { ObjectBusy } from '../../../src/engine/enqueue.js';
import { cancelPipeline } from '../../../src/engine/operator.js';
import { closeThreads } from '../../../src/files/threads.js';
import { cancelIntake } from '../../../src/newspapers/cancel-intake.js';
import { setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { finalizeIssue } from '../../../src/newspapers/pipelines/finalize-issue.js';
import { resumeIssue } from '../../../src/newspapers/resume-issue.js';
import type { Settings } from '../../../src/settings.js';
import { enqueuedOne, rows, useDatabase } from '../../engine/support.js';
import { givenPlaces, standing, startIntakeRunner } from '../intake-stage.js';
import {
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
    expect(both.find((each) => each.status === 'rejected')?.reason).toBeInstanceOf(ObjectBusy);
    expect((await asked(own, issue, 'unfixable_metadata')).hold_message).toContain('asked again by root: cancelled by');
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
