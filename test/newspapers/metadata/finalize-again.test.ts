/** METS anew for issues that wait for a batch: under another organisation, or because it was lost (newspapers spec 7.9). */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { ObjectBusy } from '../../../src/engine/enqueue.js';
import { cancelPipeline } from '../../../src/engine/operator.js';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { closeThreads } from '../../../src/files/threads.js';
import { finalizeAgain } from '../../../src/newspapers/finalize-again.js';
import { issueObject, setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { addOrg, UnknownOrg } from '../../../src/newspapers/orgs.js';
import { resumeIssue } from '../../../src/newspapers/resume-issue.js';
import { verifyIssues } from '../../../src/newspapers/verify-issues.js';
import type { Settings } from '../../../src/settings.js';
import { rows, until, useDatabase } from '../../engine/support.js';
import { givenPlaces, startIntakeRunner } from '../intake-stage.js';
import { claimAnd, givenPeople, givenQuestioned, givenReviewed, theRow, told, untilReady, usePages } from './stage.js';

const own = useDatabase();
const pages = usePages();
const db = () => own.database.kysely;
const ACT = { actor: 'mona', reason: 'it is theirs' };
let settings: Settings;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate file_sets cascade');
  ({ settings } = await givenPlaces());
  await givenPeople(own);
});

async function givenReadyIssue(): Promise<{ issue: Issue; mets: string }> {
  const issue = await givenQuestioned(own, settings, pages);
  await givenReviewed(own, issue);
  await claimAnd(own, issue, 'rita', 'approve');
  await untilReady(own, issue);
  return { issue, mets: join(issue.location ?? '', `${issue.date.replaceAll('-', '')}01.xml`) };
}

const soundness = async (issue: Issue) => {
  for await (const { verdict } of verifyIssues(db(), [issue.id], { actor: 'a test' })) return verdict;
  throw new Error('nothing was verified');
};

test.each(['ReadyForBatching', 'ReadyForRebatching'] as const)(
  'under another organisation: METS names it, its sum is recorded, and the issue is %s as before',
  async (step) => {
    await startIntakeRunner(own, settings);
    const { issue, mets } = await givenReadyIssue();
    await setIssueColumns(db(), issue.id, { workflow_step: step });
    await addOrg(db(), 'oth', 'The Other Library; Salem, OR');
    await finalizeAgain(db(), [issue.id], { ...ACT, orgCode: 'oth' });
    await until('it is ready', async () => (await theRow(own, issue.id)).workflowStep === step);
    expect(await readFile(mets, 'utf8')).toContain('The Other Library; Salem, OR');
    expect(await theRow(own, issue.id)).toMatchObject({ orgCode: 'oth' });
    expect(await soundness(issue)).toBe('sound');
    expect(await told(own, issue, 'finalized_again')).toMatchObject([
      { actor: 'mona', detail: { reason: 'it is theirs', from: issue.orgCode, to: 'oth' } },
    ]);
  },
);

test('cancelled and begun again, it waits for the batches it waited for before', async () => {
  const runner = await startIntakeRunner(own, settings);
  const { issue } = await givenReadyIssue();
  await runner.stop(5);
  await setIssueColumns(db(), issue.id, { workflow_step: 'ReadyForRebatching' });
  const [begun] = await finalizeAgain(db(), [issue.id], ACT);
  await cancelPipeline(db(), begun?.pipelineId ?? 0, ACT);
  await resumeIssue(db(), issue.id, ACT);
  await startIntakeRunner(own, settings);
  await until('it is ready', async () => (await theRow(own, issue.id)).workflowStep !== 'AwaitingProcessing');
  expect((await theRow(own, issue.id)).workflowStep).toBe('ReadyForRebatching');
});

test('METS that was lost is there again', async () => {
  await startIntakeRunner(own, settings);
  const { issue, mets } = await givenReadyIssue();
  await rm(mets);
  await finalizeAgain(db(), [issue.id], { actor: 'mona', reason: 'METS was lost' });
  await until('it is ready', async () => (await theRow(own, issue.id)).workflowStep === 'ReadyForBatching');
  expect(existsSync(mets)).toBe(true);
  expect((await readFileSets(db(), issueObject(issue.id))).map(({ role }) => role)).toContain('mets');
  expect(await soundness(issue)).toBe('sound');
});

test('all or none: one that does not wait for a batch, or is at work, is named, and nothing is changed', async () => {
  const runner = await startIntakeRunner(own, settings);
  const { issue } = await givenReadyIssue();
  const asked = await givenQuestioned(own, settings, pages);
  await runner.stop(5);
  const refused = (ids: number[], orgCode?: string) => finalizeAgain(db(), ids, { ...ACT, orgCode });
  await expect(refused([issue.id, asked.id])).rejects.toThrow(`issue ${asked.key} is ReadyForMetadataEntry: only one that waits for a batch`); // prettier-ignore
  await expect(refused([issue.id, 4711])).rejects.toThrow('there is no issue 4711');
  await expect(refused([issue.id], 'nope')).rejects.toThrow(UnknownOrg);
  expect(await theRow(own, issue.id)).toMatchObject({ workflowStep: 'ReadyForBatching', orgCode: issue.orgCode });
  await refused([issue.id]);
  await expect(refused([issue.id])).rejects.toThrow('is AwaitingProcessing');
  await setIssueColumns(db(), issue.id, { workflow_step: 'ReadyForBatching' });
  await expect(refused([issue.id])).rejects.toThrow(ObjectBusy);
  await rows(
    own,
    `insert into newspapers.batches (org_id, name, full_name) select org_id, 'Owl', 'batch_x_Owl_ver01' from newspapers.issues where id = $1`,
    [issue.id],
  );
  await rows(own, `update newspapers.issues set batch_id = (select max(id) from newspapers.batches) where id = $1`, [issue.id]); // prettier-ignore
  await expect(refused([issue.id])).rejects.toThrow('is in a batch');
});
