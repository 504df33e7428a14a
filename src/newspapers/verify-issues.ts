/** Checks the files of issues against their recorded sums, at any time (newspapers spec W17). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { atOnce } from '../files/at-once.js';
import { checkDirectory, type CheckedDirectory } from '../files/fixity/check-directory.js';
import { tellDamage } from '../files/fixity/compare.js';
import { readFiles, sameFileSets, type KeptRecord } from '../files/fixity/file-records.js';
import { recordIssueEvent } from './issue-events.js';
import { ISSUE_OBJECT, selectIssues, withKey, type Issue } from './issues.js';

/** Of so many issues the records are in memory at a time. */
const BATCH = 100;
/** Small issues beside each other keep the hashing threads busy. */
const ISSUES_AT_ONCE = 4;
/** What an event tells of the damage; the whole is printed. */
const TOLD_IN_EVENT = 20;

/** `at work`: a job is moving or making its files. `unrecorded`: it was taken in before sums were kept. */
export type Verdict = 'sound' | 'damaged' | 'unreachable' | 'at work' | 'unrecorded';

export interface VerifiedIssue {
  issue: Issue;
  verdict: Verdict;
  files: number;
  bytes: number;
  /** Those that are not sound. */
  directories: CheckedDirectory[];
}

export interface VerifyOptions {
  /** Who asked, for the event of a damaged issue. */
  actor: string;
  signal?: AbortSignal;
  /** Told how many more bytes were read. */
  onBytes?: (bytes: number) => void;
}

/** How much there is to read of these issues, or of all. */
export async function sizeOfIssues(
  db: Kysely<DB>,
  issueIds: readonly number[] | undefined,
): Promise<{ issues: number; bytes: number }> {
  const { issues, bytes } = await db
    .selectFrom('file_sets as s')
    .leftJoin('files as f', 'f.set_id', 's.id')
    .select(sql<number>`count(distinct s.object_id)`.as('issues'))
    .select(sql<number>`coalesce(sum(f.size), 0)::bigint`.as('bytes'))
    .where('s.object_type', '=', ISSUE_OBJECT)
    .$if(issueIds !== undefined, (query) => query.where('s.object_id', '=', sql<number>`any(${issueIds})`))
    .executeTakeFirstOrThrow();
  return { issues, bytes };
}

/**
 * Reads every file of the issues and compares it with its record; writes an event for each damaged issue. Memory is that
 * of a hundred issues, however many there are.
 *
 * @param issueIds undefined: all issues of whose files there are records
 */
export async function* verifyIssues(
  db: Kysely<DB>,
  issueIds: readonly number[] | undefined,
  options: VerifyOptions,
): AsyncGenerator<VerifiedIssue> {
  for (let after = 0; ;) {
    const ids = issueIds ? issueIds.slice(after, after + BATCH) : await nextRecorded(db, after);
    if (ids.length === 0) return;
    after = issueIds ? after + BATCH : Math.max(...ids);
    const records = await recordsOf(db, ids);
    const verified = await atOnce(
      ISSUES_AT_ONCE,
      records,
      (one, signal) => verifyIssue(db, one, { ...options, signal }),
      options.signal,
    );
    yield* verified;
  }
}

async function nextRecorded(db: Kysely<DB>, after: number): Promise<number[]> {
  const rows = await db
    .selectFrom('file_sets')
    .select('object_id as id')
    .distinct()
    .where('object_type', '=', ISSUE_OBJECT)
    .where('object_id', '>', after)
    .orderBy('object_id')
    .limit(BATCH)
    .execute();
  return rows.map(({ id }) => id);
}

interface IssueRecords {
  issue: Issue;
  /** A job runs, or will. */
  isAtWork: boolean;
  sets: { role: string; directory: string; files: KeptRecord[] }[];
}

async function recordsOf(db: Kysely<DB>, ids: readonly number[]): Promise<IssueRecords[]> {
  const among = sql<number>`any(${ids})`;
  const [issues, sets] = await Promise.all([
    selectIssues(db)
      .select(
        sql<boolean>`exists (select from pipelines p where p.object_type = ${ISSUE_OBJECT} and p.object_id = i.id
          and p.status in ('pending', 'delayed', 'in_process'))`.as('isAtWork'),
      )
      .where('i.id', '=', among)
      .orderBy('i.id')
      .execute(),
    db
      .selectFrom('file_sets')
      .select(['id', 'object_id as issueId', 'role', 'directory'])
      .where('object_type', '=', ISSUE_OBJECT)
      .where('object_id', '=', among)
      .orderBy('object_id')
      .orderBy('role')
      .execute(),
  ]);
  const files = await readFiles(
    db,
    sets.map(({ id }) => id),
  );
  return issues.map(({ isAtWork, ...issue }) => ({
    issue: withKey(issue),
    isAtWork,
    sets: sets
      .filter(({ issueId }) => issueId === issue.id)
      .map(({ id, role, directory }) => ({ role, directory, files: files.get(id) ?? [] })),
  }));
}

async function verifyIssue(
  db: Kysely<DB>,
  { issue, isAtWork, sets }: IssueRecords,
  options: VerifyOptions,
): Promise<VerifiedIssue> {
  const verified: VerifiedIssue = { issue, verdict: 'sound', files: 0, bytes: 0, directories: [] };
  if (sets.length === 0) return { ...verified, verdict: 'unrecorded' };
  if (isAtWork) return { ...verified, verdict: 'at work' };
  for (const directory of new Set(sets.map((set) => set.directory))) {
    const here = sets.filter((set) => set.directory === directory);
    // Page reviewers rename and delete: what they leave must be the pages of the split, whatever it is called.
    const inReview = ['AwaitingPageReview', 'UnfixableMetadataError'].includes(issue.workflowStep);
    const namesAreFree = inReview && here.every(({ role }) => role === 'page');
    const checked = await checkDirectory(
      directory,
      here.flatMap(({ files }) => files),
      { namesAreFree, signal: options.signal, onFile: options.onBytes },
    );
    verified.files += checked.files;
    verified.bytes += checked.bytes;
    if (checked.trouble || checked.damage.length > 0) verified.directories.push(checked);
  }
  if (verified.directories.length === 0) return verified;
  if (await hasMovedOn(db, issue.id, sets)) return { ...verified, verdict: 'at work', directories: [] };
  const isDamaged = verified.directories.some(({ damage, trouble }) => damage.length > 0 || trouble?.is === 'gone');
  if (isDamaged) await tellOfDamage(db, verified, options.actor);
  return { ...verified, verdict: isDamaged ? 'damaged' : 'unreachable' };
}

/** What looks like damage may be a job that began its work while the files were read. */
async function hasMovedOn(db: Kysely<DB>, issueId: number, sets: IssueRecords['sets']): Promise<boolean> {
  const [now] = await recordsOf(db, [issueId]);
  return !now || now.isAtWork || !sameFileSets(now.sets, sets);
}

async function tellOfDamage(db: Kysely<DB>, { issue, directories }: VerifiedIssue, actor: string): Promise<void> {
  const lines = directories.flatMap((directory) => damageLines(directory));
  const detail = { files: lines.length, message: lines.slice(0, TOLD_IN_EVENT).join('\n') };
  await recordIssueEvent(db, issue.id, { actor, kind: 'fixity_damaged', detail });
}

/** What is wrong with a directory, a line for each thing. */
export function damageLines({ directory, damage, trouble }: CheckedDirectory): string[] {
  return trouble ? [trouble.reason] : damage.map((one) => `${tellDamage(one)} (in ${directory})`);
}
