/** Jobs of a pipeline run one after the other, in their order, whatever runs beside them (spec 2.2, 2.5, 2.6, 11.4.3; W4). */
import { setImmediate } from 'node:timers/promises';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { done, QUEUES, type Queue } from '../../src/engine/job.js';
import { JobLog } from '../../src/engine/runner/job-log.js';
import { brokenInvariants } from './invariants.js';
import { plan, Stage } from './stage.js';
import {
  enqueued,
  enqueuedOne,
  jobList,
  jobRows,
  rows,
  startRunner,
  until,
  untilIdle,
  untilStatus,
  useDatabase,
} from './support.js';

const own = useDatabase();

const QUEUE_CYCLE: Queue[] = ['io', 'cpu', 'fast', 'instant', 'fast', 'io'];
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);

describe('strict order', () => {
  test('a job starts only when the one before it has ended', async () => {
    const stage = new Stage();
    const first = stage.gate('A');
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
    await startRunner(own, { stage });
    await first.entered;
    // another pipeline goes all the way through the same lane meanwhile
    await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'X'), stage.step('fast', 'Y')])), 'success');
    expect(stage.count('B')).toBe(0);
    expect(await jobList(own, id)).toBe('A in_process, B waiting');
    first.end();
    await untilStatus(own, id, 'success');
    expect(stage.order(id)).toEqual(['A', 'B']);
  });

  for (const [what, lanes] of [
    ['one runner', [{ io: 1, cpu: 2, fast: 3, instant: 2 }]],
    [
      'two runners of all queues',
      [
        { io: 1, cpu: 1, fast: 2, instant: 1 },
        { io: 2, cpu: 1, fast: 1, instant: 2 },
      ],
    ],
    ['a runner per lane', [{ io: 2 }, { cpu: 2 }, { fast: 2 }, { instant: 2 }]],
    ['one that disk work goes to and one for the rest', [{ io: 1 }, { fast: 4, cpu: 1, instant: 1 }]],
  ] as const)
    test(`pipelines through every queue keep their order with ${what}, no lane is wider than it was told (W4)`, async () => {
      const stages = lanes.map(() => new Stage());
      const ended = new Map<number, number>();
      const early: number[] = [];
      for (const stage of stages)
        stage.otherwise(async ({ pipelineId, sequence }) => {
          if ((ended.get(pipelineId) ?? 0) !== sequence - 10) early.push(pipelineId);
          await setImmediate();
          ended.set(pipelineId, sequence);
          return undefined;
        });
      const jobs = QUEUE_CYCLE.map((queue, i) => new Stage().step(queue, `${i}`));
      await enqueued(own, ...Array.from({ length: 60 }, () => plan(jobs)));
      await Promise.all(
        stages.map((stage, i) => startRunner(own, { stage, queues: lanes[i] ?? {}, hints: i % 2 === 0 })),
      );
      await untilIdle(own);
      expect(early).toEqual([]);
      expect([...ended.values()]).toEqual(Array.from({ length: 60 }, () => 60));
      for (const [index, stage] of stages.entries()) {
        expect([...stage.overlapping]).toEqual([]);
        const widths: Partial<Record<Queue, number>> = lanes[index] ?? {};
        for (const queue of QUEUES) expect(stage.peak[queue]).toBeLessThanOrEqual(widths[queue] ?? 0);
      }
      expect(await brokenInvariants(own)).toEqual({});
    });
});

test('a pipeline whose jobs are of one queue goes on in its lane, ahead of what waits', async () => {
  const stage = new Stage();
  const ids = await enqueued(
    own,
    plan([stage.step('cpu', 'A1'), stage.step('cpu', 'A2'), stage.step('cpu', 'A3')]),
    plan([stage.step('cpu', 'B1'), stage.step('cpu', 'B2')]),
  );
  await startRunner(own, { stage, queues: { cpu: 1 } });
  await Promise.all(ids.map((id) => untilStatus(own, id, 'success')));
  expect(stage.order()).toEqual(['A1', 'A2', 'A3', 'B1', 'B2']);
  const claims = await rows<{ epoch: number }>(own, 'select epoch from pipelines where id = any ($1)', [ids]);
  expect(claims).toEqual([{ epoch: 1 }, { epoch: 1 }]);
});

test('what is urgent runs first, then what was enqueued first', async () => {
  const stage = new Stage();
  await enqueued(own, ...['late', 'later'].map((name) => plan([stage.step('io', name)], undefined, { priority: 5 })));
  await enqueued(own, plan([stage.step('io', 'usual')]));
  await enqueued(own, plan([stage.step('io', 'urgent')], undefined, { priority: -1 }));
  await startRunner(own, { stage, queues: { io: 1 } });
  await untilIdle(own);
  expect(stage.order()).toEqual(['urgent', 'usual', 'late', 'later']);
});

describe('siblings', () => {
  test('a copy tree three levels deep is done before the verification that follows it (11.4.3)', async () => {
    const stage = new Stage();
    const directory = (name: string, children: string[]) =>
      stage.on(name, () => Promise.resolve(done({ siblings: children.map((child) => stage.step('io', child)) })));
    directory('copy /', ['copy /a', 'copy /b']);
    directory('copy /a', ['copy /a/1', 'copy /a/2']);
    directory('copy /a/1', names('copy /a/1/', 12));
    directory('copy /b', ['copy /b/1']);
    const id = await enqueuedOne(
      own,
      plan([stage.step('io', 'copy /'), stage.step('fast', 'verify'), stage.step('io', 'move')]),
    );
    await startRunner(own, { stage });
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual([
      ...['copy /', 'copy /a', 'copy /a/1', ...names('copy /a/1/', 12), 'copy /a/2', 'copy /b', 'copy /b/1'],
      ...['verify', 'move'],
    ]);
    expect(stage.overlapping.size).toBe(0);
    expect(await brokenInvariants(own)).toEqual({});
  });

  for (const count of [1, 9, 10, 11, 25])
    test(`${count} siblings fit in between, and the later jobs keep their logs`, async () => {
      const stage = new Stage();
      const jobLog = new JobLog(own.database.pool);
      stage.otherwise(({ log, args: { name } }) => {
        log.info(`this is ${name}`);
        return Promise.resolve(undefined);
      });
      stage.on('A', async ({ log }) => {
        log.info('this is A');
        await Promise.resolve();
        return done({ siblings: names('S', count).map((name) => stage.step('fast', name)) });
      });
      stage.on('C', ({ log, attempt }) => {
        log.info(`this is C`);
        return attempt === 1 ? Promise.reject(new Error('C fails once')) : Promise.resolve(undefined);
      });
      const id = await enqueuedOne(own, plan(['A', 'B', 'C'].map((name) => stage.step('fast', name))));
      // B and C have run before, and have logs: an administrator moved the pipeline back to A
      await startRunner(own, { stage, log: pino({ level: 'trace' }, jobLog) });
      await untilStatus(own, id, 'delayed');
      await jobLog.flush();
      await rows(own, `select goto_job($1, 10, 'tester', 'again')`, [id]);
      await untilStatus(own, id, 'success');
      await jobLog.flush();
      const wrong = await rows(
        own,
        `select l.message, j.args from job_logs l join jobs j using (pipeline_id, sequence)
         where pipeline_id = $1 and l.message like 'this is %' and l.message <> 'this is ' || (j.args ->> 'name')`,
        [id],
      );
      expect(wrong).toEqual([]);
      expect(stage.order().slice(-2)).toEqual(['B', 'C']);
      const jobs = await jobRows(own, id);
      expect(jobs.every((job) => job.status === 'success')).toBe(true);
      expect(jobs.map((job) => job.sequence)).toEqual([...new Set(jobs.map((job) => job.sequence))]);
      expect(jobs.filter((job) => job.name === 'S1')).toHaveLength(2);
    });

  test('siblings of a failed run are not kept: they come with its success', async () => {
    const stage = new Stage();
    const siblings = [stage.step('fast', 'S')];
    stage.on(
      'A',
      () => Promise.resolve(done({ siblings, commit: () => Promise.reject(new Error('the disk is full')) })),
      () => Promise.resolve(done({ siblings })),
    );
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'delayed');
    expect(await jobList(own, id)).toBe('A pending, B waiting');
    await rows(own, `select requeue_pipeline($1, 'tester')`, [id]);
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual(['A', 'A', 'S', 'B']);
  });
});

test('a finished pipeline is seen as finished before the runner is asked for more', async () => {
  const stage = new Stage();
  const runner = await startRunner(own, { stage });
  const ids = await enqueued(
    own,
    ...names('p', 300).map((name) => plan([stage.step('instant', name), stage.step('fast', name)])),
  );
  await untilIdle(own);
  await until('nothing is in hand', () => runner.status().running.length === 0);
  const [left] = await rows<{ n: number }>(
    own,
    `select count(*) as n from pipelines where id = any ($1) and status <> 'success'`,
    [ids],
  );
  expect(left?.n).toBe(0);
  expect(stage.runs).toHaveLength(600);
});
