import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { setBatchColumns, theBatch } from '../batches/batches.js';

/** Says where the full batch is now. Done before: it is said already. */
export const setBatchLocation = defineJob({
  type: 'set_batch_location',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ batchId: z.number().int(), location: z.string() }),
  async run({ args: { batchId, location }, db, pipelineId }) {
    const batch = await theBatch(db, batchId);
    if (batch.location === location) return undefined;
    return done({
      commit: async (trx) => {
        await setBatchColumns(trx, batchId, { location });
        await recordBatchEvent(trx, batchId, {
          actor: 'engine',
          kind: 'batch_built',
          detail: { location },
          pipelineId,
        });
      },
    });
  },
});
