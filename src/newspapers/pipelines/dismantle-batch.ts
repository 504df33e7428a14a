import type { JobCall } from '../../engine/job.js';
import { deleteDirectory } from '../../files/jobs.js';
import type { Settings } from '../../settings.js';
import { batchPlaces } from '../batches/batch-places.js';
import type { Batch } from '../batches/batches.js';
import { forgetBatchFiles } from '../jobs/forget-batch-files.js';
import { removeFlaggedIssues } from '../jobs/remove-flagged-issues.js';
import { purgeBatch } from '../oni/agent-jobs.js';

/**
 * The jobs that take a batch off staging and off the disk, however far it was built, and its flagged issues out of it:
 * the same number of jobs whether one issue is flagged or all (newspapers spec 4, FinalizeIssueFlagging; W5).
 */
export function dismantleBatch(batch: Batch, settings: Settings): JobCall[] {
  const { id: batchId } = batch;
  const { building, output, live, livePart } = batchPlaces(batch.fullName, settings);
  const directories = new Set([live, livePart, building, output, ...(batch.location === null ? [] : [batch.location])]);
  return [
    ...purgeBatch(batchId, 'staging'),
    ...[...directories].map((location) => deleteDirectory({ location })),
    forgetBatchFiles({ batchId }),
    removeFlaggedIssues({ batchId }),
  ];
}
