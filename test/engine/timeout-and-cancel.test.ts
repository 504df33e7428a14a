/** Ending what runs: by its time limit, by a person; and verbs that refuse what would break something (W33, W39, W41). */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hold } from '../../src/engine/job.js';
import { runProgram } from '../../src/files/programs.js';
import { brokenInvariants } from './invariants.js';
import { aborted, plan, Stage } from './stage.js';
import {
  enqueued,
  enqueuedOne,
  eventKinds,
  jobList,
  jobRows,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilListening,
  untilStatus,
  useDatabase,
  verb,
} from './support.js';

const own = useDatabase();
const boom = () => Promise.reject(new Error('boom'));
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

/**
 * A job that runs a shell with a child of its own; resolves to their process ids once both run. Its order to stop is handed on
 * then: a program that takes longer to start than its job may run would never have been there.
 */
async function stagedProgram(stage: Stage, name: string): Promise<() => Promise<number[]>> {
  const directory = await mkdtemp(join(tmpdir(), 'pressmark-engine-'));
  const pids = join(directory, 'pids');
  const runs = () =>
    until('the program runs', async () => existsSync(pids) && /^\d+ \d+\n$/.test(await readFile(pids, 'utf8')));
  stage.on(name, async ({ signal }) => {
    const stop = new AbortController();
    const options = { signal: stop.signal, timeoutSeconds: 600 };
    const program = runProgram('sh', ['-c', `sleep 600 & echo $$ $! > ${pids}; wait`], options);
    await Promise.race([runs(), program]);
    aborted(signal).catch((reason: unknown) => stop.abort(reason));
    await program;
    return undefined;
  });
  return async () => {
    await runs();
    return (await readFile(pids, 'utf8')).trim().split(' ').map(Number);
  };
}

describe('a job that runs longer than it may', () => {
  test('is told to stop, dies with its programs, and is retried (W39)', async () => {
    const stage = new Stage();
    const started = await stagedProgram(stage, 'A');
    const id = await enqueuedOne(own, plan([stage.step('cpu', 'A', { timeoutSeconds: 1 }), stage.step('fast', 'B')]));
    await startRunner(own, { stage });
    const pids = await started();
    const delayed = await untilStatus(own, id, 'delayed');
    expect(delayed.error).toMatchObject({
      name: 'JobTimeout',
      message: expect.stringContaining('timeout of 1 s') as string,
    });
    await until('no process is left', () => !pids.some(isAlive));
    expect((await jobRows(own, id))[0]?.failures).toBe(1);
  });

  test('a limit of a month is no limit of a millisecond', async () => {
    const stage = new Stage();
    const gate = stage.gate('A');
    const id = await enqueuedOne(own, plan([stage.step('cpu', 'A', { timeoutSeconds: 30 * 86_400 })]));
    await startRunner(own, { stage });
    await gate.entered;
    await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'X'), stage.step('fast', 'Y')])), 'success');
    expect(stage.runs[0]?.signal.aborted).toBe(false);
    gate.end();
    await untilStatus(own, id, 'success');
    expect(stage.count('A')).toBe(1);
  });
});

describe('cancel', () => {
  for (const hints of [true, false])
    test(`a running job dies with its programs, the pipeline is closed, the lane is free (W33; ${hints ? 'with' : 'without'} hints)`, async () => {
      const stage = new Stage();
      const started = await stagedProgram(stage, 'A');
      const id = await enqueuedOne(
        own,
        plan([stage.step('cpu', 'A'), stage.step('fast', 'B')], { type: 'issue', id: 1 }),
      );
      await startRunner(own, {
        stage,
        hints,
        queues: { cpu: 1, fast: 1 },
        settings: hints ? { POLL_INTERVAL: 3600 } : {},
      });
      if (hints) await untilListening(own);
      const pids = await started();
      expect(await verb(own, `cancel_pipeline($1, 'ada', 'wrong issue')`, [id])).toEqual({ status: 'cancelled' });
      await until('no process is left', () => !pids.some(isAlive));
      expect(await jobList(own, id)).toBe('A cancelled, B cancelled');
      expect((await pipelineRow(own, id)).completed_at).toBeInstanceOf(Date);
      expect(await eventKinds(own, id)).toEqual(['cancelled']);
      const next = await enqueuedOne(own, plan([stage.step('cpu', 'C')], { type: 'issue', id: 1 }));
      await untilStatus(own, next, 'success');
      expect(stage.count('B')).toBe(0);
      expect(await brokenInvariants(own)).toEqual({});
    });

  test('a run that is slow to stop keeps its place: nothing more runs beside it than the lane is wide', async () => {
    const stage = new Stage();
    let goOn: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      stage.on('A', async ({ signal }) => {
        await aborted(signal).catch(() => resolve());
        await new Promise<void>((end) => (goOn = end));
        return undefined;
      });
    });
    const first = await enqueuedOne(own, plan([stage.step('cpu', 'A')]));
    await startRunner(own, { stage, queues: { cpu: 1, fast: 1 } });
    await until('A runs', () => stage.count('A') === 1);
    const second = await enqueuedOne(own, plan([stage.step('cpu', 'B')]));
    await verb(own, `cancel_pipeline($1, 'ada', 'wrong issue')`, [first]);
    await told;
    await untilStatus(own, await enqueuedOne(own, plan([stage.step('fast', 'polled meanwhile')])), 'success');
    expect(stage.count('B')).toBe(0);
    goOn();
    await untilStatus(own, second, 'success');
    expect(stage.peak.cpu).toBe(1);
  });

  test('in whatever state it is open, and only once', async () => {
    const stage = new Stage();
    stage.on('fails', boom);
    stage.on('fails for good', boom);
    stage.on('asks', () => Promise.resolve(hold({ kind: 'person', action: 'a', message: 'm' })));
    const [delayed, failed, held, pending] = await enqueued(
      own,
      plan([stage.step('fast', 'fails')]),
      plan([stage.step('fast', 'fails for good', { maxAttempts: 1 })]),
      plan([stage.step('fast', 'asks')]),
      plan([stage.step('cpu', 'waits')]),
    );
    if (!delayed || !failed || !held || !pending) throw new Error('four were enqueued');
    await startRunner(own, { stage, queues: { fast: 2 } });
    await untilStatus(own, delayed, 'delayed');
    await untilStatus(own, failed, 'failed');
    await untilStatus(own, held, 'held');
    for (const id of [delayed, failed, held, pending]) {
      expect(await verb(own, `cancel_pipeline($1, 'ada', 'no')`, [id])).toEqual({ status: 'cancelled' });
      expect(await verb(own, `cancel_pipeline($1, 'ada', 'no')`, [id])).toMatchObject({
        code: 'PM409',
        message: `pipeline ${id} cannot be cancelled: it is cancelled`,
        hint: 'only an open pipeline can be cancelled',
      });
    }
    expect(await brokenInvariants(own)).toEqual({});
  });
});

describe('skip and goto', () => {
  test('skip leaves out the job that cannot be mended, the rest runs', async () => {
    const stage = new Stage();
    stage.on('B', boom);
    const id = await enqueuedOne(
      own,
      plan([stage.step('fast', 'A'), stage.step('fast', 'B', { maxAttempts: 1 }), stage.step('io', 'C')]),
    );
    await startRunner(own, { stage });
    await untilStatus(own, id, 'failed');
    expect(await verb(own, `skip_job($1, 'ada', 'done by hand')`, [id])).toEqual({ status: 'pending' });
    await untilStatus(own, id, 'success');
    expect(await jobList(own, id)).toBe('A success, B skipped, C success');
    expect(await eventKinds(own, id)).toEqual(['failed', 'skipped']);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('skip of the last job closes the pipeline', async () => {
    const stage = new Stage();
    stage.on('A', () => Promise.resolve(hold({ kind: 'person', action: 'a', message: 'm' })));
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'held');
    expect(await verb(own, `skip_job($1, 'ada', 'settled by telephone')`, [id])).toEqual({ status: 'success' });
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('skip passes over what was skipped before: a group that begins again leaves it out, too', async () => {
    const stage = new Stage();
    stage.on('B', boom);
    stage.on('C', boom, () => Promise.resolve(undefined));
    const group = { maxAttempts: 3, entwine: 1 };
    const id = await enqueuedOne(
      own,
      plan([
        stage.step('fast', 'A', group),
        stage.step('fast', 'B', { ...group, maxAttempts: 1 }),
        stage.step('fast', 'C', group),
      ]),
    );
    await startRunner(own, { stage });
    await untilStatus(own, id, 'failed');
    await verb(own, `skip_job($1, 'ada', 'B was done by hand')`, [id]);
    await untilStatus(own, id, 'delayed'); // C has failed: the group is to be run again, from A
    expect(await jobList(own, id)).toBe('A pending, B skipped, C waiting');
    expect(await verb(own, `skip_job($1, 'ada', 'A, too')`, [id])).toEqual({ status: 'pending' });
    await untilStatus(own, id, 'success');
    expect(await jobList(own, id)).toBe('A skipped, B skipped, C success');
    expect(stage.order()).toEqual(['A', 'B', 'C', 'C']);
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('goto back runs that job and all after it again', async () => {
    const stage = new Stage();
    stage.on('C', boom);
    const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('io', 'B'), stage.step('fast', 'C')]));
    await startRunner(own, { stage });
    await untilStatus(own, id, 'delayed');
    stage.on('C', () => Promise.resolve(undefined));
    expect(await verb(own, `goto_job($1, 20, 'ada', 'the file was replaced')`, [id])).toEqual({ status: 'pending' });
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual(['A', 'B', 'C', 'B', 'C']);
  });

  test('goto forth leaves out the jobs in between, and says so', async () => {
    const stage = new Stage();
    stage.on('A', boom);
    const id = await enqueuedOne(
      own,
      plan(['A', 'B', 'C'].map((name) => stage.step('fast', name, { maxAttempts: 1 }))),
    );
    await startRunner(own, { stage });
    await untilStatus(own, id, 'failed');
    await verb(own, `goto_job($1, 30, 'ada', 'A and B were done by hand')`, [id]);
    await untilStatus(own, id, 'success');
    expect(stage.order()).toEqual(['A', 'C']);
    expect(await jobList(own, id)).toBe('A skipped, B skipped, C success');
    expect(await brokenInvariants(own)).toEqual({});
  });
});

test('each verb refuses what would break something, and says what would do', async () => {
  const stage = new Stage();
  const gate = stage.gate('running');
  stage.on('asks', () => Promise.resolve(hold({ kind: 'person', action: 'a', message: 'm' })));
  const [running, held, closed, pending] = await enqueued(
    own,
    plan([stage.step('fast', 'running')]),
    plan([stage.step('fast', 'asks')]),
    plan([stage.step('fast', 'closed')]),
    plan([stage.step('cpu', 'pending')]),
  );
  await startRunner(own, { stage, queues: { fast: 3 } });
  await gate.entered;
  await untilStatus(own, held ?? 0, 'held');
  await untilStatus(own, closed ?? 0, 'success');
  const refused: [string, number | undefined, RegExp][] = [
    [`requeue_pipeline($1, 'ada')`, running, /cannot be requeued: it is in_process/],
    [`requeue_pipeline($1, 'ada')`, held, /cannot be requeued: it is held/],
    [`requeue_pipeline($1, 'ada')`, closed, /cannot be requeued: it is success/],
    [`requeue_pipeline($1, 'ada')`, pending, /cannot be requeued: it is pending/],
    [`skip_job($1, 'ada', 'r')`, running, /cannot be moved past its job: it is in_process/],
    [`skip_job($1, 'ada', 'r')`, closed, /cannot be moved past its job: it is success/],
    [`goto_job($1, 10, 'ada', 'r')`, running, /cannot be moved: it is in_process/],
    [`goto_job($1, 10, 'ada', 'r')`, closed, /cannot be moved: it is success/],
    [`goto_job($1, 11, 'ada', 'r')`, held, /has no job 11/],
    [`wake_pipeline($1, 'ada')`, running, /cannot be woken: it is in_process/],
    [`wake_pipeline($1, 'ada')`, pending, /cannot be woken: it is pending/],
    [`cancel_pipeline($1, 'ada', 'r')`, closed, /cannot be cancelled: it is success/],
    ...['cancel_pipeline', 'skip_job'].map((name): [string, number, RegExp] => [
      `${name}($1, 'ada', 'r')`,
      999,
      /there is no pipeline 999/,
    ]),
    [`requeue_pipeline($1, 'ada')`, 999, /there is no pipeline 999/],
    [`wake_pipeline($1, 'ada')`, 999, /there is no pipeline 999/],
  ];
  const before = await rows(own, 'select * from pipelines order by id');
  for (const [call, id, message] of refused) {
    const answer = await verb(own, call, [id]);
    expect(answer.message).toMatch(message);
    expect(answer.code).toBe(/no (pipeline|job)/.test(answer.message ?? '') ? 'PM404' : 'PM409');
    expect(answer.hint).toBeTruthy();
  }
  expect(await rows(own, 'select * from pipelines order by id')).toEqual(before);
  expect(await rows(own, `select from events where actor = 'ada'`)).toEqual([]);
  gate.end();
});

test('a column that somebody changes meanwhile survives: the engine writes only its own (W41)', async () => {
  const stage = new Stage();
  const gates = ['A', 'B'].map((name) => stage.gate(name));
  const id = await enqueuedOne(own, plan([stage.step('fast', 'A'), stage.step('fast', 'B'), stage.step('io', 'C')]));
  await startRunner(own, { stage });
  await gates[0]?.entered;
  await rows(own, `update pipelines set description = 'renamed', priority = 9 where id = $1`, [id]);
  await rows(
    own,
    `update jobs set args = '{"name": "C2"}', max_attempts = 3 where pipeline_id = $1 and sequence = 30`,
    [id],
  );
  gates[0]?.end();
  await gates[1]?.entered;
  gates[1]?.fail(new Error('boom'));
  await untilStatus(own, id, 'delayed');
  await rows(own, `update pipelines set run_at = now() where id = $1`, [id]);
  await untilStatus(own, id, 'success');
  expect(await pipelineRow(own, id)).toMatchObject({ description: 'renamed', priority: 9 });
  expect(stage.order()).toEqual(['A', 'B', 'B', 'C2']);
});
