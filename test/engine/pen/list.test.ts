/** The holding pen filtered and counted (holding-pen spec 3.1). */
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { claim } from '../../../src/engine/pen/claims.js';
import { countHeld, listHeld } from '../../../src/engine/pen/list.js';
import { penRows, type PenFilter } from '../../../src/engine/pen/filter.js';
import { addOrg } from '../../../src/newspapers/orgs.js';
import { givenIssue } from '../../newspapers/rows.js';
import { expireClaim, givenQuestion, makePenRegistry } from '../people.js';
import { rows, useDatabase } from '../support.js';

const own = useDatabase();
const registry = makePenRegistry();
const list = async (filter: PenFilter = {}) =>
  (await listHeld(own.database.kysely, registry, { limit: 100, ...filter })).held;
const idsOf = async (filter: PenFilter = {}) => (await list(filter)).map((held) => held.id);
const count = (filter: PenFilter = {}) => countHeld(own.database.kysely, registry, filter);
const as = (actor: string) => ({ db: own.database.kysely, registry, actor });

interface World {
  look: number;
  review: number;
  other: number;
  failed: number;
  timer: number;
}

/** Four that somebody must look at, of two titles and two organisations, and one that waits for a time. */
async function givenWorld(): Promise<World> {
  const { kysely } = own.database;
  await rows(own, 'truncate newspapers.titles, newspapers.orgs restart identity cascade');
  const one = await givenIssue(kysely, 'sn11111111');
  const { org } = await addOrg(kysely, 'oru', 'University of Oregon');
  const two = await givenIssue(kysely, 'sn22222222', { orgId: org.id });
  const look = await givenQuestion(own, {
    daysAgo: 2,
    role: 'title manager',
    object: { type: 'issue', id: one.id },
    message: '100% of the_pages\\are blank',
  });
  const review = await givenQuestion(own, {
    action: 'review',
    daysAgo: 9,
    payload: { enteredBy: 'ada' },
    object: { type: 'issue', id: two.id },
  });
  const other = await givenQuestion(own, { daysAgo: 0, description: 'nothing in particular' });
  const failed = await givenQuestion(own, { daysAgo: 0 });
  await rows(
    own,
    `update pipelines set status = 'failed', hold_kind = null, hold_action = null, error = '{"message": "the disk was full"}', step_started_at = now() - interval '40 days' where id = $1`,
    [failed],
  );
  const timer = await givenQuestion(own, { action: '', kind: 'timer', daysAgo: 50 });
  return { look, review, other, failed, timer };
}

describe('the pen', () => {
  let world: World;
  beforeEach(async () => {
    world = await givenWorld();
  });

  test('lists what waits for a person, oldest first, then what failed; all other waits when asked', async () => {
    const { look, review, other, failed, timer } = world;
    expect(await idsOf()).toEqual([review, look, other, failed]);
    expect(await idsOf({ all: true })).toEqual([review, look, other, failed, timer]);
    const { held, total } = await listHeld(own.database.kysely, registry, { limit: 2 });
    expect([held.length, total]).toEqual([2, 4]);
  });

  test('tells title and organisation of an issue, and what the action makes of its payload', async () => {
    const [review, look, other, failed] = await list();
    expect(review).toMatchObject({
      title_key: 'sn22222222',
      title: 'The sn22222222 journal.',
      org: 'oru',
      message: 'issue entered by ada',
    });
    expect(look).toMatchObject({ title_key: 'sn11111111', org: 'mwa', message: '100% of the_pages\\are blank' });
    expect(other).toMatchObject({ title_key: null, title: null, org: null });
    expect(failed).toMatchObject({ status: 'failed', hold_action: null, message: 'the disk was full' });
  });

  test.each<[string, PenFilter, (keyof World)[]]>([
    ['a question', { action: 'look' }, ['look', 'other']],
    ['a type of object', { type: 'issue' }, ['review', 'look']],
    ['the name of a pipeline', { type: 'Test' }, ['review', 'look', 'other', 'failed']],
    ['an LCCN', { title: 'sn11111111' }, ['look']],
    ['a part of an LCCN, in its name', { title: '22222 JOURNAL' }, ['review']],
    ['an organisation', { org: 'oru' }, ['review']],
    ['an age', { olderThanSeconds: 3 * 86_400 }, ['review', 'failed']],
    ['all of some words, in any case', { text: 'BLANK journal' }, ['look']],
    ['words with signs that mean something to SQL', { text: '100% the_pages\\are' }, ['look']],
    ['words of which one does not occur', { text: 'blank_' }, []],
    ['a word of an error', { text: 'disk' }, ['failed']],
    ['what failed', { failed: true }, ['failed']],
    ['a role that may answer everything of newspapers', { role: 'issue reviewer' }, ['review', 'look', 'other']],
    ['a role that a question is for', { role: 'title manager' }, ['look', 'other']],
    ['the sysop', { role: 'sysop' }, ['review', 'look', 'other', 'failed']],
    ['two filters at once', { type: 'issue', olderThanSeconds: 3 * 86_400 }, ['review']],
    ['what is not there', { org: 'nobody' }, []],
  ])('by %s', async (_what, filter, expected) => {
    expect(await idsOf(filter)).toEqual(expected.map((name) => world[name]));
  });

  test('by who has claimed it; a claim that has expired is none', async () => {
    const { look, review, other, failed } = world;
    await claim(as('ada'), look);
    await claim(as('ben'), review);
    expect(await idsOf({ assignee: 'ada' })).toEqual([look]);
    expect(await idsOf({ assignee: null })).toEqual([other, failed]);
    await expireClaim(own, look);
    expect(await idsOf({ assignee: 'ada' })).toEqual([]);
    expect(await idsOf({ assignee: null })).toEqual([look, other, failed]);
  });

  test('by what is overdue', async () => {
    await rows(own, `update pipelines set due_at = now() + interval '1 min' * (case id when $1 then -1 else 1 end)`, [
      world.look,
    ]);
    expect(await idsOf({ overdue: true })).toEqual([world.look]);
  });

  test('a role that is none is refused with the nearest', async () => {
    await expect(list({ role: 'titel manager' })).rejects.toThrow(
      /titel manager is no role \(did you mean title manager\?/,
    );
  });

  test('is counted by what people filter by, the most first', async () => {
    await claim(as('ada'), world.look);
    expect(await count()).toEqual({
      total: 4,
      action: [
        { value: 'look', count: 2 },
        { value: 'FAILED', count: 1 },
        { value: 'review', count: 1 },
      ],
      role: [
        { value: null, count: 2 },
        { value: 'sysadmin', count: 1 },
        { value: 'title manager', count: 1 },
      ],
      title: [
        { value: null, count: 2 },
        { value: 'sn11111111', name: 'The sn11111111 journal.', count: 1 },
        { value: 'sn22222222', name: 'The sn22222222 journal.', count: 1 },
      ],
      org: [
        { value: null, count: 2 },
        { value: 'mwa', count: 1 },
        { value: 'oru', count: 1 },
      ],
      assignee: [
        { value: null, count: 3 },
        { value: 'ada', count: 1 },
      ],
      age: [
        { value: 'less than a day', count: 1 },
        { value: '1 to 7 days', count: 1 },
        { value: '1 to 4 weeks', count: 1 },
        { value: 'more than 4 weeks', count: 1 },
      ],
    });
    expect(await count({ org: 'oru' })).toMatchObject({ total: 1, action: [{ value: 'review', count: 1 }] });
    expect(await count({ org: 'nobody' })).toMatchObject({ total: 0, action: [], age: [] });
  });
});

test('a pen of no domain has no titles', async () => {
  const id = await givenQuestion(own);
  const bare = { ...registry, objects: new Map() };
  expect((await listHeld(own.database.kysely, bare, { limit: 10 })).held).toMatchObject([{ id, title: null }]);
});

test('ten thousand that wait among 100,000 that ended are found without reading those that ended', async () => {
  await givenWorld();
  await rows(
    own,
    `insert into newspapers.issues (title_id, org_id, kind, date, edition, human_name)
    select 1, 1, 'scan', date '1900-01-01' + n, 1, 'sn1-1900010101-' || n from generate_series(1, 20000) n`,
  );
  await rows(
    own,
    `insert into pipelines (name, description, object_type, object_id, created_by, status, queue, next_sequence, completed_at, hold_kind, hold_action, hold_rev, held_at, hold_message)
    select 'TakeInUpload', 'issue ' || i.id, 'issue', i.id, 't', 'held', 'fast', 10, null::timestamptz, 'person', 'look', 1, now() - i.id * interval '1 minute', 'look at it'
    from (select id from newspapers.issues where kind = 'scan' order by id limit 10000) i`,
  );
  await rows(
    own,
    `insert into pipelines (name, description, object_type, object_id, created_by, status, queue, next_sequence, completed_at)
    select 'TakeInUpload', 'issue ' || n, 'issue', n, 't', 'success', 'fast', 10, now() from generate_series(1, 100000) n`,
  );
  await rows(
    own,
    `insert into pipelines (name, description, created_by, status, queue, next_sequence)
    select 'TakeInUpload', 'still to do ' || n, 't', 'pending', 'fast', 10 from generate_series(1, 30000) n`,
  );
  await rows(own, 'analyze');
  for (const filter of [{}, { title: 'sn11111111' }, { all: true }, { failed: true }]) {
    const plan = (
      await sql<{ 'QUERY PLAN': string }>`explain ${penRows(registry, filter)}`.execute(own.database.kysely)
    ).rows
      .map((row) => row['QUERY PLAN'])
      .join('\n');
    expect(plan).toMatch(/Index Scan (using|on) pipelines_(pen|failed)/);
    expect(plan).not.toMatch(/Seq Scan on pipelines/);
  }
  const { held, total } = await listHeld(own.database.kysely, registry, { limit: 100 });
  expect([held.length, total]).toEqual([100, 10_004]);
  expect((await count()).total).toBe(10_004);
});
