/** Sums from the intake on, checked at every move and at any time (newspapers spec W17). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { decide, requeuePipeline } from '../../src/engine/operator.js';
import { readFileSets, relocateFiles } from '../../src/files/fixity/file-records.js';
import { closeThreads } from '../../src/files/threads.js';
import { acceptFiles } from '../../src/newspapers/accept-files.js';
import { issueObject, type Issue } from '../../src/newspapers/issues.js';
import { makeDerivatives } from '../../src/newspapers/pipelines/make-derivatives.js';
import { takeInUpload } from '../../src/newspapers/pipelines/take-in-upload.js';
import { verifyIssues, type VerifiedIssue } from '../../src/newspapers/verify-issues.js';
import type { Settings } from '../../src/settings.js';
import { enqueuedOne, lockWaits, until, useDatabase } from '../engine/support.js';
import { writePdf } from './derivatives/documents.js';
import {
  allJobs,
  answer,
  asJob,
  filesBelow,
  givenPlaces,
  givenUploadedIssue,
  heldForReview,
  numberAllPages,
  registry,
  startIntakeRunner,
  untilAsked,
  untilFailed,
} from './intake-stage.js';
import { givenIssue } from './rows.js';

const own = useDatabase();
afterAll(() => closeThreads());
let settings: Settings;
beforeEach(async () => {
  await own.database.pool.query('truncate file_sets cascade');
  ({ settings } = await givenPlaces());
});

const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const sets = (issue: Issue) => readFileSets(own.database.kysely, issueObject(issue.id));
const verify = async (issue: Issue): Promise<VerifiedIssue> => {
  for await (const verified of verifyIssues(own.database.kysely, [issue.id], { actor: 'ann' })) return verified;
  throw new Error('nothing was verified');
};

/** Turns one bit, as a failing disk does: size and time stay. */
async function flipBit(path: string, mtime: Date): Promise<void> {
  const bytes = await readFile(path);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await utimes(path, mtime, mtime);
}

/** What the records say must be what is on the disk, everywhere. */
async function expectRecordsMatch(issue: Issue): Promise<void> {
  const all = await sets(issue);
  expect(all.length).toBeGreaterThan(0);
  for (const { directory, files } of all)
    for (const { path, sha256 } of files) expect([path, sha256]).toEqual([path, sum(join(directory, path))]);
}

describe('the sums of a born-digital issue', () => {
  test('are taken at the intake, follow the files through review and renumbering, and cover the derivatives (W17)', async () => {
    await startIntakeRunner(own, settings);
    const { issue, review } = await heldForReview(own, settings);
    const [backup, work] = [settings.ORIGINAL_PDF_BACKUP_PATH, settings.WORKFLOW_PATH].map((path) =>
      join(path, issue.humanName),
    );
    expect(await sets(issue)).toMatchObject([
      { role: 'original', directory: backup, files: [{ path: '1.pdf' }, { path: '10.pdf' }] },
      { role: 'page', directory: review, files: [1, 2, 3].map((n) => ({ path: `seq-000${n}.pdf` })) },
    ]);
    await expectRecordsMatch(issue);
    const [, split] = await sets(issue);

    for (const [from, to] of [
      ['1', '30'],
      ['2', '2'],
      ['3', '07'],
    ] as const)
      // prettier-ignore
      await rename(join(review, `seq-000${from}.pdf`), join(review, `${to}.pdf`));
    await answer(own, issue, 'done');
    await untilAsked(own, issue, 'metadata_entry');
    expect(await sets(issue)).toMatchObject([
      {
        role: 'derivative',
        directory: work,
        files: [1, 2, 3].flatMap((n) => [{ path: `000${n}.jp2` }, { path: `000${n}.xml` }]),
      },
      { role: 'original', directory: backup },
      { role: 'page', directory: work, files: [1, 2, 3].map((n) => ({ path: `000${n}.pdf` })) },
    ]);
    await expectRecordsMatch(issue);
    const page = (await sets(issue)).find(({ role }) => role === 'page');
    const wanted = ['2', '3', '1'].map((n) => split?.files.find(({ path }) => path === `seq-000${n}.pdf`));
    expect(page?.files.map(({ sha256, recordedAt, pipelineId }) => ({ sha256, recordedAt, pipelineId }))).toEqual(
      wanted.map((file) => ({ sha256: file?.sha256, recordedAt: file?.recordedAt, pipelineId: file?.pipelineId })),
    );
    expect(await verify(issue)).toMatchObject({ verdict: 'sound', files: 11 });
  });

  test('show a bit that flipped between two moves: the pipeline fails with the file, both sums and the remedy, and goes on when it is mended (W17)', async () => {
    // The bit flips in the workflow area, after the first move and before the second.
    const flipping = registry.jobs.get('clean_files');
    if (!flipping) throw new Error('no clean_files');
    const flipped: { path: string; whole: Buffer; mtime: Date }[] = [];
    const run: typeof flipping.run = async (context) => {
      const { location } = context.args as { location: string };
      const path = join(location, '10.pdf');
      const mtime = new Date(1_700_000_000_000);
      if (flipped.length === 0) {
        flipped.push({ path, whole: await readFile(path), mtime });
        await flipBit(path, mtime);
      }
      return flipping.run(context);
    };
    const jobs = allJobs().map((job) => (job.definition.type === 'clean_files' ? asJob({ ...flipping, run }) : job));
    await startIntakeRunner(own, settings, jobs.map(skipSplitOf));
    const issue = await givenUploadedIssue(own, settings);
    await enqueuedOne(own, takeInUpload(issue, settings));
    const failed = await untilFailed(own, issue);
    const [damage] = flipped;
    if (!damage) throw new Error('no bit was flipped');
    const right = createHash('sha256').update(damage.whole).digest('hex');
    expect(failed).toMatchObject({ status: 'failed', error: { name: 'FixityBroken' } });
    expect(failed.error?.message).toContain(`10.pdf is ${damage.whole.length} bytes with SHA-256 ${sum(damage.path)}`);
    expect(failed.error?.message).toContain(`but was ${damage.whole.length} bytes with SHA-256 ${right} on 20`);
    expect(failed.error?.message).toMatch(/Put back what was recorded .* and requeue; if what is there now is right/);
    expect(await filesBelow(join(settings.WORKFLOW_PATH, issue.humanName))).toContain('10.pdf');

    await writeFile(damage.path, damage.whole);
    await requeuePipeline(own.database.kysely, failed.id, { actor: 'ann', reason: 'restored' });
    await untilAsked(own, issue, 'page_review');
    await expectRecordsMatch(issue);
  });

  test('of a page that changed in a hidden folder stop the move to the workflow; accepted, it goes on (W17)', async () => {
    const runner = await startIntakeRunner(own, settings, allJobs().map(changingHiddenPage));
    const { issue, review } = await heldForReview(own, settings);
    await numberAllPages(review);
    await answer(own, issue, 'done');
    const failed = await untilFailed(own, issue);
    expect(failed.error?.message).toMatch(/files? in .*\.notouchie-.* not as recorded: 2\.pdf is 5 bytes/);
    await runner.stop(0);
    expect(await verify(issue)).toMatchObject({
      verdict: 'damaged',
      directories: [{ damage: [{ path: '2.pdf', is: 'changed' }] }],
    });
    const hidden = join(review, '..', `.notouchie-${issue.humanName}`);
    await writePdf(join(hidden, '2.pdf'), { lines: ['a better page'] });
    expect(await acceptFiles(own.database.kysely, issue.id, { actor: 'ann', reason: 'a better scan' })).toBe(5);
    await requeuePipeline(own.database.kysely, failed.id, { actor: 'ann', reason: 'accepted' });
    await startIntakeRunner(own, settings);
    await untilAsked(own, issue, 'metadata_entry');
    await expectRecordsMatch(issue);
  });
});

test(
  'the sums of a scan are taken when it is taken in, and get the numbers of its pages (W17)',
  { timeout: 60_000 },
  async () => {
    await startIntakeRunner(own, settings);
    const upload = join(settings.PDF_UPLOAD_PATH, 'scan');
    await mkdir(upload, { recursive: true });
    for (const name of ['b2', 'b10']) await writePdf(join(upload, `${name}.pdf`), { lines: [name] });
    const issue = await givenIssue(own.database.kysely, 'sn77', { location: upload, kind: 'scan' });
    await enqueuedOne(own, makeDerivatives(issue, settings));
    const failed = await untilFailed(own, issue); // no TIFFs: the derivatives are refused, which is far enough
    expect(failed.error?.message).toContain('TIFF');
    expect(await sets(issue)).toMatchObject([
      {
        role: 'page',
        directory: join(settings.WORKFLOW_PATH, issue.humanName),
        files: [{ path: '0001.pdf' }, { path: '0002.pdf' }],
      },
    ]);
    await expectRecordsMatch(issue);
  },
);

describe('verifying at any time', () => {
  async function inWorkflow() {
    const runner = await startIntakeRunner(own, settings);
    const { issue, review } = await heldForReview(own, settings);
    await numberAllPages(review);
    await answer(own, issue, 'done');
    await untilAsked(own, issue, 'metadata_entry');
    await runner.stop(0);
    return { issue, work: join(settings.WORKFLOW_PATH, issue.humanName) };
  }

  test('tells of missing, changed and unexpected files apart, and writes an event', async () => {
    const { issue, work } = await inWorkflow();
    await rm(join(work, '0001.xml'));
    await flipBit(join(work, '0002.jp2'), new Date());
    await writeFile(join(work, 'notes.txt'), 'who put this here?');
    await writeFile(join(work, '.DS_Store'), 'clutter is nobody’s');
    const verified = await verify(issue);
    expect(verified).toMatchObject({
      verdict: 'damaged',
      directories: [
        {
          directory: work,
          damage: [
            { path: '0001.xml', is: 'missing' },
            { path: '0002.jp2', is: 'changed', sha256: sum(join(work, '0002.jp2')) },
            { path: 'notes.txt', is: 'unexpected' },
          ],
        },
      ],
    });
    const { rows } = await own.database.pool.query<{ actor: string; detail: { files: number; message: string } }>(
      `select actor, detail from events where kind = 'fixity_damaged' and object_id = $1`,
      [issue.id],
    );
    expect(rows).toMatchObject([{ actor: 'ann', detail: { files: 3 } }]);
    expect(rows[0]?.detail.message).toMatch(/^0001\.xml is missing \(in .*\)\n0002\.jp2 is \d+ bytes with SHA-256/);

    await acceptFiles(own.database.kysely, issue.id, { actor: 'ann', reason: 'so be it' });
    expect(await verify(issue)).toMatchObject({ verdict: 'sound' });
    expect((await sets(issue)).map(({ role, files }) => [role, files.length])).toEqual([['derivative', 6], ['original', 2], ['page', 3]]); // prettier-ignore
  });

  test('a directory that is gone is damage; one whose disk is not mounted is not, but nothing is called sound', async () => {
    const { issue, work } = await inWorkflow();
    await rename(work, `${work}-elsewhere`);
    expect(await verify(issue)).toMatchObject({ verdict: 'damaged', directories: [{ trouble: { is: 'gone' } }] });
    await rename(settings.WORKFLOW_PATH, `${settings.WORKFLOW_PATH}-unmounted`);
    expect(await verify(issue)).toMatchObject({
      verdict: 'unreachable',
      directories: [{ trouble: { reason: `${settings.WORKFLOW_PATH} is not there: is its disk mounted?` } }],
    });
  });

  test('names in a page review are the reviewers’: only another content is damage', async () => {
    const runner = await startIntakeRunner(own, settings);
    const { issue, review } = await heldForReview(own, settings);
    await runner.stop(0);
    await rename(join(review, 'seq-0001.pdf'), join(review, '3.pdf'));
    await rm(join(review, 'seq-0002.pdf'));
    expect(await verify(issue)).toMatchObject({ verdict: 'sound', files: 4 });
    await flipBit(join(review, 'seq-0003.pdf'), new Date());
    expect(await verify(issue)).toMatchObject({
      verdict: 'damaged',
      directories: [{ damage: [{ path: 'seq-0003.pdf', is: 'unexpected' }] }],
    });
  });

  test('an issue that a job works on is left alone, one without records is said to be so', async () => {
    const issue = await givenUploadedIssue(own, settings);
    expect(await verify(issue)).toMatchObject({ verdict: 'unrecorded' });
    await acceptFiles(own.database.kysely, issue.id, { actor: 'ann', reason: 'an old one' });
    expect(await verify(issue)).toMatchObject({ verdict: 'sound', files: 2 });
    const pipeline = await enqueuedOne(own, takeInUpload(issue, settings));
    expect(await verify(issue)).toMatchObject({ verdict: 'at work', files: 0 });
    await expect(acceptFiles(own.database.kysely, issue.id, { actor: 'ann', reason: 'x' })).rejects.toThrow(
      `pipeline ${pipeline} is at work on issue`,
    );
  });
});

describe('accepting', () => {
  async function inReview() {
    const runner = await startIntakeRunner(own, settings);
    const held = await heldForReview(own, settings);
    await runner.stop(0);
    return held;
  }
  const says = { actor: 'ann', reason: 'so be it' };

  test('files that are moved while they are read is refused, and their new places stay recorded', async () => {
    const { issue, review } = await inReview();
    const before = await sets(issue);
    const { kysely } = own.database;
    const elsewhere = join(settings.WORKFLOW_PATH, 'elsewhere');
    let hasMoved = false;
    const watched = kysely.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        if (!hasMoved && result.rows.some((row) => 'sha256' in row)) {
          hasMoved = true; // the records are read, the files are not
          await kysely.transaction().execute((trx) => relocateFiles(trx, issueObject(issue.id), review, elsewhere));
        }
        return result;
      },
    });
    await expect(acceptFiles(watched, issue.id, says)).rejects.toThrow(
      `nothing was recorded of issue ${issue.key}: its files were moved while they were read; say it again`,
    );
    expect(await sets(issue)).toEqual(
      before.map((set) => (set.directory === review ? { ...set, directory: elsewhere } : set)),
    );
    const { rows } = await own.database.pool.query(`select from events where kind = 'files_accepted'`);
    expect(rows).toEqual([]);
  });

  test('files of a page review that wakes at that moment waits, and is refused', async () => {
    const { issue, asked } = await inReview();
    const { kysely } = own.database;
    const { accepting } = await kysely.transaction().execute(async (trx) => {
      await decide(trx, registry, asked.id, { holdRev: asked.hold_rev, verb: 'done', params: {}, actor: 'bob', via: 'rule' }); // prettier-ignore
      const accepting = acceptFiles(kysely, issue.id, says);
      accepting.catch(() => undefined); // looked at below
      await until('it waits for the pipeline', async () => (await lockWaits(own)) > 0);
      return { accepting };
    });
    await expect(accepting).rejects.toThrow(`pipeline ${asked.id} is at work on issue`);
  });
});

test('100,000 records: one issue is found by an index, whatever else there is', async () => {
  const { pool } = own.database;
  await pool.query(
    `insert into file_sets (object_type, object_id, role, directory) select 'issue', 1000 + n, 'page', '/w/' || n from generate_series(1, 4000) n`,
  );
  await pool.query(
    `insert into files (set_id, path, size, sha256) select s.id, lpad(n::text, 4, '0') || '.pdf', 1, sha256('x') from file_sets s, generate_series(1, 25) n`,
  );
  await pool.query('analyze file_sets, files');
  const plan = async (text: string) => JSON.stringify((await pool.query(`explain (format json) ${text}`)).rows);
  const one = await plan(
    `select * from file_sets where object_type = 'issue' and object_id = 2000 and directory = '/w/1000'`,
  );
  const files = await plan(`select * from files where set_id = any('{7,8}') order by set_id, path`);
  const next = await plan(
    `select distinct object_id from file_sets where object_type = 'issue' and object_id > 2000 order by object_id limit 100`,
  );
  for (const text of [one, files, next]) {
    expect(text).toMatch(/Index/);
    expect(text).not.toContain('Seq Scan');
  }
});

/** The split reads the originals before they are moved on: it must not be what notices. */
function skipSplitOf(job: ReturnType<typeof asJob>) {
  const { definition } = job;
  if (definition.type !== 'page_split') return job;
  const run: typeof definition.run = async (context) => {
    const { output, source } = context.args as { source: string; output: string };
    await mkdir(output, { recursive: true });
    for (const n of [1, 2, 3]) await copyFile(join(source, '1.pdf'), join(output, `seq-000${n}.pdf`));
    return undefined;
  };
  return asJob({ ...definition, run });
}

/** Somebody gets at a page after the folder was hidden. */
function changingHiddenPage(job: ReturnType<typeof asJob>) {
  const { definition } = job;
  if (definition.type !== 'rename_directory') return job;
  const run: typeof definition.run = async (context) => {
    const outcome = await definition.run(context);
    const { to } = context.args as { to: string };
    if (to.includes('.notouchie-')) await writeFile(join(to, '2.pdf'), 'PAGE?');
    return outcome;
  };
  return asJob({ ...definition, run });
}
