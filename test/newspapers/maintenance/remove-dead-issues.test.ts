/** Dead issues out of the workflow (newspapers spec 7.4, 4 DeleteStuckIssue, 11.1 "broken PDFs"; W22, W33). */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { cancelPipeline, requeuePipeline } from '../../../src/engine/operator.js';
import { closeThreads } from '../../../src/files/threads.js';
import { cancelIntake } from '../../../src/newspapers/cancel-intake.js';
import { listIssueEvents } from '../../../src/newspapers/issue-events.js';
import { findIssueById, setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { makeDerivatives } from '../../../src/newspapers/pipelines/make-derivatives.js';
import { takeInUpload } from '../../../src/newspapers/pipelines/take-in-upload.js';
import { removeDeadIssues, type RemoveDeadEvent } from '../../../src/newspapers/remove-dead-issues.js';
import type { Settings } from '../../../src/settings.js';
import {
  enqueuedOne,
  jobRows,
  lockWaits,
  makeDelayedDue,
  pipelineRow,
  rows,
  until,
  useDatabase,
} from '../../engine/support.js';
import { givenReady } from '../batches/ready.js';
import { writePdf } from '../derivatives/documents.js';
import {
  allJobs,
  filesBelow,
  givenPlaces,
  heldForReview,
  numberAllPages,
  standing,
  startIntakeRunner,
  untilFailed,
} from '../intake-stage.js';
import { givenIssue } from '../rows.js';
import { changingNothing } from './unchanged.js';

const own = useDatabase();
const db = () => own.database.kysely;
let settings: Settings;
let root: string;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate newspapers.titles, newspapers.orgs, file_sets restart identity cascade');
  ({ settings, root } = await givenPlaces());
});

async function removeDead(dryRun = false): Promise<RemoveDeadEvent[]> {
  const events: RemoveDeadEvent[] = [];
  for await (const event of removeDeadIssues(db(), settings, { actor: 'ann', dryRun })) events.push(event);
  return events;
}
const verdicts = (events: RemoveDeadEvent[]) =>
  Object.fromEntries(events.map((one) => [one.issueId, one.event === 'not dead' ? one.is : one.event]));

/** An upload with too few pages: its split fails for good ("broken PDFs II"). */
async function givenUnsplittable(lccn: string): Promise<Issue> {
  const upload = join(settings.PDF_UPLOAD_PATH, lccn, '1856-05-10');
  await mkdir(upload, { recursive: true });
  await writePdf(join(upload, '1.pdf'), { lines: ['only one page'] });
  return givenIssue(db(), lccn, { location: upload });
}

async function untilRemoved(issue: Issue): Promise<void> {
  await until(
    `issue ${issue.id} is out`,
    async () => {
      await makeDelayedDue(own);
      const now = await standing(own, issue);
      if (now.status === 'failed') throw new Error(`${now.name} failed: ${JSON.stringify(now.error)}`);
      return now.status === 'success';
    },
    60,
  );
}
const errorsBelow = async (): Promise<string[]> =>
  (await filesBelow(settings.ERRORED_ISSUES_PATH)).map((path) => path.replace(/^\d{4}-\d\d\//, '')).sort();

describe('W22: with one that is busy, held, in a batch, fine, without a pipeline, and one that cannot be removed', () => {
  test('each is told with its reason, and the dead are removed all the same', { timeout: 120_000 }, async () => {
    const runner = await startIntakeRunner(own, settings);
    const dead = [await givenUnsplittable('sn1'), await givenUnsplittable('sn9')];
    for (const issue of dead) {
      await enqueuedOne(own, takeInUpload(issue, settings));
      await untilFailed(own, issue);
    }
    const { issue: held } = await heldForReview(own, settings);
    await runner.stop(5);
    const busy = await givenUnsplittable('sn3');
    await enqueuedOne(own, takeInUpload(busy, settings));
    const [fine, batched] = [await givenReady(db()), await givenReady(db())];
    await rows(
      own,
      `with b as (insert into newspapers.batches (org_id, name, full_name) select org_id, 'x', 'batch_mwa_x_ver01' from newspapers.issues where id = $1 returning id)
       update newspapers.issues set batch_id = b.id from b where issues.id = $1`,
      [batched.id],
    );
    const idle = await givenUnsplittable('sn4');
    const cursed = await givenUnsplittable('sn5');
    const [, first] = dead;
    await rows(
      own,
      `insert into pipelines (name, description, object_type, object_id, created_by, status, queue, next_sequence)
       select name, description, object_type, $2, created_by, status, queue, next_sequence from pipelines where object_id = $1`,
      [first?.id, cursed.id],
    );
    await rows(own, `alter table newspapers.issues drop constraint if exists cursed`);
    await rows(
      own,
      `alter table newspapers.issues add constraint cursed check (id <> ${cursed.id} or title_id < 0) not valid`,
    ); // its rows cannot be written

    const expected = {
      [held.id]: 'held',
      [busy.id]: 'busy',
      [fine.id]: 'fine',
      [batched.id]: 'in a batch',
      [idle.id]: 'without a pipeline',
    };
    const dry = await changingNothing(own, root, () => removeDead(true));
    expect(verdicts(dry)).toEqual({
      ...expected,
      [dead[0]?.id ?? 0]: 'dead',
      [first?.id ?? 0]: 'dead',
      [cursed.id]: 'dead',
    });
    const events = await removeDead();
    await rows(own, 'alter table newspapers.issues drop constraint cursed');
    expect(verdicts(events)).toEqual({ ...expected, [dead[0]?.id ?? 0]: 'removing', [first?.id ?? 0]: 'removing', [cursed.id]: 'failed' }); // prettier-ignore
    for (const event of events) expect(event.reason).not.toBe('');
    expect(events.find(({ issueId }) => issueId === cursed.id)?.reason).toContain('cursed');
    expect(await standing(own, cursed)).toMatchObject({ status: 'failed' });
    const kept = { held: await standing(own, held), busy: await standing(own, busy) };
    await expect(cancelIntake(db(), first?.id ?? 0, settings, { actor: 'ann', reason: 'x' })).rejects.toThrow('is being removed by pipeline'); // prettier-ignore

    await startIntakeRunner(
      own,
      settings,
      allJobs(new Set()).filter(({ definition }) => definition.type !== 'page_split'),
    );
    for (const issue of dead) await untilRemoved(issue);
    expect(await errorsBelow()).toEqual(
      dead.flatMap(({ humanName }) => [`${humanName}/content/1.pdf`, `${humanName}/content/actions.txt`]).sort(),
    );
    expect(await standing(own, held)).toEqual(kept.held);
    for (const issue of dead)
      expect(await findIssueById(db(), issue.id)).toMatchObject({
        ...{ ignored: true, workflowStep: 'UnfixableMetadataError', location: null, backupLocation: null },
      });
    expect((await readdir(settings.WORKFLOW_PATH)).filter((name) => dead.some(({ humanName }) => name.includes(humanName)))).toEqual([]); // prettier-ignore
  });
});

describe('DeleteStuckIssue', () => {
  test('cancels the failed pipeline and writes down which jobs failed and why', { timeout: 60_000 }, async () => {
    const seen = new Set<string>();
    await startIntakeRunner(own, settings, allJobs(seen)); // each job twice in a row
    const issue = await givenUnsplittable('sn1');
    const pipelineId = await enqueuedOne(own, takeInUpload(issue, settings));
    await untilFailed(own, issue);
    const [event] = await removeDead();
    expect(event).toMatchObject({
      event: 'removing',
      reason: expect.stringMatching(
        /^pipeline \d+ \(TakeInUpload, issue sn1\/1856051001\): page_split failed, tried once: .*page/,
      ) as string,
    });
    expect(await pipelineRow(own, pipelineId)).toMatchObject({ status: 'cancelled' });
    await untilRemoved(issue);
    expect(await listIssueEvents(db(), issue.id)).toContainEqual(
      expect.objectContaining({ kind: 'declared_dead', actor: 'ann', pipelineId }),
    );
    const [actions] = (await filesBelow(settings.ERRORED_ISSUES_PATH)).filter((path) => path.endsWith('actions.txt'));
    expect(await readFile(join(settings.ERRORED_ISSUES_PATH, actions ?? ''), 'utf8')).toMatch(/page_split failed/);
    expect(seen).toContain('settle_stuck_issue');
    expect(await removeDead()).toEqual([]);
  });

  test(
    'broken PDFs I: pages that somebody overwrote in page review go to the error area, with the original',
    { timeout: 60_000 },
    async () => {
      await startIntakeRunner(own, settings);
      const { issue, review } = await heldForReview(own, settings);
      const { issue: good } = await heldForReview(own, settings);
      await numberAllPages(review);
      await writeFile(join(review, '2.pdf'), 'this is no PDF');
      await rows(own, `select cancel_pipeline(id, 'ann', 'a test') from pipelines where object_id = $1 and status = 'held'`, [issue.id]); // prettier-ignore
      const now = await findIssueById(db(), issue.id);
      if (!now) throw new Error('the issue is gone');
      await enqueuedOne(own, makeDerivatives(now, settings));
      await untilFailed(own, issue);
      expect(verdicts(await removeDead())).toEqual({ [issue.id]: 'removing', [good.id]: 'held' });
      await untilRemoved(issue);
      expect(await errorsBelow()).toEqual(
        ['1.pdf', '2.pdf', '3.pdf', 'actions.txt', 'original.tar'].map((name) => `${issue.humanName}/content/${name}`),
      );
      for (const area of [settings.WORKFLOW_PATH, settings.ORIGINAL_PDF_BACKUP_PATH, settings.PDF_PAGE_REVIEW_PATH])
        expect((await readdir(area)).filter((name) => name.includes(issue.humanName))).toEqual([]);
      expect(existsSync(join(settings.PDF_PAGE_REVIEW_PATH, good.humanName))).toBe(true);
    },
  );

  test.each(['write_action_log', 'ignore_issue'])(
    'that was cancelled before %s goes on where it stood',
    { timeout: 60_000 },
    async (type) => {
      const jobs = allJobs(new Set()).filter(({ definition }) => definition.type !== type);
      const runner = await startIntakeRunner(own, settings, jobs);
      const issue = await givenUnsplittable('sn1');
      await enqueuedOne(own, takeInUpload(issue, settings));
      await untilFailed(own, issue);
      await removeDead();
      const stands = async () => {
        await makeDelayedDue(own);
        const { id } = await standing(own, issue);
        return (await jobRows(own, id)).find(({ status }) => status === 'waiting')?.type === type;
      };
      await until(`it stands at ${type}`, stands, 30);
      await runner.stop(5);
      const { id } = await standing(own, issue);
      await cancelPipeline(db(), id, { actor: 'root', reason: 'a mistake' });
      expect(await removeDead()).toMatchObject([{ event: 'removing', pipelineId: id, reason: expect.stringContaining('goes on') as string }]); // prettier-ignore
      await startIntakeRunner(own, settings);
      await untilRemoved(issue);
      const name = issue.humanName;
      expect(await errorsBelow()).toEqual([`${name}/content/1.pdf`, `${name}/content/actions.txt`]);
      expect(await findIssueById(db(), issue.id)).toMatchObject({ ignored: true });
    },
  );

  test('that fails itself is not begun anew: it is to be mended and resumed', { timeout: 60_000 }, async () => {
    await startIntakeRunner(own, settings);
    const issue = await givenUnsplittable('sn1');
    await enqueuedOne(own, takeInUpload(issue, settings));
    await untilFailed(own, issue);
    await mkdir(join(settings.WORKFLOW_PATH, issue.humanName), { recursive: true });
    await writeFile(join(settings.WORKFLOW_PATH, `.wip-${issue.humanName}`), 'a file where a directory must be');
    await removeDead();
    await untilFailed(own, issue);
    expect(await removeDead()).toMatchObject([
      {
        event: 'not dead',
        is: 'being removed',
        reason: expect.stringContaining(`bin/issues resume ${issue.id}`) as string,
      },
    ]);
  });
});

test(
  'of two at once one removes each issue; one that is requeued at this moment is left alone',
  { timeout: 60_000 },
  async () => {
    const runner = await startIntakeRunner(own, settings);
    const issues = [];
    for (const lccn of ['sn1', 'sn2', 'sn3', 'sn4']) issues.push(await givenUnsplittable(lccn));
    for (const issue of issues) await enqueuedOne(own, takeInUpload(issue, settings));
    for (const issue of issues) await untilFailed(own, issue);
    await runner.stop(5);
    const [requeued] = issues;
    const both = removeDead();
    const [one, two] = await Promise.all([both, removeDead()]);
    const removing = [...one, ...two].filter(({ event }) => event === 'removing').map(({ issueId }) => issueId);
    expect(removing.sort()).toEqual(issues.map(({ id }) => id).sort());
    expect([...one, ...two].filter(({ event }) => event === 'failed')).toEqual([]);
    expect(await rows(own, `select from pipelines where name = 'DeleteStuckIssue'`)).toHaveLength(issues.length);

    // The look was before the requeue, the removal comes after it.
    await rows(own, `select cancel_pipeline(id, 'ann', 'x') from pipelines where name = 'DeleteStuckIssue' and object_id = $1`, [requeued?.id]); // prettier-ignore
    const failed = await rows<{ id: number }>(
      own,
      `update pipelines set status = 'failed', completed_at = null where name = 'TakeInUpload' and object_id = $1 returning id::int`,
      [requeued?.id],
    );
    const events = removeDeadIssues(db(), settings, { actor: 'ann', dryRun: false });
    await setIssueColumns(db(), requeued?.id ?? 0, { workflow_step: 'AwaitingProcessing' });
    const client = await own.database.pool.connect();
    await client.query('begin');
    await client.query('select from pipelines where id = $1 for update', [failed[0]?.id]);
    const next = events.next();
    await until('it waits for the row', async () => (await lockWaits(own)) > 0);
    await client.query(`select requeue_pipeline($1, 'bob', 'it was a hitch')`, [failed[0]?.id]);
    await client.query('commit');
    client.release();
    expect((await next).value).toMatchObject({ event: 'not dead', is: 'busy' });
    await expect(requeuePipeline(db(), failed[0]?.id ?? 0, { actor: 'x', reason: 'x' })).rejects.toThrow();
  },
);
