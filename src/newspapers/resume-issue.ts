/** Letting an issue go on whose pipeline failed (newspapers spec W27). */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { requeuePipeline, type Act } from '../engine/operator.js';
import { Refused } from '../engine/refused.js';
import { findIssueById, ISSUE_OBJECT, NoSuchIssue, type Issue } from './issues.js';

export interface Resumed {
  issue: Issue;
  pipelineId: number;
  pipeline: string;
}

/**
 * Requeues the failed (or delayed) pipeline of an issue: it goes on at the job that failed.
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
  if (!latest) throw new Refused('conflict', `issue ${issue.key} has no pipeline`, `bin/issues show ${issueId}`);
  const { id, name, status, hold_action: question } = latest;
  if (status !== 'failed' && status !== 'delayed') {
    const said = `pipeline ${id} (${name}) of issue ${issue.key} is ${status}, so there is nothing to resume`;
    if (status === 'held') throw new Refused('conflict', said, `decide ${question ?? 'it'} with bin/holding-pen`);
    if (status === 'cancelled' && issue.workflowStep === 'AwaitingProcessing' && !issue.ignored)
      throw new Refused('conflict', said, `bin/issues cancel-intake ${issueId} --reason TEXT takes the upload back`);
    throw new Refused('conflict', said, undefined);
  }
  await requeuePipeline(db, id, act);
  return { issue, pipelineId: id, pipeline: name };
}
