/** Says that the files of an issue are right as they lie there now (newspapers spec W17). */
import type { Kysely, Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { lockOpenPipeline } from '../engine/open-pipeline.js';
import { isClutter } from '../files/clutter.js';
import {
  readFileSets,
  recordFiles,
  sameFileSets,
  type FileRecord,
  type FileSet,
} from '../files/fixity/file-records.js';
import { sumDirectory } from '../files/fixity/sum-directory.js';
import { recordIssueEvent } from './issue-events.js';
import { findIssueById, issueObject, NoSuchIssue, type Issue } from './issues.js';

/** A job moves or makes the files of the issue: nobody can say now which are right. */
export class IssueAtWork extends Error {
  override name = 'IssueAtWork';
  constructor(issue: Issue, pipelineId: number) {
    super(`pipeline ${pipelineId} is at work on issue ${issue.key}; wait until it has ended, is held, or has failed`);
  }
}

/** A job moved or made the files of the issue while they were read: what was read is not what is there now. */
export class IssueMovedOn extends Error {
  override name = 'IssueMovedOn';
  constructor(issue: Issue) {
    super(`nothing was recorded of issue ${issue.key}: its files were moved while they were read; say it again`);
  }
}

/**
 * Takes the sums of what lies there now and records them instead of the former; the event keeps who said so and why.
 * Issues that were taken in before sums were kept get theirs so.
 *
 * @returns how many files are recorded now
 * @throws {NoSuchIssue}
 * @throws {IssueAtWork}
 * @throws {IssueMovedOn}
 */
export async function acceptFiles(
  db: Kysely<DB>,
  issueId: number,
  { actor, reason }: { actor: string; reason: string },
): Promise<number> {
  const issue = await findIssueById(db, issueId);
  if (!issue) throw new NoSuchIssue(issueId);
  const former = await readFileSets(db, issueObject(issueId));
  const places: { role: string; directory: string; files?: FileSet['files'] }[] =
    former.length > 0 ? former : supposed(issue);
  const sets = new Map<string, { role: string; directory: string; files: FileRecord[] }>();
  for (const { role, directory } of places) sets.set(role, { role, directory, files: [] });
  for (const directory of new Set(places.map((place) => place.directory))) {
    const here = places.filter((place) => place.directory === directory);
    const roles = here.map(({ role }) => role);
    for (const file of await sumDirectory(directory, (path) => !isClutter(path)))
      sets.get(formerRole(file.path, here) ?? roleOf(file.path, roles))?.files.push(file);
  }
  await db.transaction().execute(async (trx) => {
    await keepStill(trx, issue, former);
    for (const set of sets.values()) {
      const known = new Map(former.find(({ role }) => role === set.role)?.files.map((file) => [file.path, file]));
      const files = set.files.map((file) => {
        const record = known.get(file.path);
        return record?.sha256 === file.sha256 ? record : file; // what did not change keeps its history
      });
      await recordFiles(trx, { object: issueObject(issueId), ...set, files, pipelineId: null });
    }
    const detail = { reason, files: count(sets) };
    await recordIssueEvent(trx, issueId, { actor, kind: 'files_accepted', detail });
  });
  return count(sets);
}

/** Refuses when a job moves the files, or did since they were read; from here on none can begin to. */
async function keepStill(trx: Transaction<DB>, issue: Issue, former: readonly FileSet[]): Promise<void> {
  const open = await lockOpenPipeline(trx, issueObject(issue.id));
  if (open && ['pending', 'delayed', 'in_process'].includes(open.status)) throw new IssueAtWork(issue, open.id);
  const now = await findIssueById(trx, issue.id);
  const isThere = now?.location === issue.location && now.backupLocation === issue.backupLocation;
  if (!isThere || !sameFileSets(await readFileSets(trx, issueObject(issue.id)), former)) throw new IssueMovedOn(issue);
}

const count = (sets: ReadonlyMap<string, { files: readonly unknown[] }>) =>
  [...sets.values()].reduce((sum, { files }) => sum + files.length, 0);

/** Where the files of an issue must be that nothing is recorded of. */
function supposed({ location, backupLocation }: Issue): { role: string; directory: string }[] {
  return [
    ...(location === null ? [] : [{ role: 'page', directory: location }, { role: 'derivative', directory: location }]), // prettier-ignore
    ...(backupLocation === null ? [] : [{ role: 'original', directory: backupLocation }]),
  ];
}

/** A file that is recorded already keeps its role: METS and the archived original lie beside the derivatives. */
const formerRole = (path: string, sets: readonly { role: string; files?: FileSet['files'] }[]): string | undefined =>
  sets.find(({ files }) => files?.some((file) => file.path === path))?.role;

/** Of pages and derivatives in one directory, pages are what derivatives are made from. */
function roleOf(path: string, roles: readonly string[]): string {
  const isPage = /\.(pdf|tiff?)$/i.test(path);
  return roles.find((role) => (role === 'derivative') !== isPage) ?? roles[0] ?? 'page';
}
