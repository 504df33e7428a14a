import { sql } from 'kysely';
import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { isLive } from '../batches/batch-status.js';
import { listBatchIssues, moveBatch, setBatchColumns, theBatch } from '../batches/batches.js';
import { recordIssueEvents } from '../issue-events.js';

/**
 * The batch is on production and in the archive: it is live, and so are its issues, which leave the workflow, in one
 * transaction (newspapers spec 3.3.30). Done before: it is live.
 */
export const markBatchLive = defineJob({
  type: 'mark_batch_live',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({
    batchId: z.number().int(),
    /** Where its files are now. */
    archive: z.string(),
  }),
  async run({ args: { batchId, archive }, db, pipelineId }) {
    const batch = await theBatch(db, batchId);
    if (isLive(batch.status)) return undefined;
    const ids = (await listBatchIssues(db, batchId)).map(({ id }) => id);
    return done({
      result: { issues: ids.length },
      commit: async (trx) => {
        await moveBatch(trx, batch, 'live', 'went_live_at');
        await setBatchColumns(trx, batchId, { location: null });
        await sql`
          update newspapers.issues set workflow_step = 'InProduction', ignored = true where batch_id = ${batchId}`.execute(
          trx,
        );
        const event = { actor: 'engine', pipelineId };
        await recordIssueEvents(trx, ids, { ...event, kind: 'went_live', detail: { batch: batch.fullName } });
        await recordBatchEvent(trx, batchId, { ...event, kind: 'batch_live', detail: { archive, issues: ids.length } });
      },
    });
  },
});
