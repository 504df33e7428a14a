/** The fake agent keeps the rules of the real one (newspapers spec 8.4, 11.3 "Agent server"). */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { splitCommand, quoteCommand } from '../../../src/newspapers/oni/command-line.js';
import { answer, type AgentWorld } from '../../../src/newspapers/oni/fake-agent/commands.js';
import { FakeOni } from '../../../src/newspapers/oni/fake-agent/fake-oni.js';
import { JobQueue } from '../../../src/newspapers/oni/fake-agent/job-queue.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { TWO_ISSUES, writeBatch } from './stage.js';

const NAME = 'batch_mwa_20260101Name_ver01';
let world: AgentWorld;
let directory: string;
beforeEach(async () => {
  const batchSource = await temporaryDirectory();
  directory = join(batchSource, NAME);
  await writeBatch(directory, TWO_ISSUES);
  world = {
    batchSource,
    oni: new FakeOni(),
    queue: new JobQueue(),
    checkForOni: () => Promise.resolve([]),
    failures: [],
    loses: (batch) => batch,
  };
  world.oni.awardees.set('mwa', 'Antiquarians');
});
const says = (words: string[], payload = '') => answer(world, words, () => Promise.resolve(payload));

test('arguments survive the command line, whatever is in them', () => {
  const words = ['a', 'b c', '"', '\\', 'x\\"y', ''];
  expect(splitCommand(quoteCommand(words))).toEqual(words);
  expect(splitCommand('job-status 7')).toEqual(['job-status', '7']);
});

test('no command, and an unknown one, are errors', async () => {
  expect(await says([])).toEqual({ status: 'error', message: 'no command specified' });
  expect(await says(['toString'])).toEqual({ status: 'error', message: '"toString" is not a valid command name' });
});

describe('before a load is queued the batch is looked at', () => {
  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['no batch.xml', () => rm(join(directory, 'data/batch.xml')), /ENOENT/],
    ['no XML', () => writeFile(join(directory, 'data/batch.xml'), '<batch>'), /cannot be parsed/],
    [
      'a missing issue',
      () => rm(join(directory, 'data/sn11111111'), { recursive: true }),
      /sn11111111\/print\/1856051001\/1856051001\.xml does not exist/,
    ],
    [
      'an issue that is a directory',
      async () => {
        const mets = join(directory, 'data/sn11111111/print/1856051001/1856051001.xml');
        await rm(mets);
        await mkdir(mets);
      },
      /is not a regular file/,
    ],
  ])('%s', async (_what, spoil, reason) => {
    await spoil();
    expect(await says(['load-batch', NAME])).toEqual({
      status: 'error',
      message: `${NAME} cannot be loaded`,
      error: expect.stringMatching(reason) as string,
    });
    expect(world.queue.jobs).toEqual([]);
  });
});

test('a batch of an organisation that the site does not know fails to load', async () => {
  world.oni.awardees.clear();
  await says(['load-batch', NAME]);
  await world.queue.idle();
  expect(world.queue.jobs[0]).toMatchObject({ status: 'failed', error: 'exit status 1' });
});

test('jobs run one after the other, in the order they came', async () => {
  world.queue.hold();
  await says(['load-batch', NAME]);
  expect(await says(['purge-batch', NAME])).toMatchObject({ job: { id: -1 } }); // it is not loaded yet
  expect(await says(['job-status', '1'])).toMatchObject({ status: 'success', job: { id: 1, status: 'pending' } });
  world.queue.release();
  await world.queue.idle();
  expect(world.oni.batches.get(NAME)).toMatchObject({
    awardee: 'mwa',
    issues: [{ pages: 3 }, { edition: 2, pages: 2 }],
  });
});

test('job ids that are none', async () => {
  expect(await says(['job-status', 'x'])).toMatchObject({ status: 'error', message: '"x" is not a valid job id' });
  expect(await says(['job-logs', '4'])).toMatchObject({ status: 'error', message: 'Job not found' });
});

test('load-title refuses what is no record', async () => {
  expect(await says(['load-title'], 'no XML')).toMatchObject({ status: 'error', message: 'Invalid data' });
});

describe('batch-patch', () => {
  const OTHER = 'batch_mwa_20260101Name_ver02';
  beforeEach(async () => {
    await says(['load-batch', NAME]);
    await writeFile(join(directory, 'data/sn11111111/print/1856051001/0001.tif'), 'x');
  });
  const patch = (text: string) => says(['batch-patch', NAME, OTHER], text);

  test('copies a loaded batch without the issues that are removed, nor TIFFs', async () => {
    await world.queue.idle();
    expect(await patch('\nRemoveIssue sn22222222/1856051702\n')).toMatchObject({ status: 'success' });
    await world.queue.idle();
    const files = await readdir(join(world.batchSource, OTHER), { recursive: true });
    expect(files.filter((file) => /\.\w+$/.test(file)).sort()).toEqual([
      'data/batch.xml',
      'data/sn11111111/print/1856051001/1856051001.xml',
    ]);
    expect(await readFile(join(world.batchSource, OTHER, 'data/batch.xml'), 'utf8')).not.toContain('sn22222222');
  });

  test('refuses other operations and batches that are not loaded; a key that is not there fails and leaves nothing', async () => {
    await world.queue.idle();
    for (const text of ['AddIssue sn22222222/1856051702', 'RemoveIssue', 'RemoveIssue x'])
      expect(await patch(text)).toMatchObject({ status: 'error', message: 'Invalid data' });
    expect(await says(['batch-patch', OTHER, 'x'])).toMatchObject({ message: `${OTHER} is not loaded` });
    await patch('RemoveIssue sn22222222/1856051799');
    await world.queue.idle();
    expect(world.queue.jobs.at(-1)?.status).toBe('failed');
    expect(await readdir(world.batchSource)).toEqual([NAME]);
  });
});
