import { definePipeline } from '../../engine/pipeline.js';
import { moveDirectory } from '../../files/jobs.js';
import { batchPlaces } from '../batches/batch-places.js';
import { batchObject, type Batch } from '../batches/batches.js';
import { askConfirmArchived } from '../jobs/ask-confirm-archived.js';
import { checkBatchFiles } from '../jobs/check-batch-files.js';
import { markBatchLive } from '../jobs/mark-batch-live.js';
import { loadBatch, purgeBatch } from '../oni/agent-jobs.js';

export const GO_LIVE = 'GoLiveProcess';

/**
 * Checks the files of an approved batch, puts it on production, looks that the site shows all of it, and only then moves it to the archive
 * (newspapers spec 4, GoLiveProcess; W38). Ends with the question whether it is safe in the dark archive.
 */
export const goLive = definePipeline<Batch>(GO_LIVE, {
  describe: (batch) => `batch ${batch.fullName}`,
  object: (batch) => batchObject(batch.id),
  jobs: (batch, settings) => {
    const { output, live, archive } = batchPlaces(batch.fullName, settings);
    const object = batchObject(batch.id);
    const location = batch.location ?? output;
    return [
      checkBatchFiles({ batchId: batch.id, location, live, archive }),
      loadBatch(batch.id, 'production'),
      moveDirectory({ from: location, to: archive, fixity: { object } }),
      markBatchLive({ batchId: batch.id, archive }),
      settings.PURGE_STAGING_AFTER_GO_LIVE ? purgeBatch(batch.id, 'staging') : [],
      askConfirmArchived({ batchId: batch.id, archive }),
    ];
  },
});
