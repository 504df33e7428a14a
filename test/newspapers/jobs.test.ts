/** Every job of the newspaper pipelines run twice in a row changes nothing the second time (newspapers spec 11.4.9, W9). */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import type { Job, JobContext, JobDefinition } from '../../src/engine/job.js';
import { decide } from '../../src/engine/operator.js';
import { createRegistry } from '../../src/engine/registry.js';
import { fileJobs } from '../../src/files/jobs.js';
import { makeDerivatives as makeFiles } from '../../src/newspapers/derivatives/derivatives.js';
import { makeDerivatives } from '../../src/newspapers/pipelines/make-derivatives.js';
import { takeInUpload } from '../../src/newspapers/pipelines/take-in-upload.js';
import { newspaperActions, newspaperJobs } from '../../src/newspapers/registration.js';
import type { Settings } from '../../src/settings.js';
import { enqueuedOne, startRunner, testSettings, until, useDatabase } from '../engine/support.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { writePdf } from './derivatives/documents.js';
import { givenIssue } from './rows.js';

const own = useDatabase();
const registry = createRegistry({ jobs: [...fileJobs, ...newspaperJobs], actions: newspaperActions });

interface Place {
  settings: Settings;
  upload: string;
}

async function givenUpload(): Promise<Place> {
  const root = await temporaryDirectory();
  const settings = {
    ...testSettings,
    WORKFLOW_PATH: join(root, 'workflow'),
    ORIGINAL_PDF_BACKUP_PATH: join(root, 'backup'),
    PDF_PAGE_REVIEW_PATH: join(root, 'review'),
    PAGE_REVIEW_QUIET_TIME: 3600,
    DPI: 72,
  };
  const upload = join(root, 'sftp', 'sn1', '1856-05-10');
  for (const directory of [
    upload,
    settings.WORKFLOW_PATH,
    settings.ORIGINAL_PDF_BACKUP_PATH,
    settings.PDF_PAGE_REVIEW_PATH,
  ])
    await mkdir(directory, { recursive: true });
  await writePdf(join(upload, '1.pdf'), { lines: ['first page'] }, { lines: ['second page'] });
  await writePdf(join(upload, '10.pdf'), { lines: ['third page'] });
  await writeFile(join(upload, 'Thumbs.db'), 'nothing');
  return { settings, upload };
}

/** Every job type from the upload to the question for the metadata; the tests of what comes later run theirs twice, too. */
const ON_THE_ROAD = [
  ...['sync_recursive', 'verify_recursive', 'delete_directory', 'rename_directory', 'clean_files', 'record_fixity'],
  ...['set_issue_location', 'set_issue_original_backup_location', 'page_split', 'prep_issue_page_labels'],
  ...['page_review', 'renumber_pages', 'make_derivatives', 'metadata_entry'],
];

/** The job, its run called twice; `seen` collects what ran. */
function twice(definition: JobDefinition, seen: string[]): Job {
  const run = async (context: JobContext<unknown>) => {
    await definition.run(context);
    seen.push(definition.type);
    return definition.run(context);
  };
  return Object.assign(
    () => {
      throw new Error('plans come from the real jobs');
    },
    { definition: { ...definition, run } },
  );
}

const standing = async () => {
  const { rows } = await own.database.pool.query<{
    id: number;
    status: string;
    hold_action: string | null;
    hold_rev: number;
    error: { message: string } | null;
  }>(`select id, status, hold_action, hold_rev, error from pipelines order by id desc limit 1`);
  return rows[0];
};

describe('each job, run twice in a row', () => {
  test('takes a born-digital issue to its derivatives as one run does', { timeout: 240_000 }, async () => {
    const { settings, upload } = await givenUpload();
    const issue = await givenIssue(own.database.kysely, 'sn1', { location: upload });
    const seen: string[] = [];
    await startRunner(own, {
      more: [...registry.jobs.values()].map((definition) => twice(definition, seen)),
      settings,
    });
    const pipeline = await enqueuedOne(own, takeInUpload(issue, settings));
    await until(
      'page review asked',
      async () =>
        (await standing())?.status !== 'pending' && ['held', 'failed'].includes((await standing())?.status ?? ''),
      100,
    );
    expect(await standing()).toMatchObject({ status: 'held', hold_action: 'page_review' });

    const review = join(settings.PDF_PAGE_REVIEW_PATH, issue.humanName);
    expect((await readdir(review)).filter((name) => !name.startsWith('.')).sort()).toEqual([
      'seq-0001.pdf',
      'seq-0002.pdf',
      'seq-0003.pdf',
    ]);
    for (const n of [1, 2, 3]) await rename(join(review, `seq-000${n}.pdf`), join(review, `${n}.pdf`));
    const answer = {
      holdRev: (await standing())?.hold_rev ?? 0,
      verb: 'done',
      params: {},
      actor: 'ann',
      via: 'cli' as const,
    };
    await decide(own.database.kysely, registry, pipeline, answer);
    await until(
      'metadata asked',
      async () => (await standing())?.id !== pipeline && ['held', 'failed'].includes((await standing())?.status ?? ''),
      100,
    );
    expect(await standing()).toMatchObject({ status: 'held', hold_action: 'metadata_entry', error: null });

    expect((await readdir(join(settings.WORKFLOW_PATH, issue.humanName))).sort()).toEqual(
      ['0001', '0002', '0003'].flatMap((page) => [`${page}.jp2`, `${page}.pdf`, `${page}.xml`]),
    );
    expect((await readdir(join(settings.ORIGINAL_PDF_BACKUP_PATH, issue.humanName))).sort()).toEqual([
      '1.pdf',
      '10.pdf',
    ]);
    for (const gone of [upload, review]) expect(await readdir(dirname(gone))).toEqual([]);
    expect(new Set(seen)).toEqual(new Set(ON_THE_ROAD));
  });
});

describe('page review', () => {
  async function heldReview() {
    const place = await givenUpload();
    const issue = await givenIssue(own.database.kysely, `sn${Math.floor(Math.random() * 1e8)}`, {
      location: place.upload,
    });
    await startRunner(own, {
      more: [...registry.jobs.values()].map((definition) =>
        Object.assign(
          () => {
            throw new Error('unused');
          },
          { definition },
        ),
      ),
      settings: place.settings,
    });
    const pipeline = await enqueuedOne(own, takeInUpload(issue, place.settings));
    await until('page review asked', async () => (await standing())?.status === 'held');
    return { ...place, issue, pipeline, review: join(place.settings.PDF_PAGE_REVIEW_PATH, issue.humanName) };
  }

  const answer = async (pipeline: number, params: Record<string, string> = {}) =>
    decide(own.database.kysely, registry, pipeline, {
      holdRev: (await standing())?.hold_rev ?? 0,
      verb: 'done',
      params,
      actor: 'ann',
      via: 'cli',
    });

  test('a "done" that is not true is asked again, with what is still to do', async () => {
    const { pipeline } = await heldReview();
    const before = (await standing())?.hold_rev ?? 0;
    await answer(pipeline);
    await until('asked again', async () => (await standing())?.hold_rev === before + 1);
    const { rows } = await own.database.pool.query<{ hold_message: string; workflow_step: string }>(
      `select hold_message, workflow_step from pipelines p join newspapers.issues i on i.id = p.object_id where p.id = $1`,
      [pipeline],
    );
    expect(rows[0]?.hold_message).toBe(
      'not yet: 3 of 3 pages still have the names of the split: rename them to 1.pdf, 2.pdf ... in reading order',
    );
    expect(rows[0]?.workflow_step).toBe('AwaitingPageReview');
  });

  test('a deleted page goes on only with a word that it was on purpose (W25)', { timeout: 60_000 }, async () => {
    const { pipeline, review, settings, issue } = await heldReview();
    await rm(join(review, 'seq-0002.pdf'));
    for (const [from, to] of [
      ['seq-0001.pdf', '1.pdf'],
      ['seq-0003.pdf', '2.pdf'],
    ] as const)
      await rename(join(review, from), join(review, to));
    const before = (await standing())?.hold_rev ?? 0;
    await answer(pipeline);
    await until('asked again', async () => (await standing())?.hold_rev === before + 1);
    await answer(pipeline, { deletedPages: '1' });
    await until('derivatives made', async () => (await standing())?.hold_action === 'metadata_entry');
    expect(
      (await readdir(join(settings.WORKFLOW_PATH, issue.humanName))).filter((name) => name.endsWith('.jp2')),
    ).toHaveLength(2);
  });

  test('an answer that psql took unchecked asks again', async () => {
    const { pipeline } = await heldReview();
    const rev = (await standing())?.hold_rev ?? 0;
    await own.database.pool.query(`select decide($1, $2, 'reject_it', '{}', null, 'ann', 'cli')`, [pipeline, rev]);
    await until('asked again', async () => (await standing())?.hold_rev === rev + 1);
    await own.database.pool.query(`select decide($1, $2, 'done', '{"deletedPages": "many"}', null, 'ann', 'cli')`, [
      pipeline,
      rev + 1,
    ]);
    await until('asked once more', async () => (await standing())?.hold_rev === rev + 2);
    const { rows } = await own.database.pool.query<{ hold_message: string }>('select hold_message from pipelines');
    expect(rows[0]?.hold_message).toBe('not yet: deletedPages must be a whole number, 0 or more');
  });

  test('a page that goes away after the review stops the issue instead of being lost unseen', async () => {
    const { pipeline, review, settings, issue } = await heldReview();
    for (const n of [1, 2, 3]) await rename(join(review, `seq-000${n}.pdf`), join(review, `${n}.pdf`));
    const work = join(settings.WORKFLOW_PATH, issue.humanName);
    await answer(pipeline);
    await until('derivatives made', async () => (await standing())?.hold_action === 'metadata_entry');
    await rm(join(work, '0003.pdf'));
    const run = registry.jobs.get('renumber_pages')?.run;
    const context = { args: { issueId: issue.id, location: work }, db: own.database.kysely } as JobContext<unknown>;
    await expect(run?.(context)).rejects.toThrow('2 pages are in');
  });
});

test('a page that was replaced gets a picture and words of its own', { timeout: 60_000 }, async () => {
  const directory = await temporaryDirectory();
  await writePdf(join(directory, '0001.pdf'), { lines: ['the first version'] });
  const made = async () => {
    await makeFiles({
      directory,
      kind: 'borndigital',
      dpi: 72,
      quality: 62.5,
      language: 'eng',
      share: (work) => work(),
      progress: { report: () => undefined },
      log: pino({ level: 'silent' }),
    });
    return {
      jp2: await readFile(join(directory, '0001.jp2')),
      alto: await readFile(join(directory, '0001.xml'), 'utf8'),
    };
  };
  const before = await made();
  expect(await made()).toEqual(before);
  await writePdf(join(directory, '0001.pdf'), { lines: ['quite another page'] });
  const after = await made();
  expect(after.jp2.equals(before.jp2)).toBe(false);
  expect(after.alto).toContain('another');
});

test('a scan starts at its derivatives: there is no page review and no backup of originals', () => {
  const issue = {
    id: 1,
    key: 'sn1/1856051001',
    kind: 'scan',
    humanName: 'sn1-1856051001-1',
    location: '/scans/mwa/sn1/1856-05-10',
  } as Parameters<typeof makeDerivatives>[0];
  const types = makeDerivatives(issue, { ...testSettings, WORKFLOW_PATH: '/workflow' }).jobs.map((job) => job.type);
  expect(types.slice(0, 4)).toEqual(['sync_recursive', 'verify_recursive', 'delete_directory', 'rename_directory']);
  expect(types).not.toContain('page_review');
});
