/** The question whether the metadata is right: four eyes, approval, rejection and the way back (newspapers spec 9). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { gotoJob, requeuePipeline } from '../../../src/engine/operator.js';
import { closeThreads } from '../../../src/files/threads.js';
import type { Issue } from '../../../src/newspapers/issues.js';
import { rows, until, useDatabase } from '../../engine/support.js';
import { standing } from '../intake-stage.js';
import {
  answer,
  asked,
  claimAnd,
  claimIt,
  columnsOf,
  givenOpenQuestion,
  givenReviewed,
  usePages,
  told,
  untilReady,
  VALID,
} from './stage.js';

const own = useDatabase();
const pages = usePages();

let issue: Issue;
afterAll(() => closeThreads());
beforeEach(async () => {
  ({ issue } = await givenOpenQuestion(own, pages));
});

const ready = (of: Issue) => untilReady(own, of);

describe('four eyes', () => {
  test('who submitted the metadata may neither claim nor approve its review', async () => {
    await givenReviewed(own, issue, 'both');
    for (const attempt of [() => claimIt(own, issue, 'both'), () => answer(own, issue, 'both', 'approve')])
      await expect(attempt()).rejects.toThrow("is both's own work, which somebody else must look at");
    await expect(claimIt(own, issue, 'cora')).rejects.toThrow('cora may not review metadata');
    await claimAnd(own, issue, 'rita', 'approve');
    await ready(issue);
  });

  test('an issue manager may review own metadata', async () => {
    await givenReviewed(own, issue, 'mona');
    await claimAnd(own, issue, 'mona', 'approve');
    await ready(issue);
  });
});

describe('approve', () => {
  test('takes a claim, and starts what makes the issue ready for a batch', async () => {
    const review = await givenReviewed(own, issue);
    await expect(answer(own, issue, 'rita', 'approve')).rejects.toThrow('must be claimed before it is answered');
    await claimAnd(own, issue, 'rita', 'approve', {}, 'well done');
    await ready(issue);
    expect(await columnsOf(own, issue)).toMatchObject({
      reviewed_by: 'rita',
      metadata_approved_at: expect.any(Date) as Date,
      metadata_entered_by: 'cora',
      rejected_by: null,
    });
    expect(await told(own, issue, 'metadata_approved')).toMatchObject([{ actor: 'rita', detail: { message: 'well done' } }]); // prettier-ignore
    expect(await rows(own, 'select name, created_by from pipelines order by id desc limit 1')).toEqual([
      { name: 'FinalizeIssue', created_by: `pipeline ${review.id}` },
    ]);
  });

  test('checks once more: what is not right any more is told, and not approved', async () => {
    await givenReviewed(own, issue);
    await rm(join(issue.location ?? '', '0002.jp2'));
    const before = await claimAnd(own, issue, 'rita', 'approve');
    expect(await asked(own, issue, 'metadata_review', before)).toMatchObject({
      assignee: 'rita',
      hold_message:
        'not approved: labels: there are 3 labels, but only 2 pages; reject it, or put the pages right and approve again',
    });
    expect(await columnsOf(own, issue)).toMatchObject({ reviewed_by: null, metadata_approved_at: null });
  });

  test('whose pipeline cannot be enqueued leaves nothing in limbo (W19, 11.4.11)', async () => {
    const review = await givenReviewed(own, issue);
    await rows(
      own,
      `create or replace function no_finalize() returns trigger language plpgsql as $$
       begin if new.name = 'FinalizeIssue' then raise exception 'the disk of the database is full'; end if; return new; end $$`,
    );
    await rows(
      own,
      'create trigger no_finalize before insert on pipelines for each row execute function no_finalize()',
    );
    const untouched = async () => {
      expect(await columnsOf(own, issue)).toMatchObject({
        workflow_step: 'AwaitingMetadataReview',
        reviewed_by: null,
        metadata_approved_at: null,
      });
      expect(await told(own, issue, 'metadata_approved')).toEqual([]);
      expect(await rows(own, `select from pipelines where name = 'FinalizeIssue'`)).toEqual([]);
    };
    try {
      await claimAnd(own, issue, 'rita', 'approve');
      await until('it was tried', async () => (await standing(own, issue)).status === 'delayed');
      expect((await standing(own, issue)).error?.message).toContain('the disk of the database is full');
      await untouched();
      // An operator has it asked again: it can be claimed and answered as before.
      const [job] = await rows<{ sequence: number }>(own, 'select sequence from jobs where pipeline_id = $1', [review.id]); // prettier-ignore
      const act = { actor: 'root', reason: 'a test' };
      await gotoJob(own.database.kysely, review.id, job?.sequence ?? 0, act);
      await asked(own, issue, 'metadata_review', review);
      await untouched();
      await claimAnd(own, issue, 'rita', 'approve');
      await until('it was tried again', async () => (await standing(own, issue)).status === 'delayed');
      await untouched();
    } finally {
      await rows(own, 'drop trigger no_finalize on pipelines');
    }
    // The approval was not lost: it is carried out when the trouble is over.
    await requeuePipeline(own.database.kysely, review.id, { actor: 'root', reason: 'there is room again' });
    await ready(issue);
    expect(await told(own, issue, 'metadata_approved')).toMatchObject([{ actor: 'rita' }]);
  });
});

describe('reject', () => {
  test('says why, comes back to the desk of who entered it; entered again, to the desk of who rejected it', async () => {
    await givenReviewed(own, issue);
    await claimIt(own, issue, 'rita');
    await expect(answer(own, issue, 'rita', 'reject', { notes: '  ' })).rejects.toThrow('it must say what is wrong');
    await answer(own, issue, 'rita', 'reject', { notes: 'page 2 is numbered 3' });
    const entry = await asked(own, issue, 'metadata_entry');
    expect(entry).toMatchObject({
      name: 'EnterMetadata',
      assignee: 'cora',
      hold_message: `enter the metadata of ${issue.key} (${issue.titleName}): rita rejected it: page 2 is numbered 3`,
      payload: { metadata: { volume: '12', labels: ['1', '2', '0'] } },
    });
    expect(await columnsOf(own, issue)).toMatchObject({ rejected_by: 'rita', workflow_step: 'ReadyForMetadataEntry' });
    expect(await told(own, issue, 'metadata_rejected')).toMatchObject([
      { actor: 'rita', detail: { notes: 'page 2 is numbered 3' } },
    ]);
    await expect(claimIt(own, issue, 'both')).rejects.toThrow('is claimed by cora');
    await answer(own, issue, 'cora', 'submit', { labels: '1,3,' });
    const review = await asked(own, issue, 'metadata_review');
    expect(review).toMatchObject({ assignee: 'rita', payload: { metadata: { labels: ['1', '3', '0'] } } });
    await answer(own, issue, 'rita', 'approve');
    await ready(issue);
  });

  test('comes to nobody in particular when who entered it may do so no more, or who rejected it entered it', async () => {
    await givenReviewed(own, issue);
    await rows(own, `update users set deactivated_at = now() where login = 'cora'`);
    await claimAnd(own, issue, 'both', 'reject', { notes: 'no' });
    expect(await asked(own, issue, 'metadata_entry')).toMatchObject({ assignee: null });
    await claimAnd(own, issue, 'both', 'submit', VALID);
    expect(await asked(own, issue, 'metadata_review')).toMatchObject({ assignee: null });
  });
});
