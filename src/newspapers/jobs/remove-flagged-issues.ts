import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import type { Locks } from '../../coordination/locks.js';
import { done } from '../../engine/job.js';
import { isThere } from '../../files/existing.js';
import { defineFileJob } from '../../files/file-job.js';
import { forgetFileSets } from '../../files/fixity/file-records.js';
import { syncDirectory } from '../../files/land.js';
import { metsName } from '../batch-files/layout.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { listBatchIssues, theBatch } from '../batches/batches.js';
import { deleteFlags, listFlagged } from '../batches/flagged-issues.js';
import { recordIssueEvent } from '../issue-events.js';
import { ISSUE_OBJECT, type Issue } from '../issues.js';
import { mendUnfixable } from '../pipelines/metadata.js';

/**
 * Takes all flagged issues out of their batch: their METS are deleted, and in one transaction they leave, become the issue
 * managers' work with the reviewer's reason, and their flags go (newspapers spec 3.2.22, W5, W9). Done before: nothing is
 * flagged any more.
 */
export const removeFlaggedIssues = defineFileJob({
  type: 'remove_flagged_issues',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ batchId: z.number().int() }),
  async run({ args: { batchId }, db, locks, pipelineId }) {
    const batch = await theBatch(db, batchId);
    const flags = new Map((await listFlagged(db, batchId)).map((flag) => [flag.issueId, flag]));
    const issues = (await listBatchIssues(db, batchId)).filter(({ id }) => flags.has(id));
    for (const issue of issues) await deleteMets(issue, locks);
    const ids = issues.map(({ id }) => id);
    return done({
      result: { removed: issues.length },
      commit: async (trx) => {
        await sql`
          update newspapers.issues set batch_id = null, workflow_step = 'UnfixableMetadataError'
          where id = any(${ids}) and batch_id = ${batchId}`.execute(trx);
        await forgetFileSets(trx, ISSUE_OBJECT, ids, 'mets');
        for (const { id } of issues) {
          const { reason = '', flaggedBy = 'engine' } = flags.get(id) ?? {};
          const detail = { batch: batch.fullName, reason };
          await recordIssueEvent(trx, id, { actor: flaggedBy, kind: 'removed_from_batch', detail, pipelineId });
        }
        await deleteFlags(trx, batchId);
        const detail = { issues: issues.map(({ key }) => key) };
        await recordBatchEvent(trx, batchId, { actor: 'engine', kind: 'flagged_issues_removed', detail, pipelineId });
      },
      then: issues.map((issue) => mendUnfixable(issue, whyOf(batch.fullName, flags.get(issue.id)))),
    });
  },
});

const whyOf = (batch: string, flag: { reason: string; flaggedBy: string } | undefined): string =>
  `${flag?.flaggedBy ?? 'somebody'} flagged it in batch ${batch}: ${flag?.reason ?? ''}`;

/** It is made anew when the issue is finalized again; meanwhile nobody must take it for the issue's. */
async function deleteMets(issue: Issue, locks: Locks): Promise<void> {
  if (issue.location === null) return;
  const file = join(issue.location, metsName(issue));
  if (!(await isThere(file))) return;
  await locks.withLock(filesLock(issue.location), async () => {
    await rm(file, { force: true });
    await syncDirectory(dirname(file));
  });
}
