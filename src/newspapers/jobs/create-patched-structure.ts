import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { done } from '../../engine/job.js';
import { fillBag } from '../../files/bagit/fill-bag.js';
import { existing, vanished } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { readFileSet, recordFiles } from '../../files/fixity/file-records.js';
import { absolutePath } from '../../files/paths.js';
import { renameDirectory } from '../../files/rename-directory.js';
import { BAG_ROLE } from '../batch-files/bag-records.js';
import { assertNoneBroken } from '../batch-files/gather-issues.js';
import { keptFiles, readFormerBag } from '../batch-files/kept-files.js';
import { batchPlaces } from '../batches/batch-places.js';
import { theFormerVersion } from '../batches/former-version.js';
import { batchObject, listBatchIssues, theBatch } from '../batches/batches.js';

/**
 * Lays out the next version of a batch from the files of the version before it, as hard links where the filesystem allows
 * it, else as copies. Every file is read once, as it enters, and compared with what is recorded of it (W17). What a run
 * or a pipeline before it left is gone over, not begun anew.
 */
export const createPatchedStructure = defineFileJob({
  type: 'create_patched_structure',
  queue: 'io',
  timeout: '12 h',
  args: z.object({ batchId: z.number().int(), location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { batchId, location }, db, settings, signal, progress, pipelineId }) {
    const batch = await theBatch(db, batchId);
    const bag = await readFormerBag(db, await theFormerVersion(db, batch));
    if (!(await existing(bag.directory, 'directory')))
      throw await vanished(bag.directory, `${batch.fullName} is made of it; put it back and requeue`);
    const entering = keptFiles(bag, await listBatchIssues(db, batchId));
    const object = batchObject(batchId);
    const { archive } = batchPlaces(batch.fullName, settings);
    const isOurs = (await readFileSet(db, object, archive, BAG_ROLE)) !== undefined;
    // A pipeline before this one had come further and was cancelled.
    if (isOurs && (await existing(archive, 'directory'))) await renameDirectory(archive, location);
    const { damaged, ...counts } = await fillBag(location, entering, { mayLink: true, signal, progress });
    assertNoneBroken(damaged);
    const files = entering.map(({ path, record: { size, sha256 } }) => ({ path, size, sha256 }));
    const set = { object, role: BAG_ROLE, directory: location, pipelineId, files };
    return done({ result: { files: files.length, ...counts }, commit: (trx) => recordFiles(trx, set) });
  },
});
