/** The log of a job: its own story, run by run, in order, whatever ran beside it and whatever it wrote (spec 2.10, 2.13; design 8). */
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { JobLog } from '../../src/engine/runner/job-log.js';
import { plan, Stage } from './stage.js';
import {
  enqueued,
  enqueuedOne,
  makeDelayedDue,
  rows,
  startRunner,
  until,
  untilIdle,
  untilStatus,
  useDatabase,
} from './support.js';

const own = useDatabase();
interface Line {
  pipeline_id: number;
  sequence: number;
  attempt: number;
  level: string;
  message: string;
  fields: Record<string, unknown> | null;
}
const story = (id: number) =>
  rows<Line>(
    own,
    'select pipeline_id, sequence, attempt, level, message, fields from job_logs where pipeline_id = $1 order by id',
    [id],
  );
/** A logger whose jobs' lines go to the database. */
function logged() {
  const jobLog = new JobLog(own.database.pool);
  return { jobLog, log: pino({ level: 'trace' }, jobLog) };
}

test('each run has its own lines, in order, whatever ran beside it', async () => {
  const stage = new Stage();
  stage.otherwise(async ({ log, attempt, args: { name } }) => {
    for (let i = 0; i < 20; i++) {
      log.info({ i }, `${name} says ${i}`);
      await Promise.resolve();
    }
    if (name === 'B' && attempt === 1) throw new Error('boom');
    return undefined;
  });
  const { jobLog, log } = logged();
  const ids = await enqueued(
    own,
    ...Array.from({ length: 10 }, () => plan(['A', 'B'].map((name) => stage.step('fast', name)))),
  );
  await startRunner(own, { stage, log });
  await untilIdle(own);
  await makeDelayedDue(own);
  for (const id of ids) await untilStatus(own, id, 'success');
  // the row says that a run failed before the runner has heard so, and writes it down
  await until('all is told', async () => {
    await jobLog.flush();
    return (await rows(own, `select from job_logs where message like '%to be retried%'`)).length === ids.length;
  });
  for (const id of ids) {
    const lines = (await story(id)).filter((line) => line.message.includes('says'));
    const expected = [
      [10, 1, 'A'],
      [20, 1, 'B'],
      [20, 2, 'B'],
    ].flatMap(([sequence, attempt, name]) =>
      Array.from({ length: 20 }, (_, i) => ({ sequence, attempt, message: `${name ?? ''} says ${i}`, fields: { i } })),
    );
    expect(lines.map(({ sequence, attempt, message, fields }) => ({ sequence, attempt, message, fields }))).toEqual(
      expected,
    );
    const failure = (await story(id)).find((line) => line.message.includes('to be retried'));
    expect(failure).toMatchObject({
      sequence: 20,
      attempt: 1,
      level: 'warn',
      message: 'run failed, to be retried: boom',
    });
  }
});

test("levels are kept; the runner's own lines do not get in", async () => {
  const stage = new Stage();
  stage.on('A', ({ log }) => {
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[level](level);
    return Promise.resolve(undefined);
  });
  const { jobLog, log } = logged();
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
  await startRunner(own, { stage, log });
  await untilStatus(own, id, 'success');
  await jobLog.flush();
  expect((await story(id)).map((line) => [line.level, line.message])).toEqual(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, level]),
  );
});

describe('whatever a job writes', () => {
  const strange: [string, (log: pino.Logger) => void][] = [
    ['a zero byte', (log) => log.info({ text: 'a\u0000b' }, 'page\u0000one')],
    ['half an emoji', (log) => log.info({ text: 'cut \ud83d' }, 'cut \ud83d')],
    ['a text that looks like an escape', (log) => log.info({ path: 'C:\\u0000\\ud83d' }, 'C:\\u0000')],
    ['all of Unicode', (log) => log.info({ text: '𝔘𝔫𝔦 日本 \u202e\u0007' }, '𝔘𝔫𝔦 日本 \u202e')],
    ["a field named like the engine's: pipeline", (log) => log.info({ pipeline: 'TakeInUpload' }, 'starting')],
    ["a field named like the engine's: job", (log) => log.info({ job: { id: 'oni-7' } }, 'queued')],
    ["a field named like the engine's: attempt", (log) => log.info({ attempt: 2.5 }, 'trying')],
    ["a field named like the engine's: attempt, much too large", (log) => log.info({ attempt: 1e12 }, 'trying')],
    ["a field named like the engine's: time", (log) => log.info({ time: 'noon' }, 'at noon')],
    ["a field named like the engine's: level", (log) => log.info({ level: 'high' }, 'the water is high')],
    ["a field named like the engine's: msg", (log) => log.info({ msg: { not: 'text' } })],
    ['an error', (log) => log.error({ err: new Error('a\u0000b \ud83d') }, 'failed')],
    ['a BigInt', (log) => log.info({ n: 10n }, 'ten')],
    ['nothing', (log) => log.info({})],
    ['a million characters', (log) => log.info('x'.repeat(1_000_000))],
  ];
  for (const [what, write] of strange)
    test(`${what} is stored, and so is what is written after it`, async () => {
      const stage = new Stage();
      stage.on('A', ({ log }) => {
        log.info('before');
        write(log);
        log.info('after');
        return Promise.resolve(undefined);
      });
      const { jobLog, log } = logged();
      const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
      await startRunner(own, { stage, log });
      await untilStatus(own, id, 'success');
      await jobLog.flush();
      const lines = await story(id);
      expect(lines).toHaveLength(3);
      expect([lines[0]?.message, lines[2]?.message]).toEqual(['before', 'after']);
      expect(lines.map((line) => [line.sequence, line.attempt])).toEqual([
        [10, 1],
        [10, 1],
        [10, 1],
      ]);
    });
});

test("a field that is called like one of the engine's is a field like any other", async () => {
  const { jobLog, log } = logged();
  const id = await enqueuedOne(own, plan([new Stage().step('fast', 'A')]));
  const line = log.child({ runner: 1, pipeline: id, job: 10, attempt: 1, type: 'fast_step' });
  line.info({ pipeline: 'TakeInUpload', type: 'pdf', level: 'high', pages: 3 }, 'starting');
  line.info({ msg: { not: 'text' } });
  await jobLog.flush();
  expect(await story(id)).toMatchObject([
    { level: 'info', message: 'starting', fields: { pipeline: 'TakeInUpload', type: 'pdf', level: 'high', pages: 3 } },
    { level: 'info', message: '', fields: { msg: { not: 'text' } } },
  ]);
  expect((await story(id)).map((l) => Object.keys(l.fields ?? {}).length)).toEqual([4, 1]);
});

test('lines written while the database is away are stored when it is back, in order', async () => {
  const { jobLog, log } = logged();
  const id = await enqueuedOne(own, plan([new Stage().step('fast', 'A')]));
  const line = log.child({ pipeline: id, job: 10, attempt: 1 });
  await rows(own, 'alter table job_logs rename to job_logs_away');
  for (let i = 0; i < 1500; i++) line.info(`${i}`);
  await jobLog.flush();
  for (let i = 1500; i < 3000; i++) line.info(`${i}`);
  await jobLog.flush();
  await rows(own, 'alter table job_logs_away rename to job_logs');
  await jobLog.flush();
  expect((await story(id)).map((l) => l.message)).toEqual(Array.from({ length: 3000 }, (_, i) => `${i}`));
});

test('lines of a pipeline that was deleted meanwhile are dropped, those of others are not', async () => {
  const { jobLog, log } = logged();
  const [gone, there] = await enqueued(own, ...[1, 2].map(() => plan([new Stage().step('fast', 'A')])));
  if (!gone || !there) throw new Error('two were enqueued');
  for (const pipeline of [gone, there]) log.child({ pipeline, job: 10, attempt: 1 }).info('hello');
  await rows(own, 'delete from pipelines where id = $1', [gone]);
  await jobLog.flush();
  expect(await rows(own, 'select pipeline_id from job_logs')).toEqual([{ pipeline_id: there }]);
});
