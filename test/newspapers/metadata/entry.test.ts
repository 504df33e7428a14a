/** The question for the metadata: who may answer, what is checked, what is kept (newspapers spec 9). */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { assign } from '../../../src/engine/pen/claims.js';
import { decideOn } from '../../../src/engine/pen/decide.js';
import { closeThreads } from '../../../src/files/threads.js';
import { setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { listPages } from '../../../src/newspapers/pages.js';
import type { Settings } from '../../../src/settings.js';
import { expireClaim } from '../../engine/people.js';
import { rows, useDatabase } from '../../engine/support.js';
import { standing } from '../intake-stage.js';
import {
  answer,
  asked,
  claimAnd,
  claimIt,
  columnsOf,
  givenOpenQuestion,
  givenWholeIssue,
  usePages,
  registry,
  theRow,
  told,
  VALID,
} from './stage.js';

const own = useDatabase();
const pages = usePages();
let settings: Settings;
let issue: Issue;
afterAll(() => closeThreads());
beforeEach(async () => {
  ({ settings, issue } = await givenOpenQuestion(own, pages));
});

describe('claims and roles', () => {
  test('the question must be claimed first, by somebody who may enter metadata', async () => {
    await expect(answer(own, issue, 'cora', 'submit', VALID)).rejects.toThrow('must be claimed before it is answered');
    for (const stranger of ['rita', 'wes'])
      await expect(claimIt(own, issue, stranger)).rejects.toThrow(`${stranger} may not enter metadata`);
    await claimIt(own, issue, 'cora');
    await expect(claimIt(own, issue, 'both')).rejects.toThrow('is claimed by cora');
    await expect(answer(own, issue, 'both', 'submit', VALID)).rejects.toThrow('is claimed by cora');
    await answer(own, issue, 'cora', 'draft', { volume: '1' });
  });

  test('a claim lasts 7 days; then another takes the question over, and the first may not answer', async () => {
    await claimIt(own, issue, 'cora');
    const { id } = await standing(own, issue);
    const [row] = await rows<{ days: number }>(
      own,
      // by the calendar: a week in which the clocks are changed has an hour more, or less
      `select 7 + extract(epoch from assigned_until - (now() + interval '7 days')) / 86400 as days from pipelines where id = $1`,
      [id],
    );
    expect(Number(row?.days)).toBeCloseTo(7, 2);
    await expireClaim(own, id);
    await expect(answer(own, issue, 'cora', 'submit', VALID)).rejects.toThrow('must be claimed before it is answered');
    await claimIt(own, issue, 'both');
    await expect(answer(own, issue, 'cora', 'submit', VALID)).rejects.toThrow('is claimed by both');
  });

  test('a manager assigns it; a curator may not', async () => {
    const { id } = await standing(own, issue);
    const act = (actor: string) => ({ db: own.database.kysely, registry, actor });
    await expect(assign(act('cora'), id, 'both')).rejects.toThrow('cora may not assign work');
    await assign(act('mona'), id, 'cora');
    expect(await asked(own, issue, 'metadata_entry')).toMatchObject({ assignee: 'cora' });
  });
});

describe('draft', () => {
  test('keeps what is given, unchecked, and stays on the desk; only types are checked', async () => {
    await claimIt(own, issue, 'cora');
    await expect(answer(own, issue, 'cora', 'draft', { edition: 'many' })).rejects.toThrow('edition: it must be a whole number'); // prettier-ignore
    await expect(answer(own, issue, 'cora', 'draft', { volum: '1' })).rejects.toThrow('volum');
    const before = await answer(own, issue, 'cora', 'draft', {
      date: '1856-02-31',
      labels: '1,2',
      comment: 'torn\npage',
    });
    const now = await asked(own, issue, 'metadata_entry', before);
    expect(now).toMatchObject({
      hold_message: `draft kept; enter the metadata of ${issue.key} (${issue.titleName})`,
      assignee: 'cora',
      payload: { metadata: { date: '1856-02-31', dateAsLabeled: '1856-02-31', labels: ['1', '2'], comment: 'torn\npage' } }, // prettier-ignore
    });
    expect(await columnsOf(own, issue)).toMatchObject({
      date: '1856-05-10',
      volume: null,
      workflow_step: 'ReadyForMetadataEntry',
      metadata_draft: { date: '1856-02-31', labels: ['1', '2'] },
      draft_comment: 'torn\npage',
      metadata_entered_by: null,
    });
    expect(await told(own, issue, 'metadata_saved')).toMatchObject([
      { actor: 'cora', detail: { fields: ['date', 'labels', 'comment'] } },
    ]);
    await answer(own, issue, 'cora', 'draft', { volume: 7 });
    await asked(own, issue, 'metadata_entry', now);
    expect((await columnsOf(own, issue))['metadata_draft']).toEqual({ date: '1856-02-31', labels: ['1', '2'], volume: '7' }); // prettier-ignore
  });
});

describe('submit', () => {
  test('what is not right is told field by field, and nothing of it is lost', async () => {
    const before = await claimAnd(own, issue, 'cora', 'submit', { date: '1856-2-1', volume: ' ', edition: '0', labels: '1' }); // prettier-ignore
    const now = await asked(own, issue, 'metadata_entry', before);
    expect(now.hold_message).toBe(
      'not submitted, kept as a draft: date: "1856-2-1" is no day of the calendar written YYYY-MM-DD; ' +
        'dateAsLabeled: "1856-2-1" is no day of the calendar written YYYY-MM-DD; volume: it is missing: 0 when none is printed; ' +
        'issueNumber: it is missing: 0 when none is printed; edition: it must be from 1 to 99; labels: 1 of 3 pages have a label: give one for each, 0 for none',
    );
    expect(now.assignee).toBe('cora');
    await answer(own, issue, 'cora', 'submit', { date: '1856-02-01', edition: 2, ...VALID });
    const review = await asked(own, issue, 'metadata_review');
    expect(review.payload.metadata).toMatchObject({ date: '1856-02-01', dateAsLabeled: '1856-02-01', edition: 2 });
    expect((await theRow(own, issue.id)).key).toBe(`${issue.lccn}/1856020102`);
    expect(await told(own, issue, 'metadata_submitted')).toMatchObject([
      { detail: { formerKey: issue.key, key: `${issue.lccn}/1856020102` } },
    ]);
  });

  test('what is right is stored, page by page, and its review is asked for (W20)', async () => {
    await claimAnd(own, issue, 'cora', 'draft', { editionLabel: 'Evening', comment: 'the date is misprinted' });
    await asked(own, issue, 'metadata_entry');
    await claimAnd(own, issue, 'cora', 'submit', { ...VALID, dateAsLabeled: '1856-05-01' });
    const review = await asked(own, issue, 'metadata_review');
    expect(review).toMatchObject({
      name: 'ReviewMetadata',
      assignee: null,
      hold_message: `review the metadata of ${issue.key} (${issue.titleName}), entered by cora: the date is misprinted`,
    });
    expect(await columnsOf(own, issue)).toMatchObject({
      date: '1856-05-10',
      date_as_labeled: '1856-05-01',
      volume: '12',
      issue_number: '3',
      edition: 1,
      edition_label: 'Evening',
      metadata_entered_by: 'cora',
      metadata_entered_at: expect.any(Date) as Date,
      metadata_draft: null,
      draft_comment: null,
      workflow_step: 'AwaitingMetadataReview',
    });
    expect(await listPages(own.database.kysely, issue.id)).toEqual([
      { number: 1, label: '1', noLabel: false },
      { number: 2, label: '2', noLabel: false },
      { number: 3, label: null, noLabel: true },
    ]);
    expect(await told(own, issue, 'metadata_submitted')).toMatchObject([
      { actor: 'cora', detail: { message: 'the date is misprinted', metadata: { volume: '12' } } },
    ]);
  });

  test.each([
    [{ dateAsLabeled: '1856-05-10' }, { date: '1857-02-03' }],
    [{ date: '1857-02-03' }, { dateAsLabeled: '1856-05-10' }],
  ])('a misprinted day stays as it was drafted: draft %j, submit %j', async (drafted, submitted) => {
    const before = await claimAnd(own, issue, 'cora', 'draft', drafted);
    await asked(own, issue, 'metadata_entry', before);
    await answer(own, issue, 'cora', 'submit', { ...VALID, ...submitted });
    await asked(own, issue, 'metadata_review');
    expect(await columnsOf(own, issue)).toMatchObject({ date: '1857-02-03', date_as_labeled: '1856-05-10' });
  });

  test('labels that are all empty are not taken for "none printed" (W20)', async () => {
    const before = await claimAnd(own, issue, 'cora', 'submit', { ...VALID, labels: ',,' });
    expect((await asked(own, issue, 'metadata_entry', before)).hold_message).toContain('labels: all labels are empty');
    await answer(own, issue, 'cora', 'submit', { labels: '0,0,0' });
    await asked(own, issue, 'metadata_review');
    const found = await listPages(own.database.kysely, issue.id);
    expect(found.map(({ noLabel }) => noLabel)).toEqual([true, true, true]);
  });

  test('pages are counted by the JP2 files that lie there', async () => {
    const work = issue.location ?? '';
    await rm(join(work, '0003.jp2'));
    const before = await claimAnd(own, issue, 'cora', 'submit', VALID);
    const now = await asked(own, issue, 'metadata_entry', before);
    expect(now.hold_message).toContain('labels: there are 3 labels, but only 2 pages');
    await rename(work, `${work}.away`);
    await answer(own, issue, 'cora', 'submit');
    const away = await asked(own, issue, 'metadata_entry', now);
    expect(away.hold_message).toMatch(/labels: the pages in .* cannot be counted .*: is its disk mounted\?/);
    await mkdir(work);
    await answer(own, issue, 'cora', 'submit');
    expect((await asked(own, issue, 'metadata_entry', away)).hold_message).toContain('there are no JP2 files in');
  });

  test('of two at once exactly one is taken', async () => {
    await claimIt(own, issue, 'cora');
    const { id, hold_rev: holdRev } = await standing(own, issue);
    const submit = (volume: string) =>
      decideOn(own.database.kysely, registry, id, {
        ...{ holdRev, verb: 'submit', params: { ...VALID, volume } },
        ...{ actor: 'cora', via: 'web' as const },
      });
    const ended = await Promise.allSettled(['1', '2', '3', '4'].map(submit));
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(ended.filter((each) => each.status === 'rejected').map(({ reason }) => String(reason))).toEqual(
      [1, 2, 3].map(() => expect.stringContaining('has been answered already') as string),
    );
    await asked(own, issue, 'metadata_review');
    expect(await told(own, issue, 'metadata_submitted')).toHaveLength(1);
  });
});

describe('an issue that seems to be there already', () => {
  test('further on in the workflow is a warning, which somebody must accept; the acceptance is kept with the name', async () => {
    const twin = await givenWholeIssue(own, settings, pages, { lccn: issue.lccn, date: '1857-01-01' });
    await setIssueColumns(own.database.kysely, twin.id, { workflow_step: 'ReadyForBatching' });
    const before = await claimAnd(own, issue, 'cora', 'submit', { ...VALID, date: '1857-01-01' });
    const now = await asked(own, issue, 'metadata_entry', before);
    const warning = `${issue.lccn}/1857010101 is in the workflow already, as issue ${twin.id} (ReadyForBatching)`;
    expect(now.hold_message).toBe(
      `not submitted, kept as a draft: ${warning}; if this is right, submit with acceptWarnings=true`,
    );
    await answer(own, issue, 'cora', 'submit', { acceptWarnings: 'true', comment: 'the masthead is a misprint' });
    const review = await asked(own, issue, 'metadata_review');
    expect(review.hold_message).toContain(`entered by cora: the masthead is a misprint; accepted: ${warning}`);
    expect(await told(own, issue, 'warnings_accepted')).toMatchObject([{ actor: 'cora', detail: { warnings: [warning] } }]); // prettier-ignore
    expect(await theRow(own, issue.id)).toMatchObject({
      key: twin.key,
      duplicateReason: 'accepted by cora when the metadata was entered',
    });
  });

  test('and gets a key of its own later, stands for that key', async () => {
    const twin = await givenWholeIssue(own, settings, pages, { lccn: issue.lccn, date: '1857-01-01' });
    await setIssueColumns(own.database.kysely, twin.id, { workflow_step: 'ReadyForBatching' });
    await claimAnd(own, issue, 'cora', 'submit', { ...VALID, date: '1857-01-01', acceptWarnings: 'true' });
    await asked(own, issue, 'metadata_review');
    await claimAnd(own, issue, 'rita', 'reject', { notes: 'the day is wrong' });
    await asked(own, issue, 'metadata_entry');
    await claimAnd(own, issue, 'cora', 'submit', { volume: '13' });
    expect((await asked(own, issue, 'metadata_entry')).hold_message).toContain('is in the workflow already');
    await answer(own, issue, 'cora', 'submit', { date: '1857-01-02' });
    await asked(own, issue, 'metadata_review');
    expect(await theRow(own, issue.id)).toMatchObject({ date: '1857-01-02', duplicateReason: null });
  });

  test('on the public site is a warning, too; one that is not as far, or was removed, is none', async () => {
    const published = await givenWholeIssue(own, settings, pages, { lccn: issue.lccn, date: '1857-01-01' });
    await setIssueColumns(own.database.kysely, published.id, { workflow_step: 'InProduction', ignored: true });
    const before = await claimAnd(own, issue, 'cora', 'submit', { ...VALID, date: '1857-01-01' });
    const now = await asked(own, issue, 'metadata_entry', before);
    expect(now.hold_message).toContain(`is live already: issue ${published.id};`);

    await setIssueColumns(own.database.kysely, published.id, { workflow_step: 'UnfixableMetadataError' });
    await rows(
      own,
      `insert into newspapers.live_batches (url, name) values ('https://news.test/b.json', 'batch_oru_A_ver01')`,
    );
    await rows(
      own,
      `insert into newspapers.live_issues (batch_url, url, lccn, date, edition) values ('https://news.test/b.json', 'https://news.test/i.json', $1, '1857-01-01', 1)`,
      [issue.lccn],
    );
    await answer(own, issue, 'cora', 'submit');
    const live = await asked(own, issue, 'metadata_entry', now);
    expect(live.hold_message).toContain('is live already: batch batch_oru_A_ver01, https://news.test/i/;');

    await rows(own, 'truncate newspapers.live_batches cascade');
    await answer(own, issue, 'cora', 'submit');
    await asked(own, issue, 'metadata_review');
    expect(await told(own, issue, 'warnings_accepted')).toEqual([]);
  });
});

describe('report_error', () => {
  test('hands the issue to its managers, with what is wrong', async () => {
    await claimIt(own, issue, 'cora');
    await expect(answer(own, issue, 'cora', 'report_error', { error: ' ' })).rejects.toThrow(
      'it must say what is wrong',
    );
    await answer(own, issue, 'cora', 'report_error', { error: 'page 2 is of another paper' });
    const now = await asked(own, issue, 'unfixable_metadata');
    expect(now).toMatchObject({
      assignee: null,
      hold_message: `decide about ${issue.key} (${issue.titleName}): cora reported an error: page 2 is of another paper`,
    });
    expect(await theRow(own, issue.id)).toMatchObject({ workflowStep: 'UnfixableMetadataError' });
    expect(await told(own, issue, 'error_reported')).toMatchObject([
      { actor: 'cora', detail: { error: 'page 2 is of another paper' } },
    ]);
  });
});

test('a question that is woken says what it said, and stays on its desk', async () => {
  const before = await claimAnd(own, issue, 'cora', 'submit', { volume: '1' });
  const now = await asked(own, issue, 'metadata_entry', before);
  await rows(own, 'select wake_pipeline($1, $2)', [now.id, 'cora']);
  const again = await asked(own, issue, 'metadata_entry');
  expect(again).toMatchObject({ hold_rev: now.hold_rev, hold_message: now.hold_message, assignee: 'cora' });
});

test('an answer that psql took unchecked asks again, and loses nothing', async () => {
  await claimAnd(own, issue, 'cora', 'draft', { volume: '9' });
  let now = await asked(own, issue, 'metadata_entry', { ...(await standing(own, issue)), hold_rev: 1 });
  for (const [verb, params] of [
    ['frob', '{}'],
    ['submit', '{"labels": {"a": 1}}'],
  ]) {
    await rows(own, `select decide($1, $2, $3, $4, null, 'cora', 'cli')`, [now.id, now.hold_rev, verb, params]);
    now = await asked(own, issue, 'metadata_entry', now);
    expect(now.hold_message).toContain(`${verb ?? ''} is no answer here, or its parameters are not right`);
  }
  expect(now.payload.metadata).toMatchObject({ volume: '9' });
});
