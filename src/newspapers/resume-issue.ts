/** Letting an issue go on whose pipeline failed, or was cancelled where people work on it (newspapers spec W27, 7.9). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import { gotoJob, requeuePipeline, type Act } from '../engine/operator.js';
import { Refused } from '../engine/refused.js';
import { deleteDirectory, syncRecursive } from '../files/jobs.js';
import type { PipelinePlan } from '../engine/pipeline.js';
import { CopyNotVerified } from '../files/move.js';
import { recordIssueEvent } from './issue-events.js';
import { findIssueById, ISSUE_OBJECT, NoSuchIssue, type Issue } from './issues.js';
import { finalizeIssue } from './pipelines/finalize-issue.js';
import { enterMetadata, mendUnfixable, reviewMetadata } from './pipelines/metadata.js';

export interface Resumed {
  issue: Issue;
  pipelineId: number;
  pipeline: string;
  /** Files came or changed after they were copied: the pipeline went back to their copy. */
  copiesAgain: boolean;
}

/**
 * Requeues the failed (or delayed) pipeline of an issue: it goes on at the job that failed, or, when that could not delete
 * files because their copy is out of date, at their copy. When the pipeline that asked for its metadata, its review or a
 * decision, or that finalized it, was cancelled, another begins.
 *
 * @throws NoSuchIssue
 * @throws Refused when it has none
 */
export async function resumeIssue(db: Kysely<DB>, issueId: number, act: Act): Promise<Resumed> {
  const issue = await findIssueById(db, issueId);
  if (!issue) throw new NoSuchIssue(issueId);
  const latest = await db
    .selectFrom('pipelines')
    .where('object_type', '=', ISSUE_OBJECT)
    .where('object_id', '=', issueId)
    .select(['id', 'name', 'status', 'hold_action'])
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (!latest || latest.status === 'cancelled') {
    const plan = beginAgain(issue, latest?.name, act);
    if (plan)
      return { issue, pipelineId: await begin(db, issueId, plan, act), pipeline: plan.name, copiesAgain: false };
  }
  if (!latest) throw new Refused('conflict', `issue ${issue.key} has no pipeline`, `bin/issues show ${issueId}`);
  const { id, name, status, hold_action: question } = latest;
  if (status !== 'failed' && status !== 'delayed') {
    const said = `pipeline ${id} (${name}) of issue ${issue.key} is ${status}, so there is nothing to resume`;
    if (status === 'held') throw new Refused('conflict', said, `decide ${question ?? 'it'} with bin/holding-pen`);
    if (status === 'cancelled' && issue.workflowStep === 'AwaitingProcessing' && !issue.ignored)
      throw new Refused('conflict', said, `bin/issues cancel-intake ${issueId} --reason TEXT takes the upload back`);
    throw new Refused('conflict', said, undefined);
  }
  const copiesAgain = await db.transaction().execute(async (trx) => {
    const copy = await outdatedCopy(trx, id);
    if (copy === undefined) await requeuePipeline(trx, id, act);
    else await gotoJob(trx, id, copy, act);
    return copy !== undefined;
  });
  return { issue, pipelineId: id, pipeline: name, copiesAgain };
}

/** What the issue waits for at its step; undefined where files may be half-way, or nothing is to be asked. */
function beginAgain(issue: Issue, cancelled: string | undefined, { actor, reason }: Act): PipelinePlan | undefined {
  if (issue.ignored) return undefined;
  const { workflowStep: step } = issue;
  if (step === 'ReadyForMetadataEntry') return enterMetadata(issue);
  if (step === 'AwaitingMetadataReview') return reviewMetadata(issue);
  if (step === 'UnfixableMetadataError' && (cancelled === undefined || cancelled === 'MendUnfixable'))
    return mendUnfixable(issue, `asked again by ${actor}: ${reason}`);
  return step === 'AwaitingProcessing' && cancelled === 'FinalizeIssue' ? finalizeIssue(issue) : undefined;
}

const begin = (db: Kysely<DB>, issueId: number, plan: PipelinePlan, { actor, reason }: Act): Promise<number> =>
  db.transaction().execute(async (trx) => {
    const [pipelineId = 0] = await enqueue(trx, [plan], { actor });
    await recordIssueEvent(trx, issueId, { actor, kind: 'begun_again', pipelineId, detail: { reason } });
    return pipelineId;
  });

/** The number of the job that copies what the failed job was not to delete; undefined when it failed for another reason. */
async function outdatedCopy(db: Transaction<DB>, pipelineId: number): Promise<number | undefined> {
  const { rows } = await sql<{ sequence: number }>`
    select copy.sequence from pipelines p
    join jobs failed on failed.pipeline_id = p.id and failed.sequence = p.next_sequence
    join jobs copy on copy.pipeline_id = p.id and copy.sequence < failed.sequence and copy.type = ${syncRecursive.definition.type}
      and copy.args ->> 'from' = failed.args ->> 'location' and copy.args ->> 'movedTo' = failed.args ->> 'movedTo'
    where p.id = ${pipelineId} and p.status = 'failed' and p.error ->> 'name' = ${CopyNotVerified.name}
      and failed.type = ${deleteDirectory.definition.type}
    order by copy.sequence desc limit 1 for update of p`.execute(db);
  return rows[0]?.sequence;
}
