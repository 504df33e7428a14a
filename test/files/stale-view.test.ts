/** Several hosts share a disk, and one does not see yet what another made: it looks again, and concludes nothing from what it does not see. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { definePipeline } from '../../src/engine/pipeline.js';
import { moveDirectory } from '../../src/files/jobs.js';
import { wipOf } from '../../src/files/move.js';
import { writeVerification } from '../../src/files/verification.js';
import {
  enqueuedOne,
  jobRows,
  makeDelayedDue,
  pipelineRow,
  rows,
  testSettings,
  untilStatus,
  useDatabase,
} from '../engine/support.js';
import { makeTree, readTree, scratch } from './trees.js';

const { at } = scratch();
const here = (file: string) => fileURLToPath(new URL(`fixtures/${file}`, import.meta.url));
const withView = (view: string) => ({ ...process.env, STALE_VIEW: view });
const preload = ['--import', 'tsx', '--import', here('stale-view.mjs')];

/** What one process does not see. */
function hide(kind: 'lookups' | 'all', ...paths: string[]): string {
  writeFileSync(at('view.new'), JSON.stringify({ kind, paths }));
  renameSync(at('view.new'), at('view.json')); // another process looks at any moment, and must not find half of it
  return at('view.json');
}

test('a name that is not there for a lookup is looked for again in its directory, opened afresh (close-to-open)', async () => {
  for (const name of ['seen', 'new', 'above/new', 'deleted', wipOf('moved')])
    makeTree(at('shared', name), { '1.pdf': '' });
  await writeVerification(wipOf(at('shared', 'moved')), 'verified', { from: at('from'), files: [] });
  const hidden = ['new', 'above', 'above/new', 'deleted', 'gone', `${wipOf('moved')}.verified`];
  const view = hide('lookups', ...hidden.map((name) => at('shared', name)));
  const args = [...preload, here('looking-process.ts'), at('shared')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: withView(view) });
  expect(JSON.parse(stdout)).toEqual({
    seen: true,
    new: true,
    'above/new': true, // also when the directory above it is new, too
    gone: false,
    verified: true, // a rollback would drop the only copy without it
  });
  // What was to be deleted is deleted, not taken for deleted before.
  expect(existsSync(at('shared', 'deleted'))).toBe(false);
});

describe('a mount that shows nothing new for a while', { timeout: 180_000 }, () => {
  const own = useDatabase();
  const move = definePipeline('Move', {
    describe: () => 'a move',
    jobs: () => moveDirectory({ from: at('from'), to: at('to', 'issue') }),
  });
  const begin = async (...hidden: string[]) => {
    makeTree(at('from'), { '1.pdf': 'one', '2.pdf': 'two' });
    const view = hide('all', ...hidden);
    const id = await enqueuedOne(own, move(undefined, testSettings));
    const host = fork(here('file-host.ts'), { execArgv: preload, env: { ...withView(view), TEST_URL: own.url } });
    onTestFinished(() => void host.kill('SIGKILL'));
    const ended = once(host, 'exit').then(() => Promise.reject(new Error('the host has ended')));
    await Promise.race([once(host, 'message'), ended]); // it loads all its sources first
    return id;
  };
  const anotherHost = () =>
    rows(own, `insert into runners (host, pid, boot_id, version, queues) values ('elsewhere', 1, '', 'test', '{}')`);

  test('what another host made is tried later, without a failure, and taken when it is seen', async () => {
    await anotherHost();
    const id = await begin(at('from'));
    const put = await untilStatus(own, id, 'delayed');
    expect(put.error?.message).toMatch(/from.*is not there.*not visible here yet/s);
    expect((await jobRows(own, id))[0]).toMatchObject({ status: 'waiting', failures: 0 });
    hide('all'); // now it is seen
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
    expect(readTree(at('to', 'issue'))).toEqual({ '1.pdf': 'one', '2.pdf': 'two' });
  });

  test('the verified copy of another host: its source is not deleted, and nobody is asked, until it is seen', async () => {
    await anotherHost();
    const wip = wipOf(at('to', 'issue'));
    const id = await begin(`${wip}.verified`);
    const put = await untilStatus(own, id, 'delayed', 'failed');
    expect(put).toMatchObject({
      status: 'delayed',
      error: { message: expect.stringMatching(/no verified copy/) as string },
    });
    expect(readTree(at('from'))).toEqual({ '1.pdf': 'one', '2.pdf': 'two' });
    hide('all');
    await makeDelayedDue(own);
    await untilStatus(own, id, 'success');
    expect(readTree(at('to', 'issue'))).toEqual({ '1.pdf': 'one', '2.pdf': 'two' });
  });

  test('what is still not there after two minutes is gone: a person is asked', async () => {
    await anotherHost();
    const id = await begin(at('from'));
    await untilStatus(own, id, 'delayed');
    await rows(own, `update jobs set tried_since = now() - interval '3 minutes' where tried_since is not null`);
    await makeDelayedDue(own);
    expect((await untilStatus(own, id, 'failed')).error?.name).toBe('NotThere');
  });

  test('where there is one host only, a person is asked at once', async () => {
    const id = await begin(at('from'));
    await untilStatus(own, id, 'failed');
    expect((await pipelineRow(own, id)).error?.name).toBe('NotThere');
  });
});
