/** Says that the files of an issue are right as they lie there now (newspapers spec W17). */
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { sha256OfAll } from '../files/checksum.js';
import { isClutter } from '../files/fixity/compare.js';
import { readFileSets, recordFiles, type FileRecord } from '../files/fixity/file-records.js';
import { listTree } from '../files/list-tree.js';
import { findIssueById, ISSUE_OBJECT, issueObject, NoSuchIssue, type Issue } from './issues.js';

/** A job moves or makes the files of the issue: nobody can say now which are right. */
export class IssueAtWork extends Error {
  override name = 'IssueAtWork';
  constructor(issue: Issue, pipelineId: number) {
    super(`pipeline ${pipelineId} is at work on issue ${issue.key}; wait until it has ended, is held, or has failed`);
  }
}

/**
 * Takes the sums of what lies there now and records them instead of the former; the event keeps who said so and why.
 * Issues that were taken in before sums were kept get theirs so.
 *
 * @returns how many files are recorded now
 * @throws {NoSuchIssue}
 * @throws {IssueAtWork}
 */
export async function acceptFiles(
  db: Kysely<DB>,
  issueId: number,
  { actor, reason }: { actor: string; reason: string },
): Promise<number> {
  const issue = await findIssueById(db, issueId);
  if (!issue) throw new NoSuchIssue(issueId);
  const former = await readFileSets(db, issueObject(issueId));
  const places = former.length > 0 ? former : supposed(issue);
  const sets = new Map<string, { role: string; directory: string; files: FileRecord[] }>();
  for (const { role, directory } of places) sets.set(role, { role, directory, files: [] });
  for (const directory of new Set(places.map((place) => place.directory))) {
    const roles = places.filter((place) => place.directory === directory).map(({ role }) => role);
    for (const file of await summed(directory)) sets.get(roleOf(file.path, roles))?.files.push(file);
  }
  await db.transaction().execute(async (trx) => {
    const busy = await trx
      .selectFrom('pipelines')
      .select('id')
      .where('object_type', '=', ISSUE_OBJECT)
      .where('object_id', '=', issueId)
      .where('status', 'in', ['pending', 'delayed', 'in_process'])
      .executeTakeFirst();
    if (busy) throw new IssueAtWork(issue, busy.id);
    for (const set of sets.values()) {
      const known = new Map(former.find(({ role }) => role === set.role)?.files.map((file) => [file.path, file]));
      const files = set.files.map((file) => {
        const record = known.get(file.path);
        return record?.sha256 === file.sha256 ? record : file; // what did not change keeps its history
      });
      await recordFiles(trx, { object: issueObject(issueId), ...set, files, pipelineId: null });
    }
    const detail = JSON.stringify({ reason, files: count(sets) });
    const event = { actor, kind: 'files_accepted', object_type: ISSUE_OBJECT, object_id: issueId, detail };
    await trx.insertInto('events').values(event).execute();
  });
  return count(sets);
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

/** Of pages and derivatives in one directory, pages are what derivatives are made from. */
function roleOf(path: string, roles: readonly string[]): string {
  const isPage = /\.(pdf|tiff?)$/i.test(path);
  return roles.find((role) => (role === 'derivative') !== isPage) ?? roles[0] ?? 'page';
}

async function summed(directory: string): Promise<FileRecord[]> {
  const files = (await listTree(directory)).files.filter(({ path }) => !isClutter(path));
  const sums = await sha256OfAll(files.map(({ path }) => join(directory, path)));
  return files.map(({ path, size }, index) => ({ path, size, sha256: sums[index] ?? '' }));
}
