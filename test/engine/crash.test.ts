/** Runners that die, freeze or are told to end, as processes of their own: no job stays in process for ever, none is lost (W2, 11.4.1; spec 2.11). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/engine/job.js';
import { brokenInvariants } from './invariants.js';
import { ignores, records, waits } from './fixtures/crash-jobs.js';
import { RunnerProcess, startUnreaped } from './runner-process.js';
import { plan } from './stage.js';
import {
  enqueuedOne,
  eventKinds,
  jobRows,
  pipelineRow,
  rows,
  startRunner,
  until,
  untilStatus,
  useDatabase,
} from './support.js';

const own = useDatabase();
/** Of runners of which one is frozen for longer: a healthy one fences itself off after three quarters of it, also when the machine is busy. */
const LEASE = 10;

/** The same job types in this process, where they end at once. */
const rescuer = () => {
  const runs: string[] = [];
  const more = ['waits', 'records', 'ignores'].map((type) =>
    defineJob({
      type,
      queue: 'fast',
      args: z.object({ name: z.string() }),
      timeout: '1 min',
      run: ({ args, attempt }) => {
        runs.push(`${args.name} ${attempt}`);
        return Promise.resolve(undefined);
      },
    }),
  );
  return { runs, more };
};
const kill = async (runner: RunnerProcess) => {
  runner.signal('SIGKILL');
  await runner.ended();
};

describe('kill -9 in the middle of a job (W2, 11.4.1)', () => {
  test('the next runner of that host gives the job back at its start, without waiting for the lease', async () => {
    const id = await enqueuedOne(own, plan([waits('A'), waits('B')]));
    const doomed = await RunnerProcess.start(own);
    await doomed.says('began', 'A');
    await kill(doomed);
    expect((await pipelineRow(own, id)).status).toBe('in_process');
    const { runs, more } = rescuer();
    await startRunner(own, { more, settings: { RUNNER_LEASE: 3600 } });
    await untilStatus(own, id, 'success');
    expect(runs).toEqual(['A 2', 'B 1']);
    expect((await jobRows(own, id))[0]).toMatchObject({ attempt: 2, failures: 0 });
    expect(await eventKinds(own, id)).toEqual(['rescued']);
    expect(
      (
        await rows<{ stopped_at: Date | null }>(own, 'select stopped_at from runners where id = $1', [doomed.runnerId])
      )[0]?.stopped_at,
    ).not.toBeNull();
    expect(await brokenInvariants(own)).toEqual({});
  });

  test('also when nobody has waited for the dead process', async () => {
    const id = await enqueuedOne(own, plan([waits('A')]));
    const pid = await startUnreaped(own);
    await untilStatus(own, id, 'in_process');
    process.kill(pid, 'SIGKILL');
    await until('it is a zombie', () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
    const { more } = rescuer();
    await startRunner(own, { more, settings: { RUNNER_LEASE: 3600 } });
    await untilStatus(own, id, 'success');
  });

  test('a runner of another host waits until the lease is over', async () => {
    const id = await enqueuedOne(own, plan([waits('A')]));
    const doomed = await RunnerProcess.start(own);
    await doomed.says('began', 'A');
    await kill(doomed);
    await rows(own, `update runners set host = 'elsewhere' where id = $1`, [doomed.runnerId]);
    const { runs, more } = rescuer();
    await startRunner(own, { more, settings: { RUNNER_LEASE: 60 } });
    await untilStatus(own, await enqueuedOne(own, plan([waits('X'), waits('Y')])), 'success');
    expect((await pipelineRow(own, id)).status).toBe('in_process'); // it might be alive
    await rows(own, `update runners set heartbeat_at = now() - interval '61 seconds' where id = $1`, [doomed.runnerId]);
    await untilStatus(own, id, 'success');
    expect(runs).toEqual(['X 1', 'Y 1', 'A 2']);
  });
});

test('a runner that is frozen past its lease and wakes up: what it says is refused, what it has in hand is aborted', async () => {
  const [said, inHand] = [
    await enqueuedOne(own, plan([waits('A'), waits('B')])),
    await enqueuedOne(own, plan([waits('C')])),
  ];
  const zombie = await RunnerProcess.start(own, { leaseSeconds: LEASE });
  await zombie.says('began', 'A');
  await zombie.says('began', 'C');
  zombie.signal('SIGSTOP');
  const { runs, more } = rescuer();
  const runner = await startRunner(own, { more, settings: { RUNNER_LEASE: LEASE } });
  await untilStatus(own, said, 'success');
  await untilStatus(own, inHand, 'success');
  await runner.stop(0);
  zombie.end('A'); // the very first thing it hears
  zombie.signal('SIGCONT');
  expect(await zombie.says('aborted', 'C')).toMatchObject({ reason: 'LeaseLost' });
  await enqueuedOne(own, plan([waits('D')]));
  await zombie.says('began', 'D'); // it lives, has looked round and works again
  expect(runs.sort()).toEqual(['A 2', 'B 1', 'C 2']);
  expect((await jobRows(own, said)).map((job) => [job.status, job.attempt])).toEqual([
    ['success', 2],
    ['success', 1],
  ]);
  expect(zombie.said.filter((message) => message.kind === 'began').map((message) => message.name)).toEqual([
    'A',
    'C',
    'D',
  ]);
});

test('a runner that is frozen in the middle of recording a result keeps it from nobody; when it wakes up it has recorded nothing', async () => {
  const id = await enqueuedOne(own, plan([records('A'), waits('B')]));
  const zombie = await RunnerProcess.start(own, { leaseSeconds: LEASE });
  await zombie.says('recording', 'A');
  zombie.signal('SIGSTOP'); // its transaction has locked the pipeline
  const { runs, more } = rescuer();
  const runner = await startRunner(own, { more, settings: { RUNNER_LEASE: LEASE } });
  await untilStatus(own, id, 'success');
  await runner.stop(0);
  expect(runs).toEqual(['A 2', 'B 1']);
  zombie.end('A');
  zombie.signal('SIGCONT');
  await enqueuedOne(own, plan([waits('C')]));
  await zombie.says('began', 'C'); // it lives, has looked round and works again
  expect((await jobRows(own, id)).map(({ attempt, failures, result }) => ({ attempt, failures, result }))).toEqual([
    { attempt: 2, failures: 0, result: null },
    { attempt: 1, failures: 0, result: null },
  ]);
  expect(await eventKinds(own, id)).toEqual(['rescued']);
  expect(await brokenInvariants(own)).toEqual({});
});

describe('SIGTERM', () => {
  test('lets the running job finish; the rest is left to others', async () => {
    const id = await enqueuedOne(own, plan([waits('A'), waits('B')]));
    const runner = await RunnerProcess.start(own, { graceSeconds: 3600 });
    await runner.says('began', 'A');
    runner.signal('SIGTERM');
    await runner.says('stopping'); // the signal and the end of A come by two ways; and no claim is under way any more
    const late = await enqueuedOne(own, plan([waits('late')]));
    runner.end('A');
    expect(await runner.ended()).toBe(0);
    expect((await jobRows(own, id)).map((job) => job.status)).toEqual(['success', 'waiting']);
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', next_sequence: 20, runner_id: null });
    expect((await pipelineRow(own, late)).status).toBe('pending');
    expect(runner.said.map((message) => message.kind)).toEqual(['taking', 'began', 'stopping', 'stopped']);
    expect(await rows(own, 'select from runners where stopped_at is null')).toEqual([]);
  });

  test('after the grace period what still runs is told to stop and handed back, without a failure', async () => {
    const id = await enqueuedOne(own, plan([waits('A')]));
    const runner = await RunnerProcess.start(own, { graceSeconds: 0.1 });
    await runner.says('began', 'A');
    runner.signal('SIGTERM');
    expect(await runner.says('aborted', 'A')).toMatchObject({ reason: 'ShuttingDown' });
    expect(await runner.ended()).toBe(0);
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', error: null });
    expect((await jobRows(own, id))[0]).toMatchObject({ failures: 0, attempt: 1 });
    expect(await eventKinds(own, id)).toEqual([]);
  });

  test('a second one ends the grace period at once', async () => {
    const id = await enqueuedOne(own, plan([waits('A')]));
    const runner = await RunnerProcess.start(own, { graceSeconds: 3600 });
    await runner.says('began', 'A');
    runner.signal('SIGTERM');
    await runner.says('stopping'); // else the second might be merged with the first
    runner.signal('SIGTERM');
    await runner.says('aborted', 'A');
    expect(await runner.ended()).toBe(0);
    expect((await pipelineRow(own, id)).status).toBe('pending');
  });

  test('a job that does not listen does not hold up the end: it is handed back all the same', async () => {
    const id = await enqueuedOne(own, plan([ignores('A')]));
    const runner = await RunnerProcess.start(own, { graceSeconds: 0 });
    await runner.says('began', 'A');
    runner.signal('SIGTERM');
    expect(await runner.ended()).toBe(0);
    expect(await pipelineRow(own, id)).toMatchObject({ status: 'pending', runner_id: null });
  });
});
