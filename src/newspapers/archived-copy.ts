/** Whether the archived batch of an issue holds everything that the issue's directory in the workflow does (newspapers spec 7.3, W23). */
import { relative, isAbsolute } from 'node:path';
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { isClutter } from '../files/clutter.js';
import { existing } from '../files/existing.js';
import { readFileSets } from '../files/fixity/file-records.js';
import { listTree } from '../files/list-tree.js';
import { quoted } from '../files/quoted.js';
import { BAG_ROLE } from './batch-files/bag-records.js';
import { issuePath } from './batch-files/layout.js';
import { batchObject } from './batches/batch-object.js';
import { issueObject, type Issue } from './issues.js';

/** Files that the archive is not known to hold are named one by one, up to so many. */
const NAMED = 5;

/**
 * Why the files of an issue must not be deleted; undefined: its batch holds each of them under the same SHA-256, and nothing
 * else lies there. Files that are gone already are no reason, so that a deletion that was interrupted goes on.
 *
 * @param workflow the area below which its directory must lie
 */
export async function whyNotArchived(
  db: Kysely<DB>,
  issue: Issue,
  { batchId, batch, workflow }: { batchId: number; batch: string; workflow: string },
): Promise<string | undefined> {
  const { location, workflowStep } = issue;
  if (workflowStep !== 'InProduction' || !issue.ignored) return `it is ${workflowStep}, not InProduction`;
  if (location === null) return undefined;
  if (!isBelow(location, workflow))
    return `its files are in ${quoted(location)}, which is not below WORKFLOW_PATH ${quoted(workflow)}`;
  const archived = await archivedSums(db, batchId, issue);
  if (!archived) return `nothing is recorded of the files of ${batch}, so nobody knows that the archive holds them`;
  const recorded = (await readFileSets(db, issueObject(issue.id), location)).flatMap(({ files }) => files);
  const records = new Map(recorded.map((file) => [file.path, file]));
  const isArchived = (path: string) => isClutter(path) || archived.get(path) === records.get(path)?.sha256;
  const missing = recorded.map(({ path }) => path).filter((path) => !isArchived(path));
  if (missing.length > 0) return `${batch} does not hold ${named(missing)} with the recorded SHA-256`;
  if (!(await existing(location, 'directory')))
    return (await existing(workflow, 'directory'))
      ? undefined
      : `${quoted(workflow)} is not there: is its disk mounted?`;
  const found = (await listTree(location)).files.filter(({ path }) => !isClutter(path));
  const strange = found.filter(({ path, size }) => records.get(path)?.size !== size).map(({ path }) => path);
  if (strange.length > 0)
    return `${named(strange)} in ${quoted(location)} came or changed since its files were recorded, so the archive does not hold it`;
  return undefined;
}

/** What the batch holds of an issue, by the paths below its directory; undefined: nothing is recorded of the batch. */
async function archivedSums(db: Kysely<DB>, batchId: number, issue: Issue): Promise<Map<string, string> | undefined> {
  const { type, id } = batchObject(batchId);
  const bag = await db
    .selectFrom('file_sets')
    .select('id')
    .where('object_type', '=', type)
    .where('object_id', '=', id)
    .where('role', '=', BAG_ROLE)
    .executeTakeFirst();
  if (!bag) return undefined;
  const directory = `data/${issuePath(issue)}`;
  const files = await db
    .selectFrom('files')
    .select(['path', sql<string>`encode(sha256, 'hex')`.as('sha256')])
    .where('set_id', '=', bag.id)
    .where('path', '>', `${directory}/`)
    .where('path', '<', `${directory}0`) // "0" comes after "/": a range of the key, not the whole batch for each issue
    .execute();
  return new Map(files.map(({ path, sha256 }) => [path.slice(directory.length + 1), sha256]));
}

function isBelow(path: string, area: string): boolean {
  const way = relative(area, path);
  return way !== '' && way.split('/')[0] !== '..' && !isAbsolute(way);
}

const named = (paths: readonly string[]): string =>
  paths.slice(0, NAMED).map(quoted).join(', ') + (paths.length > NAMED ? ` and ${paths.length - NAMED} more` : '');

/** The batch of a live issue. */
export async function batchOfIssue(
  db: Kysely<DB>,
  issueId: number,
): Promise<{ batchId: number; batch: string; status: string } | undefined> {
  const { rows } = await sql<{ batchId: number; batch: string; status: string }>`
    select b.id as "batchId", b.full_name as batch, b.status
    from newspapers.issues i join newspapers.batches b on b.id = i.batch_id where i.id = ${issueId}`.execute(db);
  return rows[0];
}
