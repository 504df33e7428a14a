/** Jobs that meet a full disk wait for room: they do not use up their attempts, however long the night (design 3, "try later"). */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { FatalError } from '../../src/engine/job.js';
import { defineFileJob } from '../../src/files/file-job.js';
import { NotEnoughSpace } from '../../src/files/free-space.js';
import { ProgramFailed } from '../../src/files/programs.js';
import { PagesFailed } from '../../src/newspapers/derivatives/derivatives.js';
import { enqueuedOne, jobRows, makeDelayedDue, pipelineRow, startRunner, until, untilStatus, useDatabase } from '../engine/support.js'; // prettier-ignore

const own = useDatabase();
let trouble: Error | undefined;
let runs = 0;
const job = defineFileJob({
  type: 'needs_room',
  queue: 'io',
  timeout: '1 min',
  maxAttempts: 2,
  args: z.object({}),
  run() {
    runs++;
    return trouble ? Promise.reject(trouble) : Promise.resolve(undefined);
  },
});
const plan = { name: 'P', description: 'p', object: { type: 'issue', id: 1 }, jobs: [job({})] };
const system = (code: string) =>
  Object.assign(new Error(`${code}: write`), { code, syscall: 'write', path: '/a/1.pdf' });
const said = (stderr: string) =>
  new ProgramFailed({ program: 'qpdf', args: [], exitCode: 2, signal: null, stderr }, 'exited with code 2');

test.each([
  ['of the system', system('ENOSPC'), 'the disk is full (ENOSPC'],
  ['of a quota', system('EDQUOT'), 'the quota is used up'],
  ['looked up before it is used', new NotEnoughSpace('/a', 2e9, 1e9), 'MB are needed'],
  ['of a program that says so', said('qpdf: open page-1.pdf: No space left on device'), 'No space left'],
  ['of a quota, as a program says it', said('cannot create x: Disk quota exceeded'), 'quota exceeded'],
  ['behind another error', new Error('copying failed', { cause: system('ENOSPC') }), 'copying failed'],
  ['of one page of many', new PagesFailed([system('EIO'), new NotEnoughSpace('/a', 2, 1)], '2 of 9 pages failed'), '2 of 9'], // prettier-ignore
])('no room %s: more runs than attempts, and none counted; with room it goes on', async (_, error, words) => {
  await own.database.pool.query('truncate pipelines cascade');
  [trouble, runs] = [error, 0];
  const id = await enqueuedOne(own, plan);
  const runner = await startRunner(own, { more: [job] });
  await until('it was tried more often than it may fail', async () => {
    await makeDelayedDue(own);
    return runs > 4;
  });
  expect(['delayed', 'pending', 'in_process']).toContain((await pipelineRow(own, id)).status);
  await until('it waits', async () => (await pipelineRow(own, id)).status === 'delayed');
  expect((await pipelineRow(own, id)).error?.message).toContain(words);
  expect(await jobRows(own, id)).toMatchObject([{ status: 'waiting', failures: 0 }]);
  trouble = undefined;
  await makeDelayedDue(own);
  await untilStatus(own, id, 'success');
  await runner.stop(5);
});

test.each<[string, Error, string]>([
  ['a disk that cannot be read', system('EIO'), 'delayed'],
  ['a program that fails otherwise', said('qpdf: a.pdf: unable to find trailer'), 'delayed'],
  ['what no room mends', new FatalError('broken', { cause: new Error('ENOSPC') }), 'failed'],
])('%s is no full disk: it counts', async (_, error, status) => {
  await own.database.pool.query('truncate pipelines cascade');
  trouble = error;
  const id = await enqueuedOne(own, plan);
  const runner = await startRunner(own, { more: [job] });
  await untilStatus(own, id, status);
  expect(await jobRows(own, id)).toMatchObject([{ failures: 1 }]);
  await runner.stop(5);
});
