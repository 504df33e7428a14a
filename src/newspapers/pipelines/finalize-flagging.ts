import type { JobCall } from '../../engine/job.js';
import { definePipeline } from '../../engine/pipeline.js';
import type { Settings } from '../../settings.js';
import { batchObject, type Batch } from '../batches/batches.js';
import { dismantleBatch } from './dismantle-batch.js';
import { buildBatch } from './make-batch.js';

/**
 * Builds a rejected batch again without its flagged issues, under the same name and version (newspapers spec 4,
 * FinalizeIssueFlagging).
 */
export const finalizeFlagging = definePipeline<Batch>('FinalizeIssueFlagging', {
  describe: (batch) => `batch ${batch.fullName}`,
  object: (batch) => batchObject(batch.id),
  jobs: rebuilt,
});

/** The same for a batch whose making was cancelled, however far it had come. */
export const rebuildBatch = definePipeline<Batch>('RebuildBatch', {
  describe: (batch) => `batch ${batch.fullName}`,
  object: (batch) => batchObject(batch.id),
  jobs: rebuilt,
});

function rebuilt(batch: Batch, settings: Settings): JobCall[] {
  return [...dismantleBatch(batch, settings), ...buildBatch(batch, settings)];
}
