/** What administrators of newspapers put right by psql (newspapers spec 7.9), beside a daemon that works. */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { closeThreads } from '../../src/files/threads.js';
import { findIssueById } from '../../src/newspapers/issues.js';
import type { Settings } from '../../src/settings.js';
import { rows, until, useDatabase } from '../engine/support.js';
import { filesBelow, givenPlaces, heldForReview, startIntakeRunner, untilAsked } from '../newspapers/intake-stage.js';
import { givenIssue } from '../newspapers/rows.js';
import { did, refused } from './psql.js';

const own = useDatabase();
afterAll(() => closeThreads());
let settings: Settings;
beforeEach(async () => {
  await own.database.pool.query('truncate newspapers.issues, newspapers.batches, file_sets cascade');
  ({ settings } = await givenPlaces());
});

describe('W37: a page-review folder that was deleted by hand', () => {
  test('is named, is split again from the original, and that only once', async () => {
    await startIntakeRunner(own, settings);
    const { issue, review, asked } = await heldForReview(own, settings);
    await rm(review, { recursive: true });

    expect(await did(own.url, 'page-review-look-again', { issue: issue.id, actor: 'ann' })).toContain(basename(review));
    const gone = await untilAsked(own, issue, 'page_review');
    expect(gone.id).toBe(asked.id);
    await until('the question says that the folder is gone', async () =>
      (await did(own.url, 'page-reviews')).includes(`${review} is not there`),
    );

    const reason = `'; drop table newspapers.issues cascade; --`;
    const said = await did(own.url, 'page-review-redo', { issue: issue.id, reason, actor: 'ann' });
    expect(said).toMatch(/redo +\| ann +\| pending/);
    await untilAsked(own, issue, 'page_review', asked.hold_rev);
    expect(await filesBelow(review)).toContain('seq-0001.pdf');
    expect(await rows(own, 'select verb, comment, actor, via from decisions')).toEqual([
      { verb: 'redo', comment: reason, actor: 'ann', via: 'psql' },
    ]);
  });

  test('can be given up: what is left of the issue leaves the workflow, its key is free; twice is refused', async () => {
    await startIntakeRunner(own, settings);
    const { issue, review } = await heldForReview(own, settings);
    await rm(review, { recursive: true });
    await did(own.url, 'page-review-remove', { issue: issue.id, reason: 'the publisher sends it anew', actor: 'ann' });
    await until('it is out of the workflow', async () => {
      const row = await findIssueById(own.database.kysely, issue.id);
      return row?.ignored === true;
    });
    expect(await refused(own.url, 'page-review-remove', { issue: issue.id, reason: 'x' })).toMatch(
      /does not ask for its page review: (it has no open pipeline|its pipeline \d+ \(RemoveErroredIssue\))/,
    );
    const left = await filesBelow(settings.ERRORED_ISSUES_PATH);
    expect(left.some((file) => file.endsWith('actions.txt'))).toBe(true);
  });

  test('an issue that somebody has claimed, that is not in page review, has no original, or is not there is refused', async () => {
    await startIntakeRunner(own, settings);
    const { issue, asked } = await heldForReview(own, settings);
    await rows(own, `select claim_pipeline($1, 'ben')`, [asked.id]);
    expect(await refused(own.url, 'page-review-redo', { issue: issue.id, reason: 'x', actor: 'ann' })).toContain(
      'is claimed by ben',
    );
    await did(own.url, 'release-claim', { id: asked.id, reason: 'Ben is on leave' });
    await rows(own, 'update newspapers.issues set backup_location = null where id = $1', [issue.id]);
    expect(await refused(own.url, 'page-review-redo', { issue: issue.id, reason: 'x' })).toContain(
      'has no original upload',
    );
    const other = await givenIssue(own.database.kysely, 'sn12345678');
    expect(await refused(own.url, 'page-review-redo', { issue: other.id, reason: 'x' })).toContain(
      'it has no open pipeline',
    );
    expect(await refused(own.url, 'page-review-remove', { issue: 4711, reason: 'x' })).toContain(
      'there is no issue 4711',
    );
    expect(await did(own.url, 'page-review-look-again', { issue: other.id })).toContain('(0 rows)');
    expect(await rows(own, 'select from decisions')).toEqual([]);
  });
});

describe('unpush-batch.sql changes nothing and names the command that is right', () => {
  const ROAD: [status: string, command: RegExp][] = [
    ['live', /is live: SQL does not take it back\nHINT: .*bin\/batches unpush \S+_ver01 --reason WHY/],
    ['live_archived', /in the dark archive already.*\nHINT: .*bin\/batches patch \S+_ver01 --remove KEY/],
    ['live_done', /in the dark archive already.*\nHINT: .*bin\/batches patch/],
    ['qc_ready', /is not live.*\nHINT: .*bin\/batches reject/],
    ['qc_flagging', /is not live.*\nHINT: .*bin\/batches undo/],
    ['pending', /is being worked on: but it has no open pipeline\nHINT: .*bin\/batches resume/],
    ['deleted', /it was deleted\nHINT: .*bin\/batches show/],
  ];

  test.each(ROAD)('of a batch that is %s', async (status, command) => {
    await givenBatch(status);
    const before = await rows(own, 'select * from newspapers.batches, (select count(*) from events) e');
    expect(await refused(own.url, 'unpush-batch', { batch: 'SlateSealNearFerns' })).toMatch(command);
    expect(await rows(own, 'select * from newspapers.batches, (select count(*) from events) e')).toEqual(before);
  });

  test('of a batch whose work has failed, and of one that is not there', async () => {
    const id = await givenBatch('pending');
    await rows(
      own,
      `insert into pipelines (name, description, object_type, object_id, created_by, status, queue, next_sequence)
       values ('UnpushBatch', 'a batch', 'batch', $1, 'ann', 'failed', 'io', 10)`,
      [id],
    );
    expect(await refused(own.url, 'unpush-batch', { batch: 'batch_mwa_20260101SlateSealNearFerns_ver01' })).toMatch(
      /stands: pipeline 1 \(UnpushBatch\) is failed\nHINT: .*bin\/run-jobs requeue 1 --reason WHY/,
    );
    expect(await refused(own.url, 'unpush-batch', { batch: `x'y` })).toContain(`there is no batch x'y`);
  });

  async function givenBatch(status: string): Promise<number> {
    await givenIssue(own.database.kysely, 'sn12345678');
    const [batch] = await rows<{ id: number }>(
      own,
      `insert into newspapers.batches (org_id, name, full_name, status)
       select id, 'SlateSealNearFerns', 'batch_mwa_20260101SlateSealNearFerns_ver01', $1 from newspapers.orgs returning id`,
      [status],
    );
    return batch?.id ?? 0;
  }
});
