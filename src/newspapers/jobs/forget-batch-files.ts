import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { forgetFiles } from '../../files/fixity/file-records.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { batchObject, setBatchColumns } from '../batches/batches.js';

/** The files of a batch were deleted: it lies nowhere, and nothing watches over them. Running it again writes the same. */
export const forgetBatchFiles = defineJob({
  type: 'forget_batch_files',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ batchId: z.number().int() }),
  run: ({ args: { batchId }, pipelineId }) =>
    Promise.resolve(
      done({
        commit: async (trx) => {
          await setBatchColumns(trx, batchId, { location: null });
          await forgetFiles(trx, batchObject(batchId));
          await recordBatchEvent(trx, batchId, {
            actor: 'engine',
            kind: 'batch_files_deleted',
            detail: {},
            pipelineId,
          });
        },
      }),
    ),
});
