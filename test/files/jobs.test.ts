import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { FatalError, type Job, type JobCall, type JobContext } from '../../src/engine/job.js';
import {
  cleanFiles,
  deleteDirectory,
  fileJobs,
  moveDirectory,
  removeFile,
  renameDirectory,
  syncRecursive,
  verifyRecursive,
} from '../../src/files/jobs.js';
import { closeThreads } from '../../src/files/threads.js';
import { makeTree, readTree, scratch } from './trees.js';

const { at } = scratch();
afterAll(() => closeThreads());

/** Runs a job as the runner does, with what these jobs look at. */
const run = (call: JobCall) => {
  const job = (fileJobs as readonly Job[]).find(({ definition }) => definition.type === call.type);
  if (!job) throw new Error(`no job type ${call.type}`);
  const context: Partial<JobContext<unknown>> = {
    args: job.definition.args.parse(JSON.parse(JSON.stringify(call.args))),
    signal: new AbortController().signal,
    progress: { report: () => undefined },
    log: pino({ level: 'silent' }),
  };
  return job.definition.run(context as JobContext<unknown>);
};

describe('a move as jobs', () => {
  const jobs = () => moveDirectory({ from: at('from'), to: at('wf', 'HN') });

  test('is copy, verify, delete, rename, on io and fast', () => {
    const [from, wip] = [at('from'), at('wf', '.wip-HN')];
    expect(jobs().map(({ type, queue, args }) => ({ type, queue, args }))).toEqual([
      { type: 'sync_recursive', queue: 'io', args: { from, to: wip, movedTo: at('wf', 'HN') } },
      { type: 'verify_recursive', queue: 'io', args: { from, to: wip, movedTo: at('wf', 'HN') } },
      { type: 'delete_directory', queue: 'io', args: { location: from, movedTo: at('wf', 'HN') } },
      { type: 'rename_directory', queue: 'fast', args: { from: wip, to: at('wf', 'HN') } },
    ]);
  });

  test('moves; each job twice in a row; all of them once more', async () => {
    makeTree(at('from'), { '1.pdf': 'one', 'deep/2.pdf': 'two' });
    for (const job of jobs()) {
      await run(job);
      await run(job);
    }
    for (const job of jobs()) await run(job);
    expect(readTree(at('wf', 'HN'))).toEqual({ '1.pdf': 'one', 'deep/2.pdf': 'two' });
    expect(readdirSync(at('wf'))).toEqual(['HN']);
    expect(existsSync(at('from'))).toBe(false);
  });

  test('results tell what was done', async () => {
    makeTree(at('from'), { '1.pdf': 'one', '2.pdf': 'two' });
    const [copy, verify] = jobs();
    if (!copy || !verify) throw new Error('four jobs');
    expect(await run(copy)).toMatchObject({ result: { copied: 2, files: 2, bytes: 6 } });
    makeTree(at('wf', '.wip-HN'), { '2.pdf': 'TWO' });
    expect(await run(verify)).toMatchObject({ result: { files: 2, bytes: 6, recopied: ['2.pdf'] } });
    expect(await run(copy)).toMatchObject({ result: { copied: 0, because: 'copied before' } });
    expect(await run(verify)).toMatchObject({ result: { because: 'verified before' } });
  });
});

describe('single jobs, each twice', () => {
  const twice = async (call: JobCall) => [await run(call), await run(call)];

  test('sync_recursive and verify_recursive without a move keep the source', async () => {
    makeTree(at('from'), { '1.pdf': 'one' });
    await twice(syncRecursive({ from: at('from'), to: at('to') }));
    await twice(verifyRecursive({ from: at('from'), to: at('to') }));
    expect([readTree(at('from')), readTree(at('to'))]).toEqual([{ '1.pdf': 'one' }, { '1.pdf': 'one' }]);
    expect(readdirSync(at('.')).sort()).toEqual(['from', 'to']);
  });

  test('delete_directory, rename_directory, clean_files, remove_file', async () => {
    makeTree(at('a'), { '1.pdf': 'one', '.DS_Store': '', 'deep/x': '' });
    await twice(renameDirectory({ from: at('a'), to: at('b') }));
    expect(await twice(cleanFiles({ location: at('b') }))).toMatchObject([
      { result: { removed: ['.DS_Store'] } },
      { result: { removed: [] } },
    ]);
    await twice(removeFile({ location: at('b', '1.pdf') }));
    await twice(deleteDirectory({ location: at('b', 'deep') }));
    expect(readTree(at('b'))).toEqual({});
    await twice(removeFile({ location: at('gone', 'x') }));
  });

  test('remove_file takes no directory and no symlink', async () => {
    makeTree(at('a'), { x: '' });
    symlinkSync(at('a', 'x'), at('link'));
    await expect(run(removeFile({ location: at('a') }))).rejects.toBeInstanceOf(FatalError);
    await expect(run(removeFile({ location: at('link') }))).rejects.toBeInstanceOf(FatalError);
  });

  test('paths that depend on where the runner stands are refused when the job is planned', () => {
    for (const location of ['', '/', 'a', './a', '/a/../b', '/a/', '/a//b']) {
      expect(() => deleteDirectory({ location })).toThrow('must be an absolute, plain path');
    }
  });
});
