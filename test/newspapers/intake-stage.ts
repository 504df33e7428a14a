/** Uploads on their way through intake and page review, with a runner in this process, for tests. */
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../src/database/database.js';
import type { Job, JobContext, JobDefinition } from '../../src/engine/job.js';
import { decide } from '../../src/engine/operator.js';
import { createRegistry } from '../../src/engine/registry.js';
import type { Runner } from '../../src/engine/runner/runner.js';
import { fileJobs } from '../../src/files/jobs.js';
import type { Issue } from '../../src/newspapers/issues.js';
import { takeInUpload } from '../../src/newspapers/pipelines/take-in-upload.js';
import { newspaperActions, newspaperJobs } from '../../src/newspapers/registration.js';
import type { Settings } from '../../src/settings.js';
import { enqueuedOne, startRunner, testSettings, until } from '../engine/support.js';
import type { TestDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { writePdf } from './derivatives/documents.js';
import { givenIssue } from './rows.js';

export const registry = createRegistry({ jobs: [...fileJobs, ...newspaperJobs], actions: newspaperActions });

/** Settings with places of their own below a temporary directory, and those places. */
export async function givenPlaces(): Promise<{ root: string; settings: Settings }> {
  const root = await temporaryDirectory();
  const settings = {
    ...testSettings,
    PDF_UPLOAD_PATH: join(root, 'sftp'),
    WORKFLOW_PATH: join(root, 'workflow'),
    ORIGINAL_PDF_BACKUP_PATH: join(root, 'backup'),
    PDF_PAGE_REVIEW_PATH: join(root, 'review'),
    ERRORED_ISSUES_PATH: join(root, 'errors'),
    PAGE_REVIEW_QUIET_TIME: 3600,
    DPI: 72,
  };
  for (const [key, path] of Object.entries(settings))
    if (typeof path === 'string' && key.endsWith('_PATH') && path.startsWith(root))
      await mkdir(path, { recursive: true });
  return { root, settings };
}

/** An upload of three pages in two PDFs, and its issue. */
export async function givenUploadedIssue(own: TestDatabase, settings: Settings): Promise<Issue> {
  const lccn = `sn${Math.floor(Math.random() * 1e8)}`;
  const upload = join(settings.PDF_UPLOAD_PATH, lccn, '1856-05-10');
  await mkdir(upload, { recursive: true });
  await writePdf(join(upload, '1.pdf'), { lines: ['first page'] }, { lines: ['second page'] });
  await writePdf(join(upload, '10.pdf'), { lines: ['third page'] });
  await writeFile(join(upload, 'Thumbs.db'), 'nothing');
  return givenIssue(own.database.kysely, lccn, { location: upload });
}

/** A definition as a job that a runner takes. */
export const asJob = (definition: JobDefinition): Job =>
  Object.assign(
    () => {
      throw new Error('plans come from the real jobs');
    },
    { definition },
  );

/** All jobs; with `seen` each is run twice in a row, and its type noted. */
export function allJobs(seen?: Set<string>): Job[] {
  return [...registry.jobs.values()].map((definition) => {
    if (!seen) return asJob(definition);
    const run = async (context: JobContext<unknown>) => {
      await definition.run(context);
      seen.add(definition.type);
      return definition.run(context);
    };
    return asJob({ ...definition, run });
  });
}

export const startIntakeRunner = (own: TestDatabase, settings: Settings, jobs = allJobs()): Promise<Runner> =>
  startRunner(own, { more: jobs, settings });

export interface Standing {
  id: number;
  name: string;
  status: string;
  hold_action: string | null;
  hold_message: string | null;
  hold_rev: number;
  error: { name: string; message: string } | null;
}

/** The newest pipeline of an issue. */
export async function standing(own: TestDatabase, issue: Issue): Promise<Standing> {
  const { rows } = await own.database.pool.query<Standing>(
    `select id, name, status, hold_action, hold_message, hold_rev, error from pipelines where object_id = $1 order by id desc limit 1`,
    [issue.id],
  );
  if (!rows[0]) throw new Error(`issue ${issue.id} has no pipeline`);
  return rows[0];
}

/** Waits until the newest pipeline of an issue asks that question, or has ended or failed. */
export async function untilAsked(own: TestDatabase, issue: Issue, action: string, rev = 0): Promise<Standing> {
  let now = await standing(own, issue);
  await until(
    `issue ${issue.id} asks ${action}`,
    async () => {
      now = await standing(own, issue);
      if (now.status === 'failed') throw new Error(`${now.name} failed: ${JSON.stringify(now.error)}`);
      return now.status === 'held' && now.hold_action === action && now.hold_rev > rev;
    },
    60,
  );
  return now;
}

export async function untilFailed(own: TestDatabase, issue: Issue): Promise<Standing> {
  await until(
    `a pipeline of issue ${issue.id} fails`,
    async () => ['failed', 'held'].includes((await standing(own, issue)).status),
    60,
  );
  return standing(own, issue);
}

/** Takes an upload in up to the question of the page review. */
export async function heldForReview(
  own: TestDatabase,
  settings: Settings,
): Promise<{ issue: Issue; review: string; asked: Standing }> {
  const issue = await givenUploadedIssue(own, settings);
  await enqueuedOne(own, takeInUpload(issue, settings));
  const asked = await untilAsked(own, issue, 'page_review');
  return { issue, asked, review: join(settings.PDF_PAGE_REVIEW_PATH, issue.humanName) };
}

/** Answers the question that an issue asks now. */
export async function answer(own: TestDatabase, issue: Issue, verb: string, params: Json = {}): Promise<Standing> {
  const asked = await standing(own, issue);
  await decide(own.database.kysely, registry, asked.id, {
    holdRev: asked.hold_rev,
    verb,
    params,
    actor: 'ann',
    via: 'rule',
  });
  return asked;
}

/** Gives the pages of the split their numbers. */
export async function numberAllPages(review: string): Promise<void> {
  const pages = (await readdir(review)).filter((name) => name.startsWith('seq-')).sort();
  for (const [i, name] of pages.entries()) await rename(join(review, name), join(review, `${i + 1}.pdf`));
}

/** Files below a directory, sorted; hidden ones left out. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}
