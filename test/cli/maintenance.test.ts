/** `remove-dead-issues`, `delete-live-done-issues`, `batches patch` and `batches unpush` as people call them. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { countDown } from '../../src/cli/delete-live-done-issues/count-down.js';
import { closeThreads } from '../../src/files/threads.js';
import { batchPlaces } from '../../src/newspapers/batches/batch-places.js';
import { findBatch } from '../../src/newspapers/batches/batches.js';
import { takeInUpload } from '../../src/newspapers/pipelines/take-in-upload.js';
import { givenUsers } from '../engine/people.js';
import { enqueuedOne, rows, until, useDatabase } from '../engine/support.js';
import {
  givenSite,
  reread,
  startBatchRunner,
  untilBatchAsks,
  untilBatchIs,
  type Site,
} from '../newspapers/batches/batch-road.js';
import { writePdf } from '../newspapers/derivatives/documents.js';
import { givenPlaces, startIntakeRunner, untilFailed } from '../newspapers/intake-stage.js';
import { archivedBatch, liveBatch } from '../newspapers/maintenance/live-road.js';
import { changingNothing } from '../newspapers/maintenance/unchanged.js';
import { givenIssue } from '../newspapers/rows.js';
import { run, succeed, type Ran } from './run-program.js';

const own = useDatabase();
let env: Record<string, string>;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate newspapers.orgs, newspapers.titles, newspapers.agent_host_keys, users, file_sets restart identity cascade'); // prettier-ignore
  env = { DATABASE_URL: own.url };
});
const db = () => own.database.kysely;

/** Has the programs use the places of a site. */
function at({ settings }: Pick<Site, 'settings'>): void {
  for (const [key, value] of Object.entries(settings))
    if (key.endsWith('_PATH') && typeof value === 'string' && value.startsWith('/tmp/')) env[key] = value;
  env['STAGING_AGENT'] = `127.0.0.1:1`;
  env['PRODUCTION_AGENT'] = `127.0.0.1:1`;
}
async function givenOwnSite(): Promise<Site> {
  const site = await givenSite(own);
  at(site);
  return site;
}
const ok = (program: string, ...args: string[]): Promise<string> => succeed(program, args, env);
async function refused(program: string, ...args: string[]): Promise<Ran> {
  const ran = await run(program, args, env);
  expect(ran.exitCode).toBe(1);
  return ran;
}

it.each(['remove-dead-issues', 'delete-live-done-issues'])('%s tells with --help what it does', async (program) => {
  const { exitCode, stdout } = await run(program, ['--help'], { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/x' });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: ${program} [\\s\\S]*Examples:\\n  ${program} `));
});

it.each([
  ['remove-dead-issues', ['--yes'], /unknown option '--yes'/],
  ['delete-live-done-issues', ['--yes'], /unknown option '--yes'/],
  ['batches', ['patch', 'x', '--reason', 'r'], /--remove <issue...>' not specified/],
  ['batches', ['patch', 'x', '--remove', 'sn1/1'], /--reason <text>' not specified/],
  ['batches', ['unpush', 'x'], /--reason <text>' not specified/],
])('%s %j is wrong usage: exit code 2', async (program, args, message) => {
  const { exitCode, stdout, stderr } = await run(program, args, env);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

describe('remove-dead-issues', () => {
  it('says with --dry-run who is dead, of what, and who is not; then removes them', async () => {
    const { settings, root } = await givenPlaces();
    at({ settings });
    expect(await ok('remove-dead-issues')).toBe('0 dead issues are being removed; 0 not dead.\n');
    await startIntakeRunner(own, settings);
    const upload = join(settings.PDF_UPLOAD_PATH, 'sn1', '1856-05-10');
    await mkdir(upload, { recursive: true });
    await writePdf(join(upload, '1.pdf'), { lines: ['only one page'] });
    const dead = await givenIssue(db(), 'sn1', { location: upload });
    await enqueuedOne(own, takeInUpload(dead, settings));
    await untilFailed(own, dead);
    await givenIssue(db(), 'sn2', { location: '/x' });

    const dry = await changingNothing(own, root, () => ok('remove-dead-issues', '--dry-run'));
    expect(dry.split('\n')).toEqual([
      expect.stringMatching(
        /^Would remove sn1\/1856051001 \(issue 1\): pipeline 1 \(TakeInUpload, .*\): page_split failed/,
      ),
      expect.stringMatching(/^Not dead: sn2\/1856051001 \(issue 2\) is without a pipeline: nothing is at work on it/),
      '1 dead issue would be removed; 1 not dead.',
      '',
    ]);
    const json = JSON.parse(await ok('remove-dead-issues', '--json')) as { dead: number; events: object[] };
    expect(json).toMatchObject({ dryRun: false, dead: 1, notDead: 1, events: [{ event: 'removing', key: 'sn1/1856051001' }, { is: 'without a pipeline' }] }); // prettier-ignore
    await until('it is out', async () => (await rows(own, 'select from newspapers.issues where ignored')).length === 1);
  }, 240_000);
});

describe('delete-live-done-issues', () => {
  it('says what would go, deletes it with --live, at once when no person looks on', async () => {
    const site = await givenOwnSite();
    const runner = await startBatchRunner(site);
    const { batch, issues } = await archivedBatch(site, 2, 30);
    await runner.stop(5);
    const dry = await changingNothing(own, site.root, () => ok('delete-live-done-issues'));
    expect(dry.split('\n')).toEqual([
      expect.stringMatching(
        new RegExp(`^Would close ${batch.fullName}: archived since \\d{4}-\\d\\d-\\d\\d, issues: 2$`),
      ),
      ...issues.map(({ key, location }) => expect.stringMatching(`^Would delete the files of ${key}: 6 files, .* in ${location ?? ''}$`) as string), // prettier-ignore
      expect.stringMatching(/^1 batch would be closed, the files of 2 issues \(\d.*\) would be deleted, 0 skipped\. Nothing was changed: --live does it\.$/), // prettier-ignore
      '',
    ]);
    await rows(own, `update newspapers.issues set workflow_step = 'ReadyForBatching' where id = $1`, [issues[0]?.id]);
    const { stdout, stderr } = await refused('delete-live-done-issues', '--live');
    expect(stderr).toBe(
      `SKIPPED ${issues[0]?.key ?? ''} of ${batch.fullName}: it is ReadyForBatching, not InProduction\n`,
    );
    expect(stdout).toMatch(/^Closed .*\nDeleting the files of .*; pipeline \d+\n1 batch closed, the files of 1 issue .* are being deleted, 1 skipped\.\n$/); // prettier-ignore
    expect(existsSync(issues[1]?.location ?? '')).toBe(true); // the daemon deletes
    expect(await reread(site, batch)).toMatchObject({ status: 'live_done' });
  }, 240_000);

  it('counts down before a person who looks on', async () => {
    const seen: string[] = [];
    const watched = { write: (text: string) => void seen.push(text), second: () => Promise.resolve(seen.push('.')) };
    await countDown({ batches: 1, issues: 2, bytes: 1500, skipped: 0, names: ['batch_oru_x_ver01'] }, 3, watched);
    const told = seen.join('');
    expect(told).toContain('The workflow files of 2 issues (1.5 kB) will be DELETED. Batches: batch_oru_x_ver01');
    expect(told).toMatch(/In {2}3 s; Ctrl-C ends it\. \.\rIn {2}2 s.*\. \.\rIn {2}1 s.*\. \.\n$/);
  });

  it('has nothing to do when nothing is due', async () => {
    expect(await ok('delete-live-done-issues', '--live')).toBe('No batch has been archived for four weeks.\n');
  });
});

describe('batches patch and unpush', () => {
  it('patch says its plan with --dry-run, then does it; show tells of it', async () => {
    const site = await givenOwnSite();
    const runner = await startBatchRunner(site);
    const { batch, issues } = await liveBatch(site, 2);
    await runner.stop(5); // until all is said that is said before it is done
    const [bad, good] = issues;
    const newName = batch.fullName.replace('_ver01', '_ver02');
    const { archive } = batchPlaces(batch.fullName, site.settings);
    const args = ['patch', batch.name, '--remove', bad?.key ?? '', '--reason', 'wrong date'];
    const plan = [
      `Kept: 1 issue: ${good?.key ?? ''}`,
      `Removed: ${bad?.key ?? ''}: the issue managers are asked about it`,
      expect.stringMatching(
        new RegExp(`^Built in .*${newName} of 6 files \\(\\d+ B\\) in ${archive}: as hard links`),
      ) as string,
      expect.stringMatching(/^Copied for the sites: \d+ B$/) as string,
      `Kept until a person deletes it: ${archive}`,
    ];
    const dry = await changingNothing(own, site.root, () => ok('batches', ...args, '--dry-run'));
    expect(dry.split('\n')).toEqual([`${batch.fullName} would be replaced by ${newName}`, ...plan, '']);
    const done = await ok('batches', ...args);
    expect(done.split('\n')).toEqual([
      `${batch.fullName} will be replaced by ${newName}`,
      ...plan,
      expect.stringMatching(`^Pipeline \\d+; bin/batches show ${newName} tells how far it is.$`) as string,
      '',
    ]);
    expect((await refused('batches', ...args)).stderr).toContain(
      `batch ${newName} is pending: only a live one is patched`,
    );
    await startBatchRunner(site);
    const version = await findBatch(db(), newName);
    await untilBatchAsks(site, version ?? batch, 'confirm_archived');
    const shown = await ok('batches', 'show', batch.fullName);
    expect(shown).toMatch(/tester .*decided to replace the batch by its next version: the next version is .*_ver02; wrong date/); // prettier-ignore
    expect(shown).toContain('replaced the batch by its next version');
    expect(await ok('batches', 'show', newName)).toContain(`made the batch, the next version of another`);
  }, 240_000);

  it('unpush says its plan with --dry-run, then does it; queue-batches --redo takes the issues', async () => {
    const site = await givenOwnSite();
    const runner = await startBatchRunner(site);
    const { batch, issues } = await liveBatch(site, 1);
    await runner.stop(5); // until all is said that is said before it is done
    const args = ['unpush', batch.fullName, '--reason', 'wrong organisation'];
    const dry = await changingNothing(own, site.root, () => ok('batches', ...args, '--dry-run'));
    expect(dry).toMatch(/would be purged from production and staging, its live copy .* deleted\n/);
    expect(dry).toContain(`Its 1 issue would be ready for another batch: ${issues[0]?.key ?? ''}\n`);
    expect(await ok('batches', ...args)).toMatch(/will be purged[\s\S]*Pipeline \d+; then put right what was wrong, and queue-batches --redo\n$/); // prettier-ignore
    await startBatchRunner(site);
    await untilBatchIs(site, batch, 'deleted');
    expect(await ok('batches', 'show', batch.fullName)).toMatch(/took the batch back from production: .*stay in/);
    expect(await ok('queue-batches', '--redo', '--dry-run', '--min-batch-size', '1')).toMatch(
      /^Would make a batch of mwa: 1 issue/,
    );
  }, 240_000);

  it('take the role batch reviewer', async () => {
    await givenUsers(own, { root: 'sysop', rev: 'batch reviewer', cur: 'issue curator' });
    for (const args of [
      ['patch', 'x', '--remove', 'sn12345678/1856051001'],
      ['unpush', 'x'],
    ]) {
      expect((await refused('batches', ...args, '--reason', 'r', '--as', 'cur')).stderr).toMatch(/^cur may not approve, reject or flag batches/); // prettier-ignore
      expect((await refused('batches', ...args, '--reason', 'r', '--as', 'rev')).stderr).toMatch(
        /^there is no batch x/,
      );
    }
  });
});
