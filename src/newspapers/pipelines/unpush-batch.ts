import { definePipeline } from '../../engine/pipeline.js';
import { deleteDirectory } from '../../files/jobs.js';
import { batchPlaces } from '../batches/batch-places.js';
import { batchObject, type Batch } from '../batches/batches.js';
import { markBatchUnpushed } from '../jobs/mark-batch-unpushed.js';
import { purgeBatch } from '../oni/agent-jobs.js';

export const UNPUSH_BATCH = 'UnpushBatch';

/**
 * Takes a live batch back (newspapers spec 7.9). The sites let go of it before their files are deleted, and its issues are
 * free only then, so that no other batch brings them while it shows them. The archived files stay: they are the only whole
 * copy in a batch's form until the issues are live again, and deleting them is a person's.
 */
export const unpushBatch = definePipeline<Batch>(UNPUSH_BATCH, {
  describe: (batch) => `batch ${batch.fullName}`,
  object: (batch) => batchObject(batch.id),
  jobs: (batch, settings) => {
    const { live, livePart } = batchPlaces(batch.fullName, settings);
    return [
      purgeBatch(batch.id, 'production'),
      purgeBatch(batch.id, 'staging'),
      deleteDirectory({ location: live }),
      deleteDirectory({ location: livePart }),
      markBatchUnpushed({ batchId: batch.id }),
    ];
  },
});
