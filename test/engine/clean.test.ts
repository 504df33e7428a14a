/** Finished pipelines leave the tables for files (design 10; queues spec, complaint 10). */
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { cleanPipelines, type PipelineArchive } from '../../src/engine/clean/clean-pipelines.js';
import { finishedQuery } from '../../src/engine/clean/finished-pipelines.js';
import { defineObjectFacts } from '../../src/engine/pen/object-facts.js';
import { LinesArchive } from '../../src/files/lines-archive.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { archivedIds, givenFinished, readArchive } from './finished.js';
import { plan, Stage } from './stage.js';
import { enqueued, rows, startRunner, untilStatus, useDatabase } from './support.js';

const own = useDatabase();
let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});

const DAY = 86_400;
/** Things up to 10 are at rest; nobody knows about others. */
const objects = new Map(
  [
    defineObjectFacts({ type: 'thing', facts: sql``, atRest: sql`select generate_series(1, 10)::bigint as object_id` }),
    defineObjectFacts({ type: 'other', facts: sql`` }),
  ].map((facts) => [facts.type, facts]),
);
async function clean(more: { archive?: PipelineArchive | undefined; batchSize?: number } = {}) {
  const archive = new LinesArchive(directory, 'pipelines');
  const options = { actor: 'ann', olderThanSeconds: 90 * DAY, objects, archive, ...more };
  return cleanPipelines(own.database.kysely, options).finally(() => archive.finish());
}
const left = async (): Promise<number[]> =>
  (await rows<{ id: number }>(own, 'select id from pipelines order by id')).map(({ id }) => id);
const count = async (table: string): Promise<number> =>
  (await rows<{ n: number }>(own, `select count(*) as n from ${table}`))[0]?.n ?? -1;

describe('archived', () => {
  it('whole, each on a line of one compressed file, and then gone from all tables', async () => {
    const ids = [...(await givenFinished(own, 3)), ...(await givenFinished(own, 2, { status: 'cancelled' }))];
    const cleaned = await clean({ batchSize: 2 });
    expect(cleaned).toMatchObject({ archived: 5, kept: {}, takenUp: [] });
    const [file, ...more] = await readArchive(directory);
    expect(more).toEqual([]);
    expect(cleaned.files).toEqual([file?.name]);
    expect(file?.name).toMatch(/^pipelines-\d{8}T\d{6}Z-[\da-f]{8}\.jsonl\.gz$/);
    expect(file?.pipelines.map(({ pipeline }) => pipeline.id)).toEqual(ids);
    expect(file?.pipelines[0]).toMatchObject({
      pipeline: { id: ids[0], name: 'Old', created_by: 'ann', status: 'success' },
      jobs: [{ sequence: 10, type: 'io_step' }, { sequence: 20 }],
      decisions: [{ verb: 'done', actor: 'ann' }],
      events: [{ kind: 'decided' }],
      logs: [{ message: `two\nlines “${ids[0] ?? 0}”`, sequence: 10 }],
    });
    for (const table of ['pipelines', 'jobs', 'decisions', 'job_logs']) expect(await count(table)).toBe(0);
    expect(await rows(own, 'select actor, kind, detail from events')).toEqual([
      {
        actor: 'ann',
        kind: 'cleaned',
        detail: expect.objectContaining({ archived: 5, files: [file?.name] }) as object,
      },
    ]);
  });

  it('with the story of its object left as it was: the events stay, its beginning and end become events of their time', async () => {
    const [id = 0] = await givenFinished(own, 1, { object: ['thing', 1] });
    const { files } = await clean();
    const told = await rows(
      own,
      `select kind, actor, pipeline_id, object_id, detail, round(extract(epoch from now() - at) / 86400)::int as days
       from events where object_type = 'thing' order by at`,
    );
    const of = { pipeline_id: id, object_id: 1 };
    const detail = { name: 'Old', archived: files[0] };
    expect(told).toEqual([
      { ...of, kind: 'pipeline_enqueued', actor: 'ann', days: 101, detail },
      { ...of, kind: 'pipeline_ended', actor: 'engine', days: 100, detail },
      { ...of, kind: 'decided', actor: 'ann', days: 0, detail: {} },
    ]);
  });

  it('in a dry run: only counted', async () => {
    const ids = await givenFinished(own, 3);
    expect(await clean({ archive: undefined })).toMatchObject({ archived: 3, files: [] });
    expect(await left()).toEqual(ids);
    expect(await readArchive(directory)).toEqual([]);
    expect(await rows(own, `select from events where kind = 'cleaned'`)).toEqual([]);
  });
});

describe('kept', () => {
  it('is what has not ended, or not long ago', async () => {
    const ids = await givenFinished(own, 1, { daysAgo: 89 });
    for (const status of ['pending', 'failed', 'held', 'delayed'])
      ids.push(
        ...(
          await rows<{ id: number }>(
            own,
            `insert into pipelines (name, description, created_by, created_at, status, queue, next_sequence, hold_kind, hold_action, run_at)
           values ('Open', 'x', 'ann', now() - interval '200 days', $1, 'io', 10, case when $1 = 'held' then 'person' end, 'ask', now() - interval '199 days') returning id`,
            [status],
          )
        ).map(({ id }) => id),
      );
    expect(await clean()).toMatchObject({ archived: 0, kept: {}, files: [] });
    expect(await left()).toEqual(ids);
    expect(await readArchive(directory)).toEqual([]);
  });

  it('is what tells how an object stands that is at work, or that nobody here knows', async () => {
    const ids = [
      ...(await givenFinished(own, 1, { object: ['thing', 11] })),
      ...(await givenFinished(own, 1, { object: ['other', 1] })),
      ...(await givenFinished(own, 1, { object: ['stranger', 1] })),
    ];
    expect(await clean()).toMatchObject({ archived: 0, kept: { object: 1, unknown: 2 } });
    expect(await left()).toEqual(ids);
  });

  it('is all of an object of which a pipeline is open or ended since: its story goes whole', async () => {
    const ids = await givenFinished(own, 1, { object: ['thing', 1] });
    ids.push(...(await givenFinished(own, 1, { object: ['thing', 1], daysAgo: 3 })));
    ids.push(...(await givenFinished(own, 1, { object: ['thing', 2] })));
    ids.push(
      ...(await enqueued(own, { name: 'Now', description: '', object: { type: 'thing', id: 2 }, jobs: [new Stage().step('io', 'A')] })), // prettier-ignore
    );
    expect(await clean()).toMatchObject({ archived: 0, kept: { younger: 2 } });
    expect(await left()).toEqual(ids);
  });

  it('is what another pipeline waits for', async () => {
    const [id = 0] = await givenFinished(own, 2);
    await rows(
      own,
      `insert into pipelines (name, description, created_by, status, queue, next_sequence, hold_kind, blocked_by) values ('Waits', '', 'ann', 'held', 'io', 10, 'pipeline', $1)`,
      [id],
    );
    expect(await clean()).toMatchObject({ archived: 1, kept: { blocks: 1 } });
    expect(await left()).toEqual([id, id + 2]);
  });

  it('is what somebody has in hand at this moment', async () => {
    const [id = 0] = await givenFinished(own, 2);
    const client = await own.database.pool.connect();
    await client.query('begin');
    await client.query('select from pipelines where id = $1 for update', [id]);
    try {
      expect(await clean()).toMatchObject({ archived: 1 });
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(await left()).toEqual([id]);
    expect(await archivedIds(directory)).toEqual([id + 1]);
  });
});

describe('nothing is lost', () => {
  it('when it dies between the file and the commit: the next run writes the batch again, the later file counts', async () => {
    const ids = await givenFinished(own, 6);
    const dies = new LinesArchive(directory, 'pipelines');
    let batches = 0;
    const archive: PipelineArchive = {
      takeUp: () => dies.takeUp(),
      async keep(lines) {
        const file = await dies.keep(lines);
        if (++batches === 2) throw new Error('the power is gone');
        return file;
      },
    };
    await expect(clean({ archive, batchSize: 2 })).rejects.toThrow('the power is gone');
    expect(await left()).toEqual(ids.slice(2));
    const second = await clean({ batchSize: 2 });
    await dies.finish(); // a dead process has closed its file
    expect(second).toMatchObject({ archived: 4, takenUp: [expect.stringMatching(/\.jsonl\.gz$/)] });
    const files = await readArchive(directory);
    expect(files.map(({ pipelines }) => pipelines.map(({ pipeline }) => pipeline.id)).sort()).toEqual(
      [ids.slice(0, 4), ids.slice(2)].sort(),
    );
    expect(await left()).toEqual([]);
  });

  it('when two run at once: they take turns, and each pipeline stands in one line of one file', async () => {
    const ids = await givenFinished(own, 40);
    const both = await Promise.all([clean({ batchSize: 3 }), clean({ batchSize: 3 })]);
    expect(both[0].archived + both[1].archived).toBe(40);
    expect((await archivedIds(directory)).sort((a, b) => a - b)).toEqual(ids);
    expect(await left()).toEqual([]);
  });

  it('while a runner works: what comes in the middle of a batch runs through, and is left', async () => {
    const stage = new Stage();
    await givenFinished(own, 600);
    await startRunner(own, { stage });
    const lines = new LinesArchive(directory, 'pipelines');
    const ids: number[] = [];
    const archive: PipelineArchive = {
      takeUp: () => lines.takeUp(),
      async keep(kept) {
        const both = plan([stage.step('instant', 'A'), stage.step('instant', 'B')]);
        const came = await enqueued(own, ...Array.from({ length: 30 }, () => both));
        for (const id of came) await untilStatus(own, id, 'success');
        ids.push(...came);
        return lines.keep(kept);
      },
    };
    const cleaned = await clean({ archive, batchSize: 200 });
    await lines.finish();
    expect(cleaned.archived).toBe(600);
    expect(await left()).toEqual(ids);
    expect([stage.count('A'), stage.count('B')]).toEqual([90, 90]);
  });
});

describe('whatever the tables hold', () => {
  beforeEach(async () => {
    await givenFinished(own, 3000);
    await givenFinished(own, 3000, { daysAgo: 3 });
    await rows(own, 'analyze pipelines');
  });
  const explain = async (text: string, values: readonly unknown[] = []): Promise<string> =>
    (await rows<Record<string, string>>(own, `explain (costs off) ${text}`, [...values]))
      .map((row) => Object.values(row)[0])
      .join('\n');

  it('what ended long ago is found by an index, in order, up to a limit', async () => {
    const query = finishedQuery(objects, { before: 'yesterday', after: undefined, limit: 100 }).compile(
      own.database.kysely,
    );
    const plan = await explain(query.sql, query.parameters);
    expect(plan).toMatch(/Limit\s+->\s+Index Scan using pipelines_finished/);
    expect(plan).not.toContain('Seq Scan');
  });

  it('the foreign key of blocked_by finds by an index who waits for a deleted pipeline', async () => {
    expect(await explain('select from only pipelines x where 17 = blocked_by for key share of x')).toContain(
      'Index Scan using pipelines_blocked',
    );
  });
});

it('watchers that no runner knows any more are forgotten, those that run are not', async () => {
  await rows(
    own,
    `insert into watchers (name, next_run_at, started_at) values ('gone', now() - interval '91 days', now() - interval '92 days'),
       ('long', now() - interval '91 days', now()), ('daily', now() + interval '1 day', null)`,
  );
  expect((await clean()).forgottenWatchers).toBe(1);
  expect(await rows(own, 'select name from watchers order by 1')).toEqual([{ name: 'daily' }, { name: 'long' }]);
});
