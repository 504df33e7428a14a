import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done, FatalError } from '../../engine/job.js';
import { fillBag, type EnteringFile } from '../../files/bagit/fill-bag.js';
import { TAG_FILES } from '../../files/bagit/write-bag.js';
import { existing } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { compareFiles } from '../../files/fixity/compare.js';
import { readFileSet, recordFiles, type FileSet } from '../../files/fixity/file-records.js';
import { listTree } from '../../files/list-tree.js';
import { absolutePath } from '../../files/paths.js';
import { BAG_ROLE } from '../batch-files/bag-records.js';
import { assertNoneBroken, damagedIssues, flagThem, gatherIssues } from '../batch-files/gather-issues.js';
import { batchObject, listBatchIssues, theBatch } from '../batches/batches.js';

/**
 * Lays the files of a batch's issues out as a site wants them, as hard links where the filesystem allows it, else as copies
 * (newspapers spec 3.3.26, 5.8). Every file is read once, as it enters, and compared with its record; the batch's own
 * records begin with these sums (W17). Done before: those records are there, and every file with its size.
 */
export const createBatchStructure = defineFileJob({
  type: 'create_batch_structure',
  queue: 'io',
  timeout: '12 h',
  args: z.object({ batchId: z.number().int(), location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { batchId, location }, db, signal, progress, pipelineId }) {
    const batch = await theBatch(db, batchId);
    const issues = await listBatchIssues(db, batchId);
    if (issues.length === 0)
      throw new FatalError(`batch ${batch.fullName} has no issues: "bin/batches undo ${batch.fullName}" deletes it`);
    const takeOut = flagThem(batch.fullName);
    const entering = await gatherIssues(db, issues, { takeOut, signal });
    const object = batchObject(batchId);
    const known = await readFileSet(db, object, location, BAG_ROLE);
    if (known && (await isLaidOut(known, entering, location, signal)))
      return done({ result: { files: entering.length, because: 'laid out before' } });
    const { damaged, ...counts } = await fillBag(location, entering, { mayLink: true, signal, progress });
    const places = new Map(issues.map((issue) => [issue.location, issue.key]));
    const keys = [...new Set(damaged.map(({ directory }) => places.get(directory) ?? 'KEY'))];
    assertNoneBroken(damaged, damagedIssues(keys, takeOut));
    const files = entering.map(({ path, record: { size, sha256 } }) => ({ path, size, sha256 }));
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return done({
      result: { issues: issues.length, files: files.length, bytes, ...counts },
      commit: (trx) => recordFiles(trx, { object, role: BAG_ROLE, directory: location, pipelineId, files }),
    });
  },
});

/** Whether what is recorded of the batch is what has to be in it, besides what later jobs add, and lies there whole. */
async function isLaidOut(
  known: FileSet,
  entering: readonly EnteringFile[],
  location: string,
  signal: AbortSignal,
): Promise<boolean> {
  const later = new Set(['data/batch.xml', ...TAG_FILES]);
  const sums = new Map(known.files.filter(({ path }) => !later.has(path)).map(({ path, sha256 }) => [path, sha256]));
  if (sums.size !== entering.length || entering.some(({ path, record }) => sums.get(path) !== record.sha256))
    return false;
  if (!(await existing(location, 'directory'))) return false;
  return compareFiles(known.files, (await listTree(location, signal)).files).length === 0;
}
