/** Claiming: each job once, however many runners look at once, at a cost that does not grow (W3, 11.4.2; design 10). */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectDatabase } from '../../src/database/database.js';
import { requeuePipeline } from '../../src/engine/operator.js';
import { claim, type ClaimedRow } from '../../src/engine/statements/claim.js';
import { finish } from '../../src/engine/statements/finish.js';
import { inTransaction, onPool, type Run, type Statement } from '../../src/engine/statements/statement.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueued,
  enqueuedOne,
  eventKinds,
  jobList,
  lockWaits,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilIdle,
  untilStatus,
  useDatabase,
  verb,
} from './support.js';

const own = useDatabase();

describe('two runners never run the same job (W3, 11.4.2)', () => {
  for (const runners of [2, 4])
    test(`${runners} runners and 400 short pipelines`, async () => {
      const stages = Array.from({ length: runners }, () => new Stage());
      // the first jobs of each wait until every runner has work: none does all of it while another is still connecting
      for (const stage of stages)
        stage.otherwise(async () => {
          await until('every runner has begun a job', () => stages.every((each) => each.runs.length > 0));
          return undefined;
        });
      const ids = await enqueued(
        own,
        ...Array.from({ length: 400 }, () =>
          plan(['A', 'B', 'C'].map((name, i) => new Stage().step(i === 1 ? 'io' : 'fast', name))),
        ),
      );
      await Promise.all(
        stages.map((stage, i) => startRunner(own, { stage, queues: { fast: 5, io: i === 0 ? 3 : 1 }, hints: i === 0 })),
      );
      await untilIdle(own);
      const runs = stages.flatMap((stage) => stage.runs.map((run) => `${run.pipelineId}.${run.sequence}`));
      expect(runs).toHaveLength(1200);
      expect(new Set(runs).size).toBe(1200);
      for (const stage of stages) expect(stage.runs.length).toBeGreaterThan(0);
      const [done] = await rows<{ n: number }>(
        own,
        `select count(*) as n from pipelines where status = 'success' and id = any ($1)`,
        [ids],
      );
      expect(done?.n).toBe(400);
    });

  test('claims at the same moment share what is there without waiting for each other', async () => {
    await enqueued(own, ...Array.from({ length: 100 }, () => plan([new Stage().step('io', 'A')])));
    const run = onPool(own.database.pool);
    const claims = await Promise.all(Array.from({ length: 10 }, (_, runner) => claim(run, runner + 1, 'io', 20)));
    const ids = claims.flat().map((row) => row.pipelineId);
    expect(new Set(ids).size).toBe(ids.length);
    const rest = await claim(run, 99, 'io', 100);
    expect(ids.length + rest.length).toBe(100);
  });

  test('a pipeline that moved on while a claim looked at it is not run at the job it has left', async () => {
    // The claim stands still between seeing the row and locking it, which a busy server does by itself.
    await rows(
      own,
      `create or replace function pause() returns boolean language plpgsql as 'begin perform pg_advisory_xact_lock_shared(42); return true; end'`,
    );
    const slow =
      (run: Run): Run =>
      <Row>(statement: Statement<Row>, values: unknown[]) =>
        run(
          {
            ...statement,
            name: 'slow',
            text: statement.text.replace('run_at <= now()', 'run_at <= now() and pause()'),
          },
          values,
        );
    const id = await enqueuedOne(own, plan(['A', 'B', 'C'].map((name) => new Stage().step('fast', name))));
    const run = onPool(own.database.pool);
    const gate = await own.database.pool.connect();
    let late: Promise<ClaimedRow[]>;
    try {
      await gate.query('select pg_advisory_lock(42)');
      late = claim(slow(run), 2, 'fast', 1);
      await until('the late claim stands still', async () => (await lockWaits(own)) === 1);
      const [job] = await claim(run, 1, 'fast', 1);
      expect(job?.sequence).toBe(10);
      await finish(
        run,
        1,
        [{ pipelineId: id, epoch: 1, sequence: 10, result: undefined, seenRev: null, lane: undefined }],
        {},
      );
      expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', next_sequence: 20 });
    } finally {
      await gate.query('select pg_advisory_unlock(42)');
      gate.release();
    }
    const claimed = await late;
    const now = await pipelineRow(own, id);
    expect(claimed.map((row) => row.sequence)).toEqual(now.status === 'in_process' ? [now.next_sequence] : []);
    const again = now.status === 'pending' ? await claim(run, 3, 'fast', 1) : claimed;
    expect(again.map((row) => row.sequence)).toEqual([20]);
  });
});

test('with 100,000 waiting rows the claim reads its index in order and stops', async () => {
  await rows(
    own,
    `insert into pipelines (name, description, created_by, queue, next_sequence, priority)
     select 'Test', 'many', 'tester', (array['io', 'cpu', 'fast', 'instant'])[1 + i % 4], 10, i % 3 from generate_series(1, 100000) i`,
  );
  await rows(own, `insert into jobs (pipeline_id, sequence, type, queue) select id, 10, 'x', queue from pipelines`);
  await rows(own, 'analyze pipelines, jobs');
  let plan = '';
  let read = 0;
  const explained: Run = async <Row>(statement: Statement<Row>, values: unknown[]): Promise<Row[]> => {
    const { rows: lines } = await own.database.pool.query<{ 'QUERY PLAN': [{ Plan: unknown }] }>(
      `explain (analyze, buffers, format json) ${statement.text}`,
      values,
    );
    plan = JSON.stringify(lines[0]?.['QUERY PLAN']);
    read = Number(/"Shared Hit Blocks":(\d+)/.exec(plan)?.[1]) + Number(/"Shared Read Blocks":(\d+)/.exec(plan)?.[1]);
    return [];
  };
  await claim(explained, 1, 'cpu', 10);
  expect(plan).toContain('pipelines_claim');
  expect(plan).not.toMatch(/"Node Type":"(Sort|Seq Scan|Bitmap Heap Scan)"/);
  expect(read).toBeLessThan(600); // ten rows read, written and joined, not a hundred thousand
});

test('a runner that has polled empty tables claims a burst by an index, before autovacuum has seen it', async () => {
  await rows(own, 'vacuum pipelines, jobs');
  const runner = connectDatabase({ connectionString: own.url, applicationName: 'test', maxConnections: 1, runnerLeaseSeconds: 60 }); // prettier-ignore
  onTestFinished(() => runner.close());
  for (let polls = 0; polls < 10; polls++) await claim(onPool(runner.pool), 1, 'fast', 200); // planned for good after six
  await enqueued(own, ...Array.from({ length: 300 }, () => plan([new Stage().step('fast', 'A')])));
  const { rows: lines } = await runner.pool.query(`explain execute pressmark_claim (1, 'fast', 200)`);
  const planned = lines.map((line: Record<string, string>) => line['QUERY PLAN']).join('\n');
  expect(planned).toContain('Index Scan using pipelines_claim');
  expect(planned).not.toMatch(/Seq Scan on (pipelines|jobs)/);
});

test('a pipeline whose job row was deleted by hand fails and says why; the rest goes on', async () => {
  const stage = new Stage();
  const broken = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
  const whole = await enqueuedOne(own, plan([stage.step('fast', 'C')]));
  await rows(own, 'delete from jobs where pipeline_id = $1 and sequence = 10', [broken]);
  await startRunner(own, { stage, queues: { fast: 1 } });
  const failed = await untilStatus(own, broken, 'failed');
  expect(failed.error?.message).toMatch(/deleted by hand.*(cancel|goto)/);
  expect(failed.runner_id).toBeNull();
  await untilStatus(own, whole, 'success');
  expect(await verb(own, `goto_job($1, 20, 'ada', 'A was done by hand')`, [broken])).toEqual({ status: 'pending' });
  await untilStatus(own, broken, 'success');
  expect(await jobList(own, broken)).toBe('B success');
  expect(await brokenInvariants(own)).toEqual({});
});

test('a pipeline whose job row was deleted by hand is not requeued: who asks is told what helps, nothing is written', async () => {
  const stage = new Stage();
  stage.on('A', () => Promise.reject(new Error('boom')));
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A', { maxAttempts: 1 }), stage.step('fast', 'B')]));
  const runner = await startRunner(own, { stage });
  const failed = await untilStatus(own, id, 'failed');
  await runner.stop(0);
  await rows(own, 'delete from jobs where pipeline_id = $1 and sequence = 10', [id]);
  const act = { actor: 'ada', reason: 'the disk is back' };
  await expect(requeuePipeline(own.database.kysely, id, act)).rejects.toMatchObject({
    name: 'Refused',
    message: `pipeline ${id} points at a job that does not exist; its row was deleted by hand (cancel the pipeline, or goto another job)`,
  });
  expect(await pipelineRow(own, id)).toEqual(failed);
  expect(await eventKinds(own, id)).toEqual(['failed']);
});

test('a pipeline deleted by hand while it runs is forgotten, its place is free', async () => {
  const stage = new Stage();
  const gate = stage.gate('A');
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
  const runner = await startRunner(own, { stage, queues: { fast: 1 } });
  await gate.entered;
  await rows(own, 'delete from pipelines where id = $1', [id]);
  await until('the run was told to stop', () => gate.left());
  await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'C')])), 'success');
  await until('nothing is in hand', () => runner.status().running.length === 0);
  expect(stage.count('B')).toBe(0);
});

test('a claim inside a transaction that is rolled back has claimed nothing', async () => {
  const id = await enqueuedOne(own, plan([new Stage().step('fast', 'A')]));
  const work = own.database.kysely.transaction().execute(async (trx) => {
    expect(await claim(inTransaction(trx), 1, 'fast', 1)).toHaveLength(1);
    throw new Error('power cut');
  });
  await expect(work).rejects.toThrow('power cut');
  expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', epoch: 0, runner_id: null });
});
