import type { JobCall } from '../../engine/job.js';
import { definePipeline } from '../../engine/pipeline.js';
import { renameDirectory } from '../../files/jobs.js';
import type { Settings } from '../../settings.js';
import { batchPlaces } from '../batches/batch-places.js';
import { batchObject, type Batch } from '../batches/batches.js';
import { askBatchQc } from '../batches/questions.js';
import { checkBatchSpace } from '../jobs/check-batch-space.js';
import { copyLive } from '../jobs/copy-live.js';
import { createBatchStructure } from '../jobs/create-batch-structure.js';
import { makeBatchXml } from '../jobs/make-batch-xml.js';
import { setBatchLocation } from '../jobs/set-batch-location.js';
import { validateBag } from '../jobs/validate-bag.js';
import { writeBag } from '../jobs/write-bag.js';
import { loadBatch } from '../oni/agent-jobs.js';

/**
 * The jobs that build a batch of its issues, bag it, copy what the sites need to the live path, load it on staging, and
 * ask for its quality control (newspapers spec 4, MakeBatch). Room is looked for first (W40).
 */
export function buildBatch(batch: Batch, settings: Settings): JobCall[] {
  const { id: batchId } = batch;
  const { building, output, live } = batchPlaces(batch.fullName, settings);
  const object = batchObject(batchId);
  return [
    checkBatchSpace({ batchId }),
    createBatchStructure({ batchId, location: building }),
    makeBatchXml({ batchId, location: building }),
    renameDirectory({ from: building, to: output, fixity: { object } }),
    setBatchLocation({ batchId, location: output }),
    writeBag({ batchId, location: output }),
    validateBag({ location: output }),
    copyLive({ batchId, from: output, to: live }),
    ...loadBatch(batchId, 'staging'),
    askBatchQc(batchId),
  ];
}

export const makeBatch = definePipeline<Batch>('MakeBatch', {
  describe: (batch) => `batch ${batch.fullName}`,
  object: (batch) => batchObject(batch.id),
  jobs: buildBatch,
});
