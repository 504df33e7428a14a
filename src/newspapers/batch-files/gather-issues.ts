/** The files of the issues of a batch, as they are recorded and found, before any of them is read (W17). */
import { join, relative } from 'node:path';
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { FatalError } from '../../engine/job.js';
import type { EnteringFile } from '../../files/bagit/fill-bag.js';
import { isClutter } from '../../files/clutter.js';
import { existing, vanished } from '../../files/existing.js';
import { compareFiles, FixityBroken, type Damage } from '../../files/fixity/compare.js';
import { readFileSets } from '../../files/fixity/file-records.js';
import { listTree } from '../../files/list-tree.js';
import { issueObject, type Issue } from '../issues.js';
import { issuePath, metsName } from './layout.js';

/** A file of an issue that is not as recorded. */
export interface Broken {
  directory: string;
  damage: Damage;
}

/**
 * Says which files enter the batch, and where. Dotfiles stay behind: the sums are in the database.
 *
 * @throws {FixityBroken} naming every file that is missing, was never recorded, or has another size than recorded
 * @throws {FatalError} when an issue has no files, no records or no METS, or two issues have one key
 */
export async function gatherIssues(
  db: Kysely<DB>,
  issues: readonly Issue[],
  { takeOut, signal }: { takeOut: TakeOut; signal?: AbortSignal },
): Promise<EnteringFile[]> {
  const places = new Map<string, Issue>();
  const entering: EnteringFile[] = [];
  const broken: (Broken & { key: string })[] = [];
  for (const issue of issues) {
    const place = `data/${issuePath(issue)}`;
    const twin = places.get(place);
    if (twin)
      throw new FatalError(
        `issues ${twin.id} and ${issue.id} of the batch are both ${issue.key}; ${takeOut([issue.key])}, and correct the date or edition of one`,
      );
    places.set(place, issue);
    const directory = issue.location;
    if (directory === null)
      throw new FatalError(`issue ${issue.key} (${issue.id}) has no files any more; ${takeOut([issue.key])}`);
    const sets = await readFileSets(db, issueObject(issue.id), directory);
    const recorded = sets.flatMap(({ files }) => files).filter(({ path }) => !isClutter(path));
    if (!(await existing(directory, 'directory')))
      throw await vanished(
        directory,
        `it holds issue ${issue.key}; put it back and requeue, or ${takeOut([issue.key])}`,
      );
    const { files } = await listTree(directory, signal);
    for (const damage of compareFiles(recorded, files)) broken.push({ directory, damage, key: issue.key });
    if (!recorded.some(({ path }) => path === metsName(issue)))
      throw new FatalError(
        `issue ${issue.key} (${issue.id}) has no recorded METS ${metsName(issue)} in ${directory}; was its date or edition changed since? ${takeOut([issue.key])}; its METS is made when its metadata is approved again`,
      );
    entering.push(...recorded.map((record) => ({ path: `${place}/${record.path}`, directory, record })));
  }
  assertNoneBroken(broken, damagedIssues([...new Set(broken.map(({ key }) => key))], takeOut));
  return entering;
}

/** How issues that cannot be in a batch leave it, as a command. */
export type TakeOut = (keys: readonly string[]) => string;

/** The same of a batch that is being built. */
export const flagThem =
  (fullName: string): TakeOut =>
  (keys) =>
    `"bin/batches flag ${fullName} ${named(keys)} --reason TEXT" and "bin/batches finalize ${fullName}" build it without`;

/** What helps when files of issues are not as recorded. */
export const damagedIssues = (keys: readonly string[], takeOut: TakeOut): string =>
  `Put back what was recorded (from the original upload or a backup) and requeue; if what is there now is right, ` +
  `"bin/issues verify ${named(keys)} --accept REASON", then requeue; or ${takeOut(keys)}`;

const NAMED = 10;
const named = (keys: readonly string[]): string => keys.slice(0, NAMED).join(' ') + (keys.length > NAMED ? ' ...' : '');

/** @throws {FixityBroken} that names all of them */
export function assertNoneBroken(broken: readonly Broken[], remedy?: string): void {
  const [first] = broken;
  if (!first) return;
  const above = broken.map(({ directory }) => directory).reduce(commonDirectory);
  throw new FixityBroken(
    above,
    broken.map(({ directory, damage }) => ({ ...damage, path: join(relative(above, directory), damage.path) })),
    remedy,
  );
}

function commonDirectory(one: string, other: string): string {
  const [a, b] = [one.split('/'), other.split('/')];
  const same = a.findIndex((part, i) => part !== b[i]);
  return same === -1 ? one : a.slice(0, same).join('/') || '/';
}
