/** `queue-batches` and `batches` as people call them, with a daemon's runner and two fake agents beside (newspapers spec 7.1, 8.1). */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { closeThreads } from '../../src/files/threads.js';
import { givenUsers } from '../engine/people.js';
import { rows, useDatabase } from '../engine/support.js';
import {
  batchAtQc,
  givenIssueWithFiles,
  givenSite,
  reread,
  startBatchRunner,
  untilBatchAsks,
  untilBatchIs,
  type Site,
} from '../newspapers/batches/batch-road.js';
import { givenReady } from '../newspapers/batches/ready.js';
import { run, succeed, succeedJson, type Ran } from './run-program.js';

const own = useDatabase();
let env: Record<string, string>;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate newspapers.orgs, newspapers.titles, users, file_sets restart identity cascade');
  env = { DATABASE_URL: own.url, MIN_BATCH_SIZE: '1', MAX_BATCH_SIZE: '100' };
});
const db = () => own.database.kysely;

const ok = (program: string, ...args: string[]): Promise<string> => succeed(program, args, env);
const json = <T>(program: string, ...args: string[]): Promise<T> => succeedJson<T>(program, args, env);
async function refused(program: string, ...args: string[]): Promise<Ran> {
  const ran = await run(program, args, env);
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  return ran;
}

it.each(['queue-batches', 'batches'])('%s tells with --help what it does, with examples', async (program) => {
  const { exitCode, stdout } = await run(program, ['--help'], {
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing',
  });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: ${program} [\\s\\S]*Examples:\\n  ${program} `));
});

it.each<[string, string[], RegExp]>([
  [
    'queue-batches',
    ['--min-batch-size', '200'],
    /at least 200 pages \(--min-batch-size\) and at most 100 \(MAX_BATCH_SIZE\)/,
  ],
  ['queue-batches', ['--max-batch-size', '0'], /whole number above 0/],
  ['batches', ['list', '--group', 'mine'], /Allowed choices are needs a person/],
  ['batches', ['flag', 'x', 'sn1/1'], /--reason <text>' not specified/],
  ['batches', ['reject', 'x'], /--reason <text>' not specified/],
])('%s %j is wrong usage: exit code 2 (W21 among them)', async (program, args, message) => {
  const { exitCode, stdout, stderr } = await run(program, args, env);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

describe('queue-batches', () => {
  it('says with --dry-run what would be made, what not and why; then makes it', async () => {
    await givenReady(db(), { lccn: 'sn11111111', pages: 40 });
    await givenReady(db(), { lccn: 'sn11111111', edition: 2, pages: 70 });
    await givenReady(db(), { lccn: 'sn22222222', pages: 0 });
    await givenReady(db(), { lccn: 'sn33333333', org: 'oru', pages: 3, approvedDaysAgo: 7 });
    env['MIN_BATCH_SIZE'] = '10';
    const lines = (await ok('queue-batches', '--dry-run')).split('\n');
    expect(lines).toEqual([
      'WARN Rejected sn22222222/1856051001 (mwa): it has no pages; "bin/issues show 3" tells more',
      'Would make a batch of mwa: 1 issue with 70 pages, sn11111111/1856051002',
      'Would make a batch of mwa: 1 issue with 40 pages, sn11111111/1856051001',
      'Too small: oru has 1 issue with 3 pages; the oldest of them waits for 7 days (30 make a batch of any size)',
      '2 batches would be made of 2 issues with 110 pages; 0 embargoed, 1 too few, 1 rejected.',
      '',
    ]);
    const made = await ok('queue-batches');
    expect(made).toMatch(
      /^Made batch_mwa_\d{8}\w+_ver01: 1 issue with 70 pages, sn11111111\/1856051002; pipeline \d+$/m,
    );
    expect(made).toContain('2 batches made of 2 issues with 110 pages; 0 embargoed, 1 too few, 1 rejected.');
    expect(await json('queue-batches', '--min-batch-size', '1')).toMatchObject({
      ...{ dryRun: false, sizes: { min: 1, max: 100 }, batches: 1, rejected: 1 },
      events: [{ event: 'rejected', org: 'mwa' }, { event: 'batch', org: 'oru', batch: expect.stringMatching(/^batch_oru_/) as unknown }], // prettier-ignore
    });
    expect(await ok('queue-batches')).not.toContain('Made');
  });

  it('is told to who has not the role that others must have', async () => {
    await givenUsers(own, { root: 'sysop', cyd: 'issue curator' });
    await givenReady(db());
    expect((await refused('queue-batches', '--as', 'cyd')).stderr).toContain(
      'cyd may not build batches (that takes the role batch builder',
    );
    expect(await ok('queue-batches', '--as', 'cyd', '--dry-run')).toContain('1 batch would be made');
  });

  it('has nothing to say where nothing is ready', async () => {
    expect(await ok('queue-batches')).toBe('No issue is ready for batching.\n');
    expect(await ok('batches', 'list')).toBe('There are no such batches: queue-batches makes them.\n');
  });
});

describe('batches', () => {
  let site: Site;
  beforeEach(async () => {
    site = await givenSite(own, { STAGING_NEWS_WEBROOT: undefined });
    for (const key of ['WORKFLOW_PATH', 'BATCH_OUTPUT_PATH', 'BATCH_PRODUCTION_PATH', 'BATCH_ARCHIVE_PATH'] as const)
      env[key] = site.settings[key];
    env['STAGING_NEWS_WEBROOT'] = 'https://staging.edu';
  });

  it('goes from quality control to the archive by commands', { timeout: 300_000 }, async () => {
    await startBatchRunner(site);
    const { batch, issues } = await batchAtQc(site, 3);
    const [one, two] = issues.map(({ key }) => key);
    const list = await ok('batches', 'list');
    expect(list).toMatch(/^NEEDS A PERSON \(1\)\nBATCH .*\n/);
    expect(list).toMatch(new RegExp(`${batch.fullName} +mwa +3 +3 +qc_ready .* batch_qc`));
    const show = await ok('batches', 'show', batch.name);
    for (const text of [
      batch.fullName,
      'American Antiquarian Society (mwa)',
      '3, with 3 pages',
      `https://staging.edu/batches/${batch.fullName}/`,
      'full batch',
      'live copy',
      `${one} `,
      'MakeBatch',
      'made the batch: 3 issues',
      'made it ready for quality control',
    ])
      // prettier-ignore
      expect(show).toContain(text);

    expect((await refused('batches', 'flag', batch.name, one ?? '', '--reason', 'x')).stderr).toContain(
      'does not ask batch_flagging now',
    );
    expect(await ok('batches', 'reject', batch.name, '--reason', 'upside down')).toContain(
      'rejected: flag the bad issues',
    );
    expect((await refused('batches', 'finalize', batch.name)).stderr).toContain(
      'no issue is flagged (flag the bad ones first',
    );
    expect((await refused('batches', 'flag', batch.name, 'sn87654321/1856051001', '--reason', 'x')).stderr).toContain(
      `there is no issue sn87654321/1856051001; "bin/batches show ${batch.fullName}" lists its issues`,
    );
    expect((await refused('batches', 'flag', batch.name, 'sn12345678/18560510', '--reason', 'x')).stderr).toContain(
      'too short',
    );
    // One after the other, as fast as a terminal is: each waits until the one before is carried out.
    expect(await ok('batches', 'flag', batch.fullName, one ?? '', '--reason', 'torn')).toContain('flagged 1 issue');
    expect(await ok('batches', 'flag', String(batch.id), two ?? '', '--reason', 'blank')).toContain('flagged 1 issue');
    await ok('batches', 'unflag', batch.name, two ?? '');
    await untilBatchAsks(site, batch, 'batch_flagging');
    expect(await ok('batches', 'show', batch.name)).toMatch(new RegExp(`${one} .* by tester: torn`));
    const story = await json<{ issues: { key: string; flagged: unknown }[] }>('batches', 'show', batch.name);
    expect(story.issues.filter(({ flagged }) => flagged !== null)).toMatchObject([
      { key: one, flagged: { reason: 'torn' } },
    ]);
    expect(await ok('batches', 'finalize', batch.name)).toContain('finalized');
    await untilBatchAsks(site, batch, 'batch_qc');

    expect(await ok('batches', 'approve', batch.name, '--comment', 'fine')).toContain('approved: it goes live');
    expect((await refused('batches', 'approve', batch.name)).stderr).toContain('does not ask batch_qc');
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect(await ok('batches', 'archived', batch.name)).toContain('archived: its local files may go in four weeks');
    await untilBatchIs(site, batch, 'live_archived');
    expect(await ok('batches', 'list')).toMatch(/^ARCHIVED \(1\)/);
  });

  it('takes a batch apart with undo, and goes back with abort', { timeout: 120_000 }, async () => {
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 2);
    await ok('batches', 'reject', batch.name, '--reason', 'all upside down');
    await ok('batches', 'abort', batch.name);
    await untilBatchAsks(site, batch, 'batch_qc');
    await ok('batches', 'reject', batch.name, '--reason', 'still upside down');
    expect(await ok('batches', 'undo', batch.name, '--comment', 'scan again')).toContain('undone');
    await untilBatchIs(site, batch, 'deleted');
    expect(await ok('batches', 'list')).toBe('There are no such batches: queue-batches makes them.\n');
    expect(await ok('batches', 'list', '--group', 'deleted')).toContain(batch.fullName);
  });

  it('asks the roles: reviewers approve, loaders say archived', { timeout: 120_000 }, async () => {
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await givenUsers(own, { root: 'sysop', ann: 'batch reviewer', lou: 'batch loader' });
    expect((await refused('batches', 'approve', batch.name, '--as', 'lou')).stderr).toContain(
      'lou may not approve, reject or flag batches',
    );
    await ok('batches', 'approve', batch.name, '--as', 'ann');
    await untilBatchAsks(site, batch, 'confirm_archived');
    expect((await refused('batches', 'archived', batch.name, '--as', 'ann')).stderr).toContain(
      'ann may not flag batches as archived',
    );
    await ok('batches', 'archived', batch.name, '--as', 'lou');
    expect((await untilBatchIs(site, batch, 'live_archived')).archivedAt).not.toBeNull();
  });

  it('says of a batch whose building failed what to look at, in the list and alone', async () => {
    await givenReady(db());
    await ok('queue-batches');
    const [{ id, name } = { id: 0, name: '' }] = await rows<{ id: number; name: string }>(
      own,
      `update pipelines p set status = 'failed', error = '{"message": "the disk is full"}' from newspapers.batches b
       where p.object_type = 'batch' and p.object_id = b.id returning p.id::int, b.full_name as name`,
    );
    const remedy = `pipeline ${id} failed: holding-pen show ${id}`;
    expect(await ok('batches', 'list')).toMatch(new RegExp(`^NEEDS A PERSON \\(1\\)\n.*\n${name} .* ${remedy}\n$`));
    expect(await ok('batches', 'show', name)).toMatch(new RegExp(`^waits for +${remedy}$`, 'm'));
  });

  it('names what it does not know, and asks again what was cancelled', { timeout: 120_000 }, async () => {
    expect((await refused('batches', 'show', 'K9Nothing')).stderr).toContain('there is no batch K9Nothing: "bin/batches list" shows all'); // prettier-ignore
    await startBatchRunner(site);
    const { batch } = await batchAtQc(site, 1);
    await givenIssueWithFiles(site);
    const [open] = await rows<{ id: number }>(
      own,
      `select id::int from pipelines where object_type = 'batch' and status = 'held'`,
    );
    await ok('run-jobs', 'cancel', String(open?.id), '--reason', 'a mistake');
    expect(await ok('batches', 'list')).toContain(
      `nothing is at work on it, and it is qc_ready: batches ask ${batch.fullName}`,
    );
    const waits = async () => /^waits for +(.*)$/m.exec(await ok('batches', 'show', batch.name))?.[1];
    expect(await waits()).toBe(`nothing is at work on it, and it is qc_ready: batches ask ${batch.fullName}`);
    expect(await ok('batches', 'ask', batch.name)).toContain('asks again');
    await untilBatchAsks(site, batch, 'batch_qc');
    expect(await waits()).toMatch(/^batch_qc: /);
    expect(await reread(site, batch)).toMatchObject({ status: 'qc_ready' });
  });
});
