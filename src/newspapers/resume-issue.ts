/** Letting an issue go on whose pipeline failed (newspapers spec W27). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { gotoJob, requeuePipeline, type Act } from '../engine/operator.js';
import { Refused } from '../engine/refused.js';
import { deleteDirectory, syncRecursive } from '../files/jobs.js';
import { CopyNotVerified } from '../files/move.js';
import { findIssueById, ISSUE_OBJECT, NoSuchIssue, type Issue } from './issues.js';

export interface Resumed {
  issue: Issue;
  pipelineId: number;
  pipeline: string;
  /** Files came or changed after they were copied: the pipeline went back to their copy. */
  copiesAgain: boolean;
}

/**
 * Requeues the failed (or delayed) pipeline of an issue: it goes on at the job that failed, or, when that could not delete
 * files because their copy is out of date, at their copy.
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
  const copiesAgain = await db.transaction().execute(async (trx) => {
    const copy = await outdatedCopy(trx, id);
    if (copy === undefined) await requeuePipeline(trx, id, act);
    else await gotoJob(trx, id, copy, act);
    return copy !== undefined;
  });
  return { issue, pipelineId: id, pipeline: name, copiesAgain };
}

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
