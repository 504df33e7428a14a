/** Issues that wait for their metadata, people who answer, and a runner in this process. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll } from 'vitest';
import type { Json } from '../../../src/database/database.js';
import { claim } from '../../../src/engine/pen/claims.js';
import { decideOn } from '../../../src/engine/pen/decide.js';
import { registry } from '../../../src/cli/registry.js';
import { recordFiles } from '../../../src/files/fixity/file-records.js';
import { sumDirectory } from '../../../src/files/fixity/sum-directory.js';
import { makeDerivatives } from '../../../src/newspapers/derivatives/derivatives.js';
import { issueObject, setIssueColumns, type Issue, type NewIssue } from '../../../src/newspapers/issues.js';
import { theIssue } from '../../../src/newspapers/jobs/issue-job.js';
import { setPageCount } from '../../../src/newspapers/pages.js';
import { enterMetadata } from '../../../src/newspapers/pipelines/metadata.js';
import type { Settings } from '../../../src/settings.js';
import { givenUsers } from '../../engine/people.js';
import { enqueuedOne, rows, until } from '../../engine/support.js';
import type { TestDatabase } from '../../support/database.js';
import { writePdf } from '../derivatives/documents.js';
import { givenPlaces, standing, startIntakeRunner, type Standing } from '../intake-stage.js';
import { givenIssue } from '../rows.js';

export { registry };

/** Three pages with their derivatives, made once for a test file and copied for each issue. */
export function usePages(): { readonly directory: string } {
  const made = { directory: '' };
  beforeAll(async () => {
    made.directory = await mkdtemp(join(tmpdir(), 'pressmark-pages-'));
    await makePages(made.directory);
  });
  afterAll(() => rm(made.directory, { recursive: true, force: true }));
  return made;
}

async function makePages(directory: string): Promise<void> {
  for (const n of [1, 2, 3]) await writePdf(join(directory, `000${n}.pdf`), { lines: [`page number ${n}`] });
  await makeDerivatives({
    directory,
    kind: 'borndigital',
    dpi: 72,
    quality: 40,
    language: 'eng',
    share: (work) => work(),
    progress: { report: () => undefined },
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  });
}

/** cora enters, rita reviews, both does both, mona is their manager. */
export async function givenPeople(own: TestDatabase): Promise<void> {
  await rows(own, 'truncate users');
  await givenUsers(own, {
    root: 'sysop',
    cora: 'issue curator',
    rita: 'issue reviewer',
    both: 'issue curator, issue reviewer',
    mona: 'issue manager',
    wes: 'workflow manager',
  });
}

/** An issue in the workflow area, its three pages recorded, its original upload in the backup area; nobody is asked yet. */
export async function givenWholeIssue(
  own: TestDatabase,
  settings: Settings,
  pages: { readonly directory: string },
  row: Partial<NewIssue> & { lccn?: string } = {},
): Promise<Issue> {
  const db = own.database.kysely;
  const { lccn = `sn${Math.floor(Math.random() * 1e8)}`, ...rest } = row;
  const { id, humanName } = await givenIssue(db, lccn, { location: `/uploads/${lccn}-${Math.random()}`, ...rest });
  const [work, backup] = [join(settings.WORKFLOW_PATH, humanName), join(settings.ORIGINAL_PDF_BACKUP_PATH, humanName)];
  await cp(pages.directory, work, { recursive: true });
  await mkdir(backup);
  await writeFile(join(backup, '1.pdf'), 'an upload');
  await writeFile(join(backup, '10.pdf'), 'its other half');
  await setIssueColumns(db, id, { location: work, backup_location: backup, workflow_step: 'ReadyForMetadataEntry' });
  await setPageCount(db, id, 3);
  const sets = [
    ['original', backup, () => true],
    ['page', work, (path: string) => path.endsWith('.pdf')],
    ['derivative', work, (path: string) => !path.endsWith('.pdf')],
  ] as const;
  for (const [role, directory, isWanted] of sets) {
    const files = await sumDirectory(directory, isWanted);
    await db
      .transaction()
      .execute((trx) => recordFiles(trx, { object: issueObject(id), role, directory, pipelineId: null, files }));
  }
  return theRow(own, id);
}

/** The same, and the question for its metadata is open. */
export async function givenQuestioned(
  own: TestDatabase,
  settings: Settings,
  pages: { readonly directory: string },
  row: Partial<NewIssue> & { lccn?: string } = {},
): Promise<Issue> {
  const issue = await givenWholeIssue(own, settings, pages, row);
  await enqueuedOne(own, enterMetadata(issue));
  await asked(own, issue, 'metadata_entry');
  return issue;
}

/** People, a runner in places of its own, and an issue whose question for its metadata is open. */
export async function givenOpenQuestion(
  own: TestDatabase,
  pages: { readonly directory: string },
): Promise<{ settings: Settings; issue: Issue }> {
  const { settings } = await givenPlaces();
  await givenPeople(own);
  await startIntakeRunner(own, settings);
  return { settings, issue: await givenQuestioned(own, settings, pages) };
}

export const theRow = (own: TestDatabase, id: number): Promise<Issue> => theIssue(own.database.kysely, id);

export type Asked = Standing & { assignee: string | null; payload: { metadata: Record<string, Json> } };

/** Waits until the newest pipeline of an issue asks that; with `after`, anew since that question. */
export async function asked(own: TestDatabase, issue: Issue, action: string, after?: Standing): Promise<Asked> {
  let now = await standing(own, issue);
  await until(
    `issue ${issue.id} asks ${action}`,
    async () => {
      now = await standing(own, issue);
      if (now.status === 'failed') throw new Error(`${now.name} failed: ${JSON.stringify(now.error)}`);
      const isNew = !after || now.id !== after.id || now.hold_rev > after.hold_rev;
      return now.status === 'held' && now.hold_action === action && isNew;
    },
    30,
  );
  const [row] = await rows<{ assignee: string | null; payload: Asked['payload'] }>(
    own,
    'select case when claim_counts(p) then assignee end as assignee, hold_payload as payload from pipelines p where id = $1',
    [now.id],
  );
  return { ...now, assignee: row?.assignee ?? null, payload: row?.payload ?? { metadata: {} } };
}

/** Waits until an issue is ready for a batch. */
export const untilReady = (own: TestDatabase, issue: Issue): Promise<void> =>
  until(
    `issue ${issue.id} is ready for a batch`,
    async () => {
      const { status, name, error } = await standing(own, issue);
      // one that the engine put off, because a lock could not be had in time, has not failed: it is tried again
      const hasFailed = status === 'failed' || (status === 'delayed' && error !== null && !('try_later' in error));
      if (hasFailed) throw new Error(`${name} failed: ${JSON.stringify(error)}`);
      return (await theRow(own, issue.id)).workflowStep === 'ReadyForBatching';
    },
    30,
  );

/** Answers the question that is open now, as people do: by a decision from the command line. */
export async function answer(
  own: TestDatabase,
  issue: Issue,
  actor: string,
  verb: string,
  params: Json = {},
  comment?: string,
): Promise<Standing> {
  const now = await standing(own, issue);
  const given = { holdRev: now.hold_rev, verb, params, comment, actor, via: 'cli' as const };
  await decideOn(own.database.kysely, registry, now.id, given);
  return now;
}

/** The same after a claim. */
export async function claimAnd(
  own: TestDatabase,
  issue: Issue,
  actor: string,
  verb: string,
  params: Json = {},
  comment?: string,
): Promise<Standing> {
  await claimIt(own, issue, actor);
  return answer(own, issue, actor, verb, params, comment);
}

export async function claimIt(own: TestDatabase, issue: Issue, actor: string): Promise<void> {
  await claim({ db: own.database.kysely, registry, actor }, (await standing(own, issue)).id);
}

/** What a valid submission says. */
export const VALID = { volume: '12', issueNumber: '3', labels: '1,2,' };

/** Up to the question of the review, entered by that person. */
export async function givenReviewed(own: TestDatabase, issue: Issue, by = 'cora'): Promise<Asked> {
  await claimAnd(own, issue, by, 'submit', VALID);
  return asked(own, issue, 'metadata_review');
}

export interface Told {
  actor: string;
  kind: string;
  detail: Record<string, unknown>;
}

/** What events tell of an issue, of these kinds. */
export const told = (own: TestDatabase, issue: Issue, ...kinds: string[]): Promise<Told[]> =>
  rows<Told>(
    own,
    `select actor, kind, detail from events where object_type = 'issue' and object_id = $1 and kind = any($2) order by id`,
    [issue.id, kinds],
  );

/** The columns of an issue as they stand. */
export async function columnsOf(own: TestDatabase, issue: Issue): Promise<Record<string, unknown>> {
  const [row] = await rows<Record<string, unknown>>(own, 'select * from newspapers.issues where id = $1', [issue.id]);
  if (!row) throw new Error('the issue is gone');
  return row;
}
