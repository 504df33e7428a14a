/** Letting an issue go on whose pipeline failed, or was cancelled where people work on it (newspapers spec W27, 7.9). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import { gotoJob, requeuePipeline, type Act } from '../engine/operator.js';
import { Refused } from '../engine/refused.js';
import { deleteDirectory, syncRecursive } from '../files/jobs.js';
import { CopyNotVerified } from '../files/move.js';
import { pageReview, unfixableError } from './actions.js';
import { metadataEntry, metadataReview, unfixableMetadata } from './actions/metadata.js';
import { planAgain } from './ask-again.js';
import { beginsAgain, type Again, type Stopped } from './begins-again.js';
import { recordIssueEvent } from './issue-events.js';
import { findIssueById, NoSuchIssue, type Issue } from './issues.js';
import { QUEUE_UPLOADS } from './roles.js';
import { intakeRemedies, standingOf, type Standing } from './uploads/standing.js';

export interface Resumed {
  issue: Issue;
  pipelineId: number;
  pipeline: string;
  /** Files came or changed after they were copied: the pipeline went back to their copy. */
  copiesAgain: boolean;
}

export interface ResumeAct extends Act {
  /** Throws when the actor may not do what begins again: whose question it is may have it asked again. */
  permit?: (privilege: string, db: Kysely<DB>) => Promise<unknown>;
}

/**
 * Requeues the failed (or delayed) pipeline of an issue: it goes on at the job that failed, or, when that could not delete
 * files because their copy is out of date, at their copy. When the pipeline that asks for its page review, its metadata, its
 * review or a decision, or that finalizes it, was cancelled or left out, another begins: with the note and on the desk of the
 * first, and with what was answered but not taken yet.
 *
 * One that was cancelled while it ran may still be at work until its runner notices: the locks on its files make the new one wait.
 *
 * @throws NoSuchIssue
 * @throws Refused when nothing of it can go on; says which command leads on
 */
export async function resumeIssue(db: Kysely<DB>, issueId: number, act: ResumeAct): Promise<Resumed> {
  return db.transaction().execute(async (trx) => {
    await sql`select from newspapers.issues where id = ${issueId} for update`.execute(trx); // of two of us one comes second
    const [issue, standing] = [await findIssueById(trx, issueId), await standingOf(trx, issueId)];
    if (!issue || !standing) throw new NoSuchIssue(issueId);
    const again = beginsAgain(standing);
    await act.permit?.(privilegeOf(again, standing), trx);
    const { pipelineId, pipeline: name, pipelineStatus: status } = standing;
    const isOver = status === null || status === 'cancelled' || status === 'success';
    if (isOver && again !== undefined) return begin(trx, again, issue, pipelineId, act);
    if (pipelineId === null || name === null)
      throw new Refused('conflict', `issue ${issue.key} has no pipeline`, `bin/issues show ${issueId}`);
    if (status !== 'failed' && status !== 'delayed') throw nothingToResume(standing, pipelineId);
    const copy = await outdatedCopy(trx, pipelineId);
    if (copy === undefined) await requeuePipeline(trx, pipelineId, act);
    else await gotoJob(trx, pipelineId, copy, act);
    return { issue, pipelineId, pipeline: name, copiesAgain: copy !== undefined };
  });
}

function nothingToResume(standing: Standing, pipelineId: number): Refused {
  const { issueId, key, pipeline, pipelineStatus: status, question, workflowStep, ignored } = standing;
  const said = `pipeline ${pipelineId} (${pipeline ?? ''}) of issue ${key} is ${status ?? ''}, so there is nothing to resume`;
  if (status === 'held') return new Refused('conflict', said, `decide ${question ?? 'it'} with bin/holding-pen`);
  const isStuck = (status === 'cancelled' || status === 'success') && workflowStep === 'AwaitingProcessing' && !ignored;
  return new Refused('conflict', said, isStuck ? intakeRemedies(standing) : `bin/issues show ${issueId} tells more`);
}

/** Whose question begins again may have it; an intake, and what moves files, is for those who queue uploads. */
function privilegeOf(again: Again | undefined, { workflowStep }: Stopped): string {
  const asked = {
    ReviewPages: workflowStep === 'UnfixableMetadataError' ? unfixableError : pageReview,
    EnterMetadata: metadataEntry,
    ReviewMetadata: metadataReview,
    MendUnfixable: unfixableMetadata,
    FinalizeIssue: undefined,
  };
  return (again && asked[again]?.privilege) ?? QUEUE_UPLOADS;
}

async function begin(
  trx: Transaction<DB>,
  again: Again,
  issue: Issue,
  stopped: number | null,
  act: Act,
): Promise<Resumed> {
  const { actor, reason } = act;
  const plan = await planAgain(trx, again, issue, stopped, act);
  const [pipelineId = 0] = await enqueue(trx, [plan], { actor });
  await recordIssueEvent(trx, issue.id, { actor, kind: 'begun_again', pipelineId, detail: { reason } });
  return { issue, pipelineId, pipeline: plan.name, copiesAgain: false };
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
