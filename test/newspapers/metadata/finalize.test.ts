/** From approval to "ready for a batch": METS, the archived original, every file recorded (newspapers spec 4, FinalizeIssue). */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FatalError, type JobContext } from '../../../src/engine/job.js';
import { cancelPipeline } from '../../../src/engine/operator.js';
import { readFileSets } from '../../../src/files/fixity/file-records.js';
import { deleteDirectory } from '../../../src/files/jobs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { acceptFiles } from '../../../src/newspapers/accept-files.js';
import { issueObject, setIssueColumns, type Issue } from '../../../src/newspapers/issues.js';
import { finalizeIssue } from '../../../src/newspapers/pipelines/finalize-issue.js';
import { enterMetadata } from '../../../src/newspapers/pipelines/metadata.js';
import { resumeIssue } from '../../../src/newspapers/resume-issue.js';
import { verifyIssues } from '../../../src/newspapers/verify-issues.js';
import type { Settings } from '../../../src/settings.js';
import { enqueuedOne, rows, useDatabase } from '../../engine/support.js';
import { allJobs, asJob, givenPlaces, standing, startIntakeRunner, untilFailed } from '../intake-stage.js';
import {
  asked,
  claimAnd,
  columnsOf,
  givenPeople,
  givenQuestioned,
  givenReviewed,
  givenWholeIssue,
  usePages,
  theRow,
  told,
  untilReady,
} from './stage.js';

const own = useDatabase();
const pages = usePages();
let settings: Settings;
afterAll(() => closeThreads());
beforeEach(async () => {
  await rows(own, 'truncate file_sets cascade');
  ({ settings } = await givenPlaces());
  await givenPeople(own);
});

const ready = (of: Issue) => untilReady(own, of);
const sets = (issue: Issue) => readFileSets(own.database.kysely, issueObject(issue.id));
const DERIVATIVES = [1, 2, 3].flatMap((n) => [{ path: `000${n}.jp2` }, { path: `000${n}.xml` }]);

async function verdict(issue: Issue): Promise<string> {
  for await (const verified of verifyIssues(own.database.kysely, [issue.id], { actor: 'ann' })) return verified.verdict;
  throw new Error('nothing was verified');
}

test('METS is made, the original archived, all of it recorded; each job twice in a row (W17)', async () => {
  const seen = new Set<string>();
  await startIntakeRunner(own, settings, allJobs(seen));
  const issue = await givenQuestioned(own, settings, pages);
  await givenReviewed(own, issue);
  await claimAnd(own, issue, 'rita', 'approve');
  await ready(issue);
  const work = issue.location ?? '';
  const mets = `${issue.date.replaceAll('-', '')}01.xml`;
  expect(await readFile(join(work, mets), 'utf8')).toContain('<mods:number>12</mods:number>');
  expect(execFileSync('tar', ['-tf', join(work, 'original.tar')], { encoding: 'utf8' })).toBe('original/1.pdf\noriginal/10.pdf\n'); // prettier-ignore
  expect(existsSync(issue.backupLocation ?? '')).toBe(false);
  expect(await theRow(own, issue.id)).toMatchObject({ backupLocation: null, location: work });
  expect(await sets(issue)).toMatchObject([
    { role: 'derivative', directory: work, files: DERIVATIVES },
    { role: 'mets', directory: work, files: [{ path: mets }] },
    { role: 'original', directory: work, files: [{ path: 'original.tar' }] },
    { role: 'page', directory: work, files: [1, 2, 3].map((n) => ({ path: `000${n}.pdf` })) },
  ]);
  expect(await verdict(issue)).toBe('sound');
  expect(await told(own, issue, 'ready_for_batching')).toMatchObject([{ actor: 'engine', detail: { files: 11 } }]);
  for (const type of ['build_mets', 'record_fixity', 'archive_backups', 'delete_directory', 'ready_for_batching'])
    expect(seen).toContain(type);
});

test('what is recorded keeps its role when somebody accepts the files as they are', async () => {
  await startIntakeRunner(own, settings);
  const issue = await givenQuestioned(own, settings, pages);
  await givenReviewed(own, issue);
  await claimAnd(own, issue, 'rita', 'approve');
  await ready(issue);
  const before = await sets(issue);
  await acceptFiles(own.database.kysely, issue.id, { actor: 'mona', reason: 'a test' });
  expect(await sets(issue)).toEqual(before);
});

describe('an issue that is not whole is not ready', () => {
  async function failing(spoil: (work: string) => Promise<void>): Promise<string> {
    await startIntakeRunner(own, settings);
    const issue = await givenWholeIssue(own, settings, pages);
    await rows(own, `update newspapers.pages set no_label = true where issue_id = $1`, [issue.id]);
    await spoil(issue.location ?? '');
    await enqueuedOne(own, finalizeIssue(issue));
    const { error } = await untilFailed(own, issue);
    expect(await theRow(own, issue.id)).not.toMatchObject({ workflowStep: 'ReadyForBatching' });
    return error?.message ?? '';
  }

  test('with a note that somebody left there', async () => {
    expect(await failing((work) => writeFile(join(work, 'notes.txt'), 'look'))).toMatch(/notes\.txt/);
  });

  test('with an archive that is not the original', async () => {
    expect(await failing((work) => writeFile(join(work, 'other.tar'), 'look'))).toMatch(
      /"other\.tar" in .* is no file of issue .*: move it away/,
    );
  });

  test('with a page that went away', async () => {
    expect(await failing((work) => rm(join(work, '0002.xml')))).toMatch(/0002\.xml/);
  });

  test('with an original that is damaged: it stays where it is', async () => {
    const message = await failing(async (work) => {
      const [name = ''] = await readdir(settings.ORIGINAL_PDF_BACKUP_PATH);
      await writeFile(join(settings.ORIGINAL_PDF_BACKUP_PATH, name, '1.pdf'), 'an uplaod');
      expect(work).toContain(name);
    });
    expect(message).toMatch(/1\.pdf is 9 bytes with SHA-256 .* but was/);
    const [name = ''] = await readdir(settings.ORIGINAL_PDF_BACKUP_PATH);
    expect(await readdir(join(settings.ORIGINAL_PDF_BACKUP_PATH, name))).toEqual(['1.pdf', '10.pdf']);
  });
});

test('a recorded original.tar is never written over by what is left of an upload that was half deleted', async () => {
  let isBroken = true;
  const jobs = allJobs().map((job) => {
    if (job.definition !== deleteDirectory.definition) return job;
    const run = async (context: JobContext<unknown>) => {
      const { location } = context.args as { location: string };
      if (!isBroken) return job.definition.run(context);
      await rm(join(location, '1.pdf'));
      throw new FatalError('EACCES: 10.pdf cannot be deleted');
    };
    return asJob({ ...job.definition, run });
  });
  await startIntakeRunner(own, settings, jobs);
  const issue = await givenWholeIssue(own, settings, pages);
  await rows(own, `update newspapers.pages set no_label = true where issue_id = $1`, [issue.id]);
  await setIssueColumns(own.database.kysely, issue.id, { workflow_step: 'AwaitingProcessing' });
  const archived = () => execFileSync('tar', ['-tf', join(issue.location ?? '', 'original.tar')], { encoding: 'utf8' });
  await enqueuedOne(own, finalizeIssue(issue));
  const { id, error } = await untilFailed(own, issue);
  expect(error?.message).toMatch(/EACCES/);
  await cancelPipeline(own.database.kysely, id, { actor: 'root', reason: 'a test' });
  isBroken = false;
  await resumeIssue(own.database.kysely, issue.id, { actor: 'root', reason: 'a test' });
  await ready(issue);
  expect(archived()).toBe('original/1.pdf\noriginal/10.pdf\n');
  expect(existsSync(issue.backupLocation ?? '')).toBe(false);
});

test('a scan has no original to archive', async () => {
  await startIntakeRunner(own, settings);
  const issue = await givenWholeIssue(own, settings, pages);
  expect(finalizeIssue({ ...issue, backupLocation: null }).jobs.map(({ type }) => type)).toEqual([
    'remove_old_mets',
    'build_mets',
    'record_fixity',
    'ready_for_batching',
  ]);
});

test('an issue that comes back and gets another date leaves no METS of the old one', async () => {
  await startIntakeRunner(own, settings);
  const issue = await givenQuestioned(own, settings, pages);
  await givenReviewed(own, issue);
  await claimAnd(own, issue, 'rita', 'approve');
  await ready(issue);
  await enqueuedOne(own, enterMetadata(await theRow(own, issue.id)));
  await asked(own, issue, 'metadata_entry');
  await claimAnd(own, issue, 'cora', 'submit', { date: '1857-02-03' });
  await asked(own, issue, 'metadata_review');
  await claimAnd(own, issue, 'rita', 'approve');
  await ready(issue);
  const names = (await readdir(issue.location ?? '')).filter((name) => /^\d{10}\.xml$/.test(name));
  expect(names).toEqual(['1857020301.xml']);
  expect((await sets(issue)).find(({ role }) => role === 'mets')?.files).toMatchObject([{ path: '1857020301.xml' }]);
});

test('no step of the way writes over what somebody else changed meanwhile (W41)', async () => {
  const db = own.database.kysely;
  await startIntakeRunner(own, settings);
  const issue = await givenQuestioned(own, settings, pages);
  await givenReviewed(own, issue);
  // Another program changes what the pipeline does not speak of.
  await rows(own, `update newspapers.issues set draft_comment = 'changed beside it', edition_label = 'Evening' where id = $1`, [issue.id]); // prettier-ignore
  await claimAnd(own, issue, 'rita', 'approve');
  await ready(issue);
  expect(await columnsOf(own, issue)).toMatchObject({ draft_comment: 'changed beside it', edition_label: 'Evening' });
  const stale = await theRow(own, issue.id);
  await rows(own, `update newspapers.issues set volume = '99' where id = $1`, [issue.id]);
  await setIssueColumns(db, stale.id, { location: stale.location });
  expect(await columnsOf(own, issue)).toMatchObject({ volume: '99', draft_comment: 'changed beside it' });
  expect((await standing(own, issue)).status).toBe('success');
});

test('every event of an issue, from the first, names it (W18)', async () => {
  await startIntakeRunner(own, settings);
  const issue = await givenQuestioned(own, settings, pages);
  await givenReviewed(own, issue);
  await claimAnd(own, issue, 'rita', 'approve');
  await ready(issue);
  expect(await rows(own, `select kind from events where object_type = 'issue' and object_id is distinct from $1`, [issue.id])).toEqual([]); // prettier-ignore
  const kinds = await rows<{ kind: string }>(own, 'select kind from events where object_id = $1 order by id', [
    issue.id,
  ]);
  expect(kinds[0]).toEqual({ kind: 'issue_created' });
  expect(kinds.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['claimed', 'decided', 'metadata_submitted', 'metadata_approved', 'ready_for_batching']),
  );
});
