import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseIssueKey, parseSearchKey } from '../../src/newspapers/issue-key.js';
import { listIssues } from '../../src/newspapers/issue-list.js';
import { tellIssue } from '../../src/newspapers/issue-story.js';
import { createIssue, findIssue, findIssueById, setIssueColumns } from '../../src/newspapers/issues.js';
import { WORKFLOW_STEPS } from '../../src/newspapers/workflow-step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { givenIssue, givenTitle } from './rows.js';

let own: TestDatabase;
beforeAll(async () => {
  own = await createTestDatabase();
});
afterAll(() => own.drop());
beforeEach(() => own.database.pool.query('truncate newspapers.titles, newspapers.orgs, pipelines, events cascade'));
const db = () => own.database.kysely;

describe('an issue that enters the workflow', () => {
  it('is whole from its first moment: key, human name with its id, step', async () => {
    const issue = await givenIssue(db(), 'sn93059126', { edition: 2 });
    expect(issue).toMatchObject({
      key: 'sn93059126/1856051002',
      humanName: `sn93059126-1856051002-${issue.id}`,
      workflowStep: 'AwaitingProcessing',
      orgCode: 'mwa',
      date: '1856-05-10',
      language: 'eng',
      location: '/uploads/sn93059126/1856-05-10',
      backupLocation: null,
      ignored: false,
    });
  });

  it('W18: has a history whose first event names it', async () => {
    const issue = await givenIssue(db(), 'sn1');
    const { events } = await tellIssue(db(), issue.id);
    expect(events).toMatchObject([
      { kind: 'issue_created', actor: 'a test', detail: { kind: 'borndigital', location: issue.location } },
    ]);
  });

  it('leaves nothing behind when the transaction that makes it fails', async () => {
    const { id, titleId, orgId } = await ids();
    const attempt = db()
      .transaction()
      .execute(async (trx) => {
        await createIssue(
          trx,
          { titleId, orgId, kind: 'scan', date: '1900-01-01', edition: 1, location: '/x' },
          { actor: 'a test' },
        );
        throw new Error('the pipeline was refused');
      });
    await expect(attempt).rejects.toThrow('refused');
    expect((await db().selectFrom('newspapers.issues').select('id').execute()).map((row) => row.id)).toEqual([id]);
    expect(await db().selectFrom('events').select('object_id').execute()).toEqual([{ object_id: id }]);
  });

  it('is the only one of its title, date and edition, however many try at once', async () => {
    const { titleId, orgId } = await ids();
    const row = { titleId, orgId, kind: 'scan', date: '1900-01-01', edition: 1, location: '/x' } as const;
    const tries = Array.from({ length: 8 }, () =>
      db()
        .transaction()
        .execute((trx) => createIssue(trx, row, { actor: 'a test' })),
    );
    expect((await Promise.all(tries)).filter((issue) => issue !== undefined)).toHaveLength(1);
  });

  it('may come again once the former left the workflow', async () => {
    const former = await givenIssue(db(), 'sn1');
    await setIssueColumns(db(), former.id, { ignored: true });
    const key = parseIssueKey('sn1/1856051001');
    expect(await findIssue(db(), key)).toBeUndefined();
    expect(await findIssue(db(), key, { orIgnored: true })).toMatchObject({ id: former.id });
    const latter = await givenIssue(db(), 'sn1');
    expect(await findIssue(db(), key, { orIgnored: true })).toMatchObject({ id: latter.id });
    await expect(setIssueColumns(db(), former.id, { ignored: false })).rejects.toThrow(/issues_one_per_edition/);
  });
});

describe('changes of an issue', () => {
  it('W41: touch only the columns named, so that two at once both last', async () => {
    const { id } = await givenIssue(db(), 'sn1');
    await Promise.all([
      setIssueColumns(db(), id, { workflow_step: 'AwaitingPageReview' }),
      setIssueColumns(db(), id, { location: '/review/1' }),
      setIssueColumns(db(), id, { backup_location: '/backup/1' }),
    ]);
    expect(await findIssueById(db(), id)).toMatchObject({
      workflowStep: 'AwaitingPageReview',
      location: '/review/1',
      backupLocation: '/backup/1',
    });
  });

  it('keep the human name when date or edition is corrected', async () => {
    const { id, humanName } = await givenIssue(db(), 'sn1');
    await db().updateTable('newspapers.issues').set({ date: '1856-05-11' }).where('id', '=', id).execute();
    expect(await findIssueById(db(), id)).toMatchObject({ key: 'sn1/1856051101', humanName });
  });

  it('of an issue that is not there are an error', async () => {
    await expect(setIssueColumns(db(), 999, { location: null })).rejects.toThrow(/no issue 999.*bin\/issues list/);
  });
});

describe('W1: the database refuses', () => {
  it.each([
    ['an unknown step', { workflow_step: 'Lost' }],
    ['an unknown kind', { kind: 'fax' }],
    ['edition 0', { edition: 0 }],
    ['a relative location', { location: 'uploads/1' }],
    ['an empty string for none', { volume: '' }],
    ['a title that is not there', { title_id: 999 }],
    ['an organisation that is not there', { org_id: 999 }],
    ['a human name of another form', { human_name: '../x' }],
  ])('%s', async (_what, columns) => {
    const { id } = await givenIssue(db(), 'sn1');
    await expect(
      db().updateTable('newspapers.issues').set(columns).where('id', '=', id).execute(),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^23(503|514)$/) as string,
    });
  });

  it('a page that has a label and has none (W20)', async () => {
    const { id } = await givenIssue(db(), 'sn1');
    const insert = (label: string | null, no_label: boolean) =>
      db().insertInto('newspapers.pages').values({ issue_id: id, number: 1, label, no_label }).execute();
    await expect(insert('1', true)).rejects.toThrow(/pages_label_or_none/);
    await expect(insert('', false)).rejects.toThrow(/pages_label_check/);
  });

  it('and knows every step of the words that must stay', async () => {
    const { id } = await givenIssue(db(), 'sn1');
    for (const step of WORKFLOW_STEPS) {
      await setIssueColumns(db(), id, { workflow_step: step });
      expect(await findIssueById(db(), id)).toMatchObject({ workflowStep: step });
    }
  });
});

describe('lists of issues', () => {
  it('find by title, year, month, day and edition, by step and kind; the ignored only when asked', async () => {
    const first = await givenIssue(db(), 'sn1', { date: '1856-05-10' });
    await givenIssue(db(), 'sn1', { date: '1856-05-10', edition: 2, kind: 'scan' });
    await givenIssue(db(), 'sn1', { date: '1856-06-07' });
    await givenIssue(db(), 'sn1', { date: '1857-05-09' });
    await givenIssue(db(), 'sn2', { date: '1856-05-10' });
    await setIssueColumns(db(), first.id, { workflow_step: 'InProduction', ignored: true });
    const keysOf = async (filter: object) =>
      (await listIssues(db(), { limit: 10, ...filter })).issues.map(({ key }) => key);
    expect(await keysOf({})).toEqual(['sn1/1856051002', 'sn1/1856060701', 'sn1/1857050901', 'sn2/1856051001']);
    expect(await keysOf({ search: parseSearchKey('sn1/1856') })).toEqual(['sn1/1856051002', 'sn1/1856060701']);
    expect(await keysOf({ search: parseSearchKey('sn1/185605'), withIgnored: true })).toEqual([
      'sn1/1856051001',
      'sn1/1856051002',
    ]);
    expect(await keysOf({ search: parseSearchKey('sn1/1856051001') })).toEqual([]);
    expect(await keysOf({ step: 'InProduction', withIgnored: true })).toEqual(['sn1/1856051001']);
    expect(await keysOf({ kind: 'scan' })).toEqual(['sn1/1856051002']);
  });

  it('stop at their limit and tell how many there are', async () => {
    await givenIssue(db(), 'sn1');
    await givenIssue(db(), 'sn2');
    expect(await listIssues(db(), { limit: 1 })).toMatchObject({
      total: 2,
      issues: [{ key: 'sn1/1856051001', pages: 0, pipeline: null }],
    });
  });

  it('show the open pipeline and its question, and the issue shows all of its story', async () => {
    const { id } = await givenIssue(db(), 'sn1');
    await db()
      .insertInto('newspapers.pages')
      .values([
        { issue_id: id, number: 2, label: 'A2' },
        { issue_id: id, number: 1, no_label: true },
      ])
      .execute();
    await givenPipeline(id, { name: 'TakeInUpload', status: 'success', completed_at: new Date() });
    const open = await givenPipeline(id, {
      name: 'MakeDerivatives',
      status: 'held',
      hold_kind: 'person',
      hold_action: 'metadata_entry',
      hold_message: 'enter the metadata',
    });
    const { issues } = await listIssues(db(), { limit: 10 });
    expect(issues).toMatchObject([
      { pages: 2, pipelineId: open, pipeline: 'MakeDerivatives', pipelineStatus: 'held', question: 'metadata_entry' },
    ]);
    const story = await tellIssue(db(), id);
    expect(story.pages).toEqual([
      { number: 1, label: null, noLabel: true },
      { number: 2, label: 'A2', noLabel: false },
    ]);
    expect(story.pipelines).toMatchObject([
      { name: 'TakeInUpload', status: 'success', jobs: 2, jobsDone: 1, job: null },
      { id: open, name: 'MakeDerivatives', status: 'held', jobs: 2, jobsDone: 1, job: 'second' },
    ]);
    expect(story.question).toMatchObject({ pipelineId: open, action: 'metadata_entry', message: 'enter the metadata' });
  });

  it('tell of an issue that is not there', async () => {
    await expect(tellIssue(db(), 999)).rejects.toThrow(/no issue 999/);
  });
});

async function ids() {
  const { id } = await givenIssue(db(), 'sn1');
  const title = await givenTitle(db(), 'sn1');
  const org = await db().selectFrom('newspapers.orgs').select('id').executeTakeFirstOrThrow();
  return { id, titleId: title.id, orgId: org.id };
}

/** A pipeline of two jobs that stands at the second. */
async function givenPipeline(
  issueId: number,
  columns: {
    name: string;
    status: string;
    completed_at?: Date;
    hold_kind?: string;
    hold_action?: string;
    hold_message?: string;
  },
) {
  const row = {
    description: 'x',
    object_type: 'issue',
    object_id: issueId,
    created_by: 'a test',
    queue: 'fast',
    next_sequence: 20,
    ...columns,
  };
  const { id } = await db().insertInto('pipelines').values(row).returning('id').executeTakeFirstOrThrow();
  const job = { pipeline_id: id, queue: 'fast' };
  await db()
    .insertInto('jobs')
    .values([
      { ...job, sequence: 10, type: 'first', status: 'success' },
      { ...job, sequence: 20, type: 'second' },
    ])
    .execute();
  return id;
}
