/** The files of a batch that its next version keeps, as they are recorded (newspapers spec W36). */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { FatalError } from '../../engine/job.js';
import type { EnteringFile } from '../../files/bagit/fill-bag.js';
import { readFileSets, type FileSet } from '../../files/fixity/file-records.js';
import { batchObject } from '../batches/batch-object.js';
import type { Batch } from '../batches/batches.js';
import type { Issue } from '../issues.js';
import { BAG_ROLE } from './bag-records.js';
import { issuePath, metsPath } from './layout.js';

/** What is recorded of a batch's files, wherever they lie. @throws FatalError when nothing is */
export async function readFormerBag(db: Kysely<DB>, { id, fullName }: Batch): Promise<FileSet> {
  const set = (await readFileSets(db, batchObject(id))).find(({ role }) => role === BAG_ROLE);
  if (set) return set;
  throw new FatalError(
    `nothing is recorded of the files of ${fullName}, as of a batch that another program made: it cannot be patched here`,
  );
}

/** The files of these issues. @throws FatalError naming an issue that has none, or no METS, in the bag */
export function keptFiles(bag: FileSet, issues: readonly Issue[]): EnteringFile[] {
  const places = new Set(issues.map((issue) => `data/${issuePath(issue)}`));
  const there = new Set(bag.files.map(({ path }) => path));
  const lost = issues.find((issue) => !there.has(`data/${metsPath(issue)}`));
  if (lost)
    throw new FatalError(
      `the METS of issue ${lost.key} is not among the files of the batch in ${bag.directory}; was its date or edition changed since?`,
    );
  return bag.files
    .filter(({ path }) => places.has(path.split('/').slice(0, 4).join('/'))) // data/<lccn>/print/<YYYYMMDDEE>
    .map((record) => ({ path: record.path, directory: bag.directory, record }));
}
