/** Every command that changes something asks who may (newspapers spec 1.9): run as somebody who may nothing. */
import { beforeEach, describe, expect, it } from 'vitest';
import { PERMISSIONS } from '../../src/cli/permissions.js';
import { givenQuestion, givenUsers } from '../engine/people.js';
import { rows, useDatabase } from '../engine/support.js';
import { givenIssue } from '../newspapers/rows.js';
import { run } from './run-program.js';

const own = useDatabase();
beforeEach(async () => {
  await rows(own, 'truncate users');
  await givenUsers(own, { root: 'sysop', tester: '', wes: 'workflow manager' });
});
const as = (login: string, program: string, ...args: string[]) =>
  run(program, [...args, '--as', login], { DATABASE_URL: own.url });

/** A call of each line of the table. */
const CALLS: Record<string, string[]> = {
  'bulk-queue': ['bulk-queue', '--type', 'scan', '--key', 'sn12345678'],
  'bulk-queue without queueing': ['bulk-queue', '--type', 'scan'],
  'issues uploads': ['issues', 'uploads'],
  'issues resume': ['issues', 'resume', '1'],
  'issues cancel-intake': ['issues', 'cancel-intake', '1', '--reason', 'r'],
  'issues finalize-again': ['issues', 'finalize-again', '1', '--reason', 'r'],
  'issues verify --accept': ['issues', 'verify', '1', '--accept', 'r'],
  'issues import-nca': ['issues', 'import-nca', '--dump', 'x.sql'],
  'page-review-issue-fixer': ['page-review-issue-fixer', '--key', 'sn12345678/1856051001'],
  'titles set': ['titles', 'set', 'sn12345678', '--embargo', '0'],
  'titles add': ['titles', 'add', '--marc', 'x.xml'],
  'orgs add': ['orgs', 'add', 'oru', 'Oregon'],
  'queue-batches': ['queue-batches'],
  'batches ask': ['batches', 'ask', 'K9Nothing'],
  'batches resume': ['batches', 'resume', 'K9Nothing'],
  'batches patch': ['batches', 'patch', 'K9Nothing', '--remove', 'sn12345678/1856051001', '--reason', 'r'],
  'batches unpush': ['batches', 'unpush', 'K9Nothing', '--reason', 'r'],
  'remove-dead-issues': ['remove-dead-issues'],
  'delete-live-done-issues': ['delete-live-done-issues', '--live'],
  'agent load-batch': ['agent', '--site', 'staging', 'load-batch', 'batch_oru_x_ver01'],
  'agent purge-batch': ['agent', '--site', 'staging', 'purge-batch', 'batch_oru_x_ver01'],
  'agent ensure-awardee': ['agent', '--site', 'staging', 'ensure-awardee', 'oru', 'Oregon'],
  'agent load-title': ['agent', '--site', 'staging', 'load-title', 'x.xml'],
  'run-jobs run-one': ['run-jobs', 'run-one'],
  'run-jobs requeue': ['run-jobs', 'requeue', '1', '--reason', 'r'],
  'run-jobs cancel': ['run-jobs', 'cancel', '1', '--reason', 'r'],
  'run-jobs skip': ['run-jobs', 'skip', '1', '--reason', 'r'],
  'run-jobs goto': ['run-jobs', 'goto', '1', '10', '--reason', 'r'],
  'run-jobs clean': ['run-jobs', 'clean', '--older-than', '90d'],
};

describe('who lacks the privilege is refused with exit code 1, and nothing happens', () => {
  it.each(Object.entries(CALLS))('%s', async (what, [program = '', ...args]) => {
    const id = await givenQuestion(own);
    await rows(own, 'truncate newspapers.titles, newspapers.orgs restart identity cascade');
    await givenIssue(own.database.kysely, 'sn12345678');
    await rows(own, 'truncate events');
    expect(await as('tester', program, ...args)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(`^tester may not ${PERMISSIONS[what] ?? 'NOTHING'} \\(.*sysop`),
      ) as string,
    });
    expect((await as('ghost', program, ...args)).stderr).toMatch(/^ghost is no user here/);
    expect(await rows(own, 'select status from pipelines where id = $1', [id])).toEqual([{ status: 'held' }]);
    expect(await rows(own, 'select from events')).toEqual([]);
  });

  it('is tried above for every line of the table', () => {
    expect(Object.keys(CALLS).sort()).toEqual(Object.keys(PERMISSIONS).sort());
  });
});

it('who has the privilege passes', async () => {
  const id = await givenQuestion(own);
  expect(await as('root', 'run-jobs', 'cancel', String(id), '--reason', 'r')).toMatchObject({ exitCode: 0 });
  expect(await rows(own, `select actor, via from events where kind = 'cancelled'`)).toEqual([
    { actor: 'root', via: 'run-jobs (tester)' },
  ]);
  expect((await as('wes', 'run-jobs', 'cancel', String(id), '--reason', 'r')).stderr).toBe(
    'wes may not operate pipelines (only a sysop may)\n',
  );
});

it('under sudo it is who called that acts, not the user whom the program runs as', async () => {
  const id = await givenQuestion(own);
  const under = (caller: string) =>
    run('run-jobs', ['cancel', String(id), '--reason', 'r'], {
      DATABASE_URL: own.url,
      USER: 'root',
      SUDO_USER: caller,
    });
  expect((await under('wes')).stderr).toBe('wes may not operate pipelines (only a sysop may)\n');
  expect(await under('root')).toMatchObject({ exitCode: 0 });
});

it('reading needs no role', async () => {
  const id = await givenQuestion(own);
  for (const [program, ...args] of [
    ['holding-pen', 'list'],
    ['holding-pen', 'facets'],
    ['holding-pen', 'show', String(id)],
    ['issues', 'list'],
    ['titles', 'list'],
    ['orgs', 'list'],
    ['run-jobs', 'status'],
    ['run-jobs', 'show', String(id)],
  ] as const)
    expect(await as('ghost', program, ...args)).toMatchObject({ exitCode: 0, stderr: '' });
});
