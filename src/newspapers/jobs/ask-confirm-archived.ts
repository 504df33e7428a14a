import { z } from 'zod';
import { defineJob, done, FatalError, hold } from '../../engine/job.js';
import { confirmArchived } from '../actions/batch.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { moveBatch, theBatch } from '../batches/batches.js';

/**
 * Asks whether a live batch is safe in the dark archive; from the answer the four weeks count until its local files may go
 * (newspapers spec 8.1, 8.2).
 */
export const askConfirmArchived = defineJob({
  type: 'confirm_archived',
  queue: 'fast',
  timeout: '5 min',
  args: z.object({ batchId: z.number().int(), archive: z.string() }),
  async run({ args: { batchId, archive }, db, decision, pipelineId }) {
    const batch = await theBatch(db, batchId);
    if (batch.status === 'live_archived' || batch.status === 'live_done') return undefined;
    if (batch.status !== 'live')
      throw new FatalError(
        `batch ${batch.fullName} is ${batch.status}, not live: there is nothing to archive; cancel this`,
      );
    if (decision?.verb === 'archived')
      return done({
        commit: async (trx) => {
          await moveBatch(trx, batch, 'live_archived', 'archived_at');
          const detail = { comment: decision.comment };
          await recordBatchEvent(trx, batchId, { actor: decision.actor, kind: 'batch_archived', detail, pipelineId });
        },
      });
    return hold({
      kind: 'person',
      action: confirmArchived.name,
      role: 'batch loader',
      message: `${batch.fullName} is live; its files are in ${archive}: say when they are safe in the dark archive`,
      payload: { batch: batch.fullName, directory: archive },
    });
  },
});
