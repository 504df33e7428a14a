/** Finalizing issues anew that wait for a batch: under another organisation, or because their METS was lost (newspapers spec 7.9). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import type { Act } from '../engine/operator.js';
import { Refused } from '../engine/refused.js';
import { recordIssueEvent } from './issue-events.js';
import { findIssueById, NoSuchIssue, setIssueColumns, type Issue } from './issues.js';
import { getOrg, type Org } from './orgs.js';
import { finalizeIssue } from './pipelines/finalize-issue.js';

export interface FinalizedAgain {
  issue: Issue;
  pipelineId: number;
}

/**
 * Enqueues the pipeline that writes the METS of each issue and records its files: of all of them, or of none. Those that came
 * back from a live batch wait for `queue-batches --redo` after it as they did before.
 *
 * @param orgCode whose the issues are from now on
 * @throws UnknownOrg, NoSuchIssue
 * @throws Refused naming an issue that does not wait for a batch
 * @throws ObjectBusy naming one that something is at work on
 */
export async function finalizeAgain(
  db: Kysely<DB>,
  issueIds: readonly number[],
  { orgCode, ...act }: Act & { orgCode?: string | undefined },
): Promise<FinalizedAgain[]> {
  return db.transaction().execute(async (trx) => {
    const org = orgCode === undefined ? undefined : await getOrg(trx, orgCode);
    const all: FinalizedAgain[] = [];
    for (const id of [...new Set(issueIds)].sort((a, b) => a - b)) all.push(await finalizeOne(trx, id, org, act)); // locked in one order
    return all;
  });
}

async function finalizeOne(
  trx: Transaction<DB>,
  id: number,
  org: Org | undefined,
  { actor, reason }: Act,
): Promise<FinalizedAgain> {
  const { rows } = await sql<{ isInBatch: boolean }>`
    select batch_id is not null as "isInBatch" from newspapers.issues where id = ${id} for update`.execute(trx);
  const issue = await findIssueById(trx, id);
  if (!issue || !rows[0]) throw new NoSuchIssue(id);
  const { key, workflowStep } = issue;
  const { isInBatch } = rows[0];
  if ((workflowStep !== 'ReadyForBatching' && workflowStep !== 'ReadyForRebatching') || isInBatch)
    throw new Refused(
      'conflict',
      `issue ${key} is ${isInBatch ? 'in a batch' : workflowStep}: only one that waits for a batch is finalized again`,
      `bin/issues show ${id} tells how it stands`,
    );
  await setIssueColumns(trx, id, { workflow_step: 'AwaitingProcessing', ...(org && { org_id: org.id }) });
  const [pipelineId = 0] = await enqueue(trx, [finalizeIssue(issue, workflowStep)], { actor });
  const detail = { reason, ...(org && { from: issue.orgCode, to: org.code }) };
  await recordIssueEvent(trx, id, { actor, kind: 'finalized_again', pipelineId, detail });
  return { issue, pipelineId };
}
