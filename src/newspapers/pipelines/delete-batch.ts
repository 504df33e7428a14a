import { definePipeline } from '../../engine/pipeline.js';
import { batchObject, type Batch } from '../batches/batches.js';
import { markBatchDeleted } from '../jobs/mark-batch-deleted.js';
import { dismantleBatch } from './dismantle-batch.js';

/** Takes a batch apart: its flagged issues go to the issue managers, the others wait for another batch (newspapers spec 4, BatchDeletion). */
export const deleteBatch = definePipeline<Batch>('BatchDeletion', {
  describe: (batch) => `batch ${batch.fullName}`,
  object: (batch) => batchObject(batch.id),
  jobs: (batch, settings) => [dismantleBatch(batch, settings), markBatchDeleted({ batchId: batch.id })],
});
