import { sql } from 'kysely';
import { z } from 'zod';
import { defineJob, done, FatalError } from '../../engine/job.js';
import { forgetFileSets } from '../../files/fixity/file-records.js';
import { LIVE_ROLE } from '../batch-files/bag-records.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { batchPlaces } from '../batches/batch-places.js';
import { BATCH_OBJECT, listBatchIssues, moveBatch, setBatchColumns, theBatch } from '../batches/batches.js';
import { whyNotBack } from '../batches/returning.js';
import { whyUnpushed } from '../batches/why-unpushed.js';
import { recordIssueEvents } from '../issue-events.js';

/**
 * The batch is off the sites: its issues are ready to be batched again, and it is deleted, in one transaction (newspapers spec
 * 7.9, W37). What is recorded of its archived files stays with them. Done before: it is deleted.
 */
export const markBatchUnpushed = defineJob({
  type: 'mark_batch_unpushed',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ batchId: z.number().int() }),
  async run({ args: { batchId }, db, settings, pipelineId }) {
    const batch = await theBatch(db, batchId);
    if (batch.status === 'deleted') return undefined;
    const issues = await listBatchIssues(db, batchId);
    for (const issue of issues) {
      const why = await whyNotBack(db, issue);
      if (why !== undefined)
        throw new FatalError(`issue ${issue.key} of ${batch.fullName} cannot come back: ${why}; mend that and requeue`);
    }
    const ids = issues.map(({ id }) => id);
    const { archive } = batchPlaces(batch.fullName, settings);
    return done({
      result: { issues: ids.length },
      commit: async (trx) => {
        const { actor, reason } = await whyUnpushed(trx, batchId);
        await moveBatch(trx, batch, 'deleted');
        await setBatchColumns(trx, batchId, { location: null });
        await sql`
          update newspapers.issues set batch_id = null, ignored = false, workflow_step = 'ReadyForRebatching'
          where batch_id = ${batchId}`.execute(trx);
        await forgetFileSets(trx, BATCH_OBJECT, [batchId], LIVE_ROLE);
        const detail = { batch: batch.fullName, reason };
        await recordIssueEvents(trx, ids, { actor, kind: 'unpushed_from_batch', detail, pipelineId });
        const message = `its archived files stay in ${archive} until its issues are live in another batch`;
        await recordBatchEvent(trx, batchId, {
          ...{ actor: 'engine', kind: 'batch_unpushed', pipelineId },
          detail: { message, issues: ids.length },
        });
      },
    });
  },
});
