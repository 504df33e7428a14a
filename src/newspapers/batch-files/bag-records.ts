/** What is recorded of the bag of a batch. */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { FatalError } from '../../engine/job.js';
import { readFileSet, type FileSet } from '../../files/fixity/file-records.js';
import { quoted } from '../../files/quoted.js';
import { batchObject } from '../batches/batch-object.js';

/** The role of the files of a batch in full, and of its copy for the sites. */
export const BAG_ROLE = 'bag';
export const LIVE_ROLE = 'live';

/** What helps when a batch that was laid out of its issues is not as it was recorded then: it is made of them once more. */
export const rebuildIt = (fullName: string): string =>
  `Have the batch built anew of its issues: cancel its pipeline (bin/run-jobs cancel), then "bin/batches resume ${fullName}"`;

/** Whether a path in a bag is payload. */
export const isPayload = ({ path }: { path: string }): boolean => path.startsWith('data/');

/** The records of a bag that lies in a directory. @throws FatalError when nothing is recorded to lie there */
export async function theBag(db: Kysely<DB>, batchId: number, location: string): Promise<FileSet> {
  const set = await readFileSet(db, batchObject(batchId), location, BAG_ROLE);
  if (set) return set;
  throw new FatalError(
    `nothing is recorded of files of batch ${batchId} in ${quoted(location)}; have the batch built anew: cancel its pipeline (bin/run-jobs cancel), then "bin/batches resume"`,
  );
}
