/** Taking back an intake that failed, was cancelled, or is not wanted: one operation (newspapers spec W27, W33). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import { cancelPipeline, type Act } from '../engine/operator.js';
import { Refused } from '../engine/refused.js';
import type { Settings } from '../settings.js';
import { workPlaces } from './intake-places.js';
import { findIssueById, ISSUE_OBJECT, NoSuchIssue, type Issue } from './issues.js';
import { REMOVALS } from './pipelines/delete-stuck-issue.js';
import { GIVE_BACK, giveBack } from './pipelines/give-back.js';
import { isIntake } from './uploads/standing.js';

export interface CancelledIntake {
  issue: Issue;
  /** The pipeline that brings the files back and takes the issue out of the workflow. */
  pipelineId: number;
  /** Where the upload will lie. */
  upload: string;
}

/**
 * Cancels the intake of an issue and, in the same transaction, enqueues what undoes it: files that were moved go back to
 * the upload place, copies and split pages are removed, the issue leaves the workflow and the upload can be queued
 * again. A crash at any point is carried on by the engine.
 *
 * @throws NoSuchIssue
 * @throws Refused when the intake is over (people work on the issue), or is being undone already
 */
export async function cancelIntake(
  db: Kysely<DB>,
  issueId: number,
  settings: Settings,
  act: Act,
): Promise<CancelledIntake> {
  return db.transaction().execute(async (trx) => {
    await sql`select from newspapers.issues where id = ${issueId} for update`.execute(trx);
    const issue = await findIssueById(trx, issueId);
    if (!issue) throw new NoSuchIssue(issueId);
    const pipelines = await pipelinesOf(trx, issueId);
    const upload = refuseUnlessIntake(issue, pipelines);
    const open = pipelines.find(({ isOpen }) => isOpen);
    if (open) await cancelPipeline(trx, open.id, act);
    const order = {
      places: { upload, ...workPlaces(issue.humanName, settings) },
      wasTaken: pipelines.some((pipeline) => pipeline.deletes),
      notBefore: stoppedBy(pipelines, settings.RUNNER_LEASE).toISOString(),
      ...act,
    };
    const [pipelineId = 0] = await enqueue(trx, [giveBack({ issue, order }, settings)], act);
    return { issue, pipelineId, upload };
  });
}

/** @returns the upload place */
function refuseUnlessIntake(issue: Issue, pipelines: readonly IntakePipeline[]): string {
  const { id, key, workflowStep, kind, location, uploadLocation } = issue;
  const show = `bin/issues show ${id} tells more`;
  if (issue.ignored) throw new Refused('conflict', `issue ${id} (${key}) is out of the workflow already`, show);
  const undoing = pipelines.find(({ name, isOpen }) => name === GIVE_BACK && isOpen);
  if (undoing) {
    const { id: pipelineId, status } = undoing;
    const remedy = status === 'failed' ? `bin/issues resume ${id} lets it go on` : 'wait for it';
    throw new Refused(
      'conflict',
      `the intake of issue ${id} is being undone by pipeline ${pipelineId} (${status})`,
      remedy,
    );
  }
  const removing = pipelines.find(({ name, isOpen }) => REMOVALS.includes(name) && isOpen);
  if (removing) {
    const told = `issue ${id} is being removed by pipeline ${removing.id} (${removing.status})`;
    throw new Refused('conflict', told, 'its files will be in the error area');
  }
  const reviewed = kind === 'borndigital' && pipelines.some(({ name }) => name === 'MakeDerivatives');
  const isLater = pipelines.some(({ name }) => !isIntake(name)); // e.g. it is being finalized
  if (workflowStep !== 'AwaitingProcessing' || reviewed || isLater) {
    const where = `its files are in ${location ?? 'no place'}`;
    throw new Refused(
      'conflict',
      `the intake of issue ${id} (${key}) is over: it is at ${workflowStep}, ${where}`,
      show,
    );
  }
  if (uploadLocation === null)
    throw new Refused(
      'conflict',
      `nobody wrote down where issue ${id} was uploaded; it is in ${location ?? 'no place'}`,
      show,
    );
  return uploadLocation;
}

interface IntakePipeline {
  id: number;
  name: string;
  status: string;
  isOpen: boolean;
  /** It is, or has come past, where it deletes the upload. */
  deletes: boolean;
  /** When it was cancelled while a job ran, or would be now. */
  stoppedAt: Date | null;
}

async function pipelinesOf(trx: Transaction<DB>, issueId: number): Promise<IntakePipeline[]> {
  const { rows } = await sql<IntakePipeline>`
    select p.id, p.name, p.status, p.completed_at is null as "isOpen",
      exists (select from jobs j where j.pipeline_id = p.id and j.type = 'delete_directory' and j.sequence <= p.next_sequence) as deletes,
      case
        when p.status = 'in_process' then now()
        when p.status = 'cancelled' and exists (
          select from events e where e.pipeline_id = p.id and e.kind = 'cancelled' and e.detail ->> 'was' = 'in_process') then p.completed_at
      end as "stoppedAt"
    from pipelines p where p.object_type = ${ISSUE_OBJECT} and p.object_id = ${issueId} order by p.id`.execute(trx);
  return rows;
}

/** From when on no runner works on any of them: one that lost its lease has aborted its work. */
function stoppedBy(pipelines: readonly IntakePipeline[], leaseSeconds: number): Date {
  const stops = pipelines.map(({ stoppedAt }) => (stoppedAt === null ? 0 : stoppedAt.getTime() + leaseSeconds * 1000));
  return new Date(Math.max(0, ...stops));
}
