import { sql } from 'kysely';
import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { listBatchIssues, moveBatch, theBatch } from '../batches/batches.js';
import { recordIssueEvents } from '../issue-events.js';

/**
 * Ends a batch whose files are gone: its issues are free for another one, at the step where they were (newspapers spec
 * 3.3.31). Done before: it is deleted.
 */
export const markBatchDeleted = defineJob({
  type: 'delete_batch',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ batchId: z.number().int() }),
  async run({ args: { batchId }, db, pipelineId }) {
    const batch = await theBatch(db, batchId);
    if (batch.status === 'deleted') return undefined;
    const ids = (await listBatchIssues(db, batchId)).map(({ id }) => id);
    return done({
      result: { freed: ids.length },
      commit: async (trx) => {
        await moveBatch(trx, batch, 'deleted');
        await sql`update newspapers.issues set batch_id = null where batch_id = ${batchId}`.execute(trx);
        const event = { actor: 'engine', pipelineId };
        const detail = { batch: batch.fullName, reason: 'the batch was deleted' };
        await recordIssueEvents(trx, ids, { ...event, kind: 'removed_from_batch', detail });
        await recordBatchEvent(trx, batchId, { ...event, kind: 'batch_deleted', detail: { issues: ids.length } });
      },
    });
  },
});
