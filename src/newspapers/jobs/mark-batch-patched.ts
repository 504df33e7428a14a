import { sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { DB } from '../../database/database.js';
import { defineJob, done } from '../../engine/job.js';
import { forgetFileSets } from '../../files/fixity/file-records.js';
import { LIVE_ROLE } from '../batch-files/bag-records.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { isLive } from '../batches/batch-status.js';
import { BATCH_OBJECT, listBatchIssues, moveBatch, setBatchColumns, theBatch } from '../batches/batches.js';
import { deleteFlags, listFlagged } from '../batches/flagged-issues.js';
import { theFormerVersion } from '../batches/former-version.js';
import { whyNotBack } from '../batches/returning.js';
import { recordIssueEvent } from '../issue-events.js';
import type { Issue } from '../issues.js';
import { mendUnfixable } from '../pipelines/metadata.js';

/**
 * The next version is what production shows: it is live, the former one is deleted, in NCA's words, since the sites do not
 * have it any more (`live_done` would say that they do). The removed issues leave: those whose workflow files are there
 * become the issue managers' work, with the reason; the others stay out of the workflow. One transaction (W36). Done before:
 * it is live.
 */
export const markBatchPatched = defineJob({
  type: 'mark_batch_patched',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ batchId: z.number().int(), archive: z.string() }),
  async run({ args: { batchId, archive }, db, pipelineId }) {
    const batch = await theBatch(db, batchId);
    if (isLive(batch.status)) return undefined;
    const former = await theFormerVersion(db, batch);
    const flags = new Map((await listFlagged(db, former.id)).map((flag) => [flag.issueId, flag]));
    const back: Issue[] = [];
    const gone: { issue: Issue; why: string }[] = [];
    for (const issue of await listBatchIssues(db, former.id)) {
      const why = await whyNotBack(db, issue);
      if (why === undefined) back.push(issue);
      else gone.push({ issue, why });
    }
    const kept = (await listBatchIssues(db, batchId)).length;
    const reasonFor = ({ id }: Issue): string => flags.get(id)?.reason ?? `it is not in ${batch.fullName}`;
    return done({
      result: { kept, back: back.map(({ key }) => key), gone: gone.map(({ issue }) => issue.key) },
      commit: async (trx) => {
        await moveBatch(trx, batch, 'live', 'went_live_at');
        await moveBatch(trx, former, 'deleted');
        await setBatchColumns(trx, former.id, { location: null });
        await forgetFileSets(trx, BATCH_OBJECT, [former.id], LIVE_ROLE);
        await deleteFlags(trx, former.id);
        await leave(trx, back, true);
        await leave(trx, gone.map(({ issue }) => issue), false); // prettier-ignore
        for (const { issue, why } of [...back.map((issue) => ({ issue, why: undefined })), ...gone]) {
          const detail = { batch: former.fullName, reason: reasonFor(issue), message: why };
          const actor = flags.get(issue.id)?.flaggedBy ?? 'engine';
          await recordIssueEvent(trx, issue.id, { actor, kind: 'removed_from_batch', detail, pipelineId });
        }
        const event = { actor: 'engine', pipelineId };
        await recordBatchEvent(trx, batchId, { ...event, kind: 'batch_live', detail: { archive, issues: kept } });
        const removed = [...back, ...gone.map(({ issue }) => issue)].map(({ key }) => key);
        await recordBatchEvent(trx, former.id, {
          ...{ ...event, kind: 'batch_replaced' },
          detail: {
            message: `${batch.fullName} is live; the archived files of this version stay until a person deletes them`,
            issues: removed,
          },
        });
      },
      then: back.map((issue) =>
        mendUnfixable(issue, `taken out of the live batch ${former.fullName}: ${reasonFor(issue)}`),
      ),
    });
  },
});

/** Takes issues out of their batch, into the workflow or for good. */
async function leave(trx: Transaction<DB>, issues: readonly Issue[], isBack: boolean): Promise<void> {
  const ids = issues.map(({ id }) => id);
  await sql`
    update newspapers.issues set batch_id = null, workflow_step = 'UnfixableMetadataError', ignored = ${!isBack}
    where id = any(${ids})`.execute(trx);
}
