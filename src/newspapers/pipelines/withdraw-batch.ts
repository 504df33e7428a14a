import { definePipeline } from '../../engine/pipeline.js';
import { deleteDirectory } from '../../files/jobs.js';
import { wipOf } from '../../files/move.js';
import { batchPlaces } from '../batches/batch-places.js';
import { WITHDRAW_BATCH } from '../batches/batch-stand.js';
import { batchObject, type Batch } from '../batches/batches.js';
import { askBatchQc } from '../batches/questions.js';
import { purgeBatch } from '../oni/agent-jobs.js';

/**
 * Brings a batch whose go-live was stopped back to quality control: production lets go of it first, and what was copied
 * for the archive goes. The full batch and its live copy stay as they are.
 */
export const withdrawBatch = definePipeline<Batch>(WITHDRAW_BATCH, {
  describe: (batch) => `batch ${batch.fullName}`,
  object: (batch) => batchObject(batch.id),
  jobs: (batch, settings) => [
    purgeBatch(batch.id, 'production'),
    deleteDirectory({ location: wipOf(batchPlaces(batch.fullName, settings).archive) }),
    askBatchQc(batch.id),
  ],
});
