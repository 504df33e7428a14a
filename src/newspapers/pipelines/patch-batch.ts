import { definePipeline } from '../../engine/pipeline.js';
import { deleteDirectory, renameDirectory } from '../../files/jobs.js';
import { wipOf } from '../../files/move.js';
import { batchPlaces } from '../batches/batch-places.js';
import { batchObject, type Batch } from '../batches/batches.js';
import { askConfirmArchived } from '../jobs/ask-confirm-archived.js';
import { copyLive } from '../jobs/copy-live.js';
import { createPatchedStructure } from '../jobs/create-patched-structure.js';
import { makeBatchXml } from '../jobs/make-batch-xml.js';
import { markBatchPatched } from '../jobs/mark-batch-patched.js';
import { validateBag } from '../jobs/validate-bag.js';
import { writeBag } from '../jobs/write-bag.js';
import { purgeBatch, replaceBatch } from '../oni/agent-jobs.js';

export const PATCH_BATCH = 'PatchBatch';

export interface BatchPatch {
  /** The next version. */
  batch: Batch;
  former: Batch;
}

/**
 * Replaces a live batch by its next version (newspapers spec 7.9, 7.10; W36): built in the archive area beside the former
 * one, of the same files; then the former one is purged from production, this one loaded and compared with what the site
 * shows (W29). In that order: Open ONI keeps the words of a page by LCCN, date, edition and sequence, not by batch, so a purge
 * after the load would take those of the pages that are kept. The former live copy stays until the comparison is through:
 * if the site refuses the new version, the agent can load the former one again. Ends with the question whether the new
 * version is in the dark archive; the former version's archived files stay.
 */
export const patchBatch = definePipeline<BatchPatch>(PATCH_BATCH, {
  describe: ({ batch }) => `batch ${batch.fullName}`,
  object: ({ batch }) => batchObject(batch.id),
  jobs: ({ batch: { id: batchId, fullName }, former }, settings) => {
    const { archive, live } = batchPlaces(fullName, settings);
    const old = batchPlaces(former.fullName, settings);
    const building = wipOf(archive);
    return [
      createPatchedStructure({ batchId, location: building }),
      makeBatchXml({ batchId, location: building }),
      writeBag({ batchId, location: building }),
      validateBag({ location: building }),
      renameDirectory({ from: building, to: archive, fixity: { object: batchObject(batchId) } }),
      copyLive({ batchId, from: archive, to: live }),
      replaceBatch(former.id, batchId, 'production'),
      purgeBatch(former.id, 'staging'),
      deleteDirectory({ location: old.live }),
      markBatchPatched({ batchId, archive }),
      askConfirmArchived({ batchId, archive }),
    ];
  },
});
