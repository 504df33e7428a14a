/** The question whether an issue's metadata is right, and what its answers do (newspapers spec 9). */
import { sql } from 'kysely';
import { done, type Decision, type Outcome } from '../../engine/job.js';
import type { PipelinePlan } from '../../engine/pipeline.js';
import { metadataEntry, metadataRejection, metadataReview } from '../actions/metadata.js';
import { recordIssueEvent } from '../issue-events.js';
import { setIssueColumns, type Issue } from '../issues.js';
import { theIssue } from '../jobs/issue-job.js';
import { ask, noAnswer, openingOf, tellProblems, type QuestionContext } from './ask.js';
import { checkMetadata } from './check-metadata.js';
import { deskOf } from './desk.js';
import { readMetadata, type IssueMetadata } from './metadata.js';

/** What comes after it. */
export interface AfterReview {
  finalize: (issue: Issue) => PipelinePlan;
  enter: (issue: Issue, asked: { note: string; assignee?: string }) => PipelinePlan;
}

/**
 * Asks, or does what was answered: approved, it goes on to METS; rejected, back to the desk of who entered it. Each with
 * what it starts is one transaction (W19).
 */
export async function reviewMetadata(context: QuestionContext, next: AfterReview): Promise<Outcome> {
  const { db, args, decision } = context;
  const issue = await theIssue(db, args.issueId);
  const metadata = await readMetadata(db, issue.id);
  if (!decision) {
    const message = await openingOf(context, metadataReview, about(issue, metadata));
    return question(issue, metadata, message, args.assignee);
  }
  if (decision.verb === 'approve') return approve(context, issue, metadata, decision, next);
  if (decision.verb === 'reject') {
    const { data } = metadataRejection.safeParse(decision.params);
    if (data) return reject(context, issue, metadata, decision, data.notes, next);
  }
  return question(issue, metadata, noAnswer(decision.verb, metadataReview), decision.actor);
}

const about = ({ key, titleName }: Issue, { enteredBy }: IssueMetadata): string =>
  `review the metadata of ${key} (${titleName})${enteredBy === null ? '' : `, entered by ${enteredBy}`}`;

const question = (issue: Issue, { stored }: IssueMetadata, message: string, assignee: string | undefined): Outcome =>
  ask({
    action: metadataReview,
    role: 'issue reviewer',
    step: 'AwaitingMetadataReview',
    issue,
    message,
    metadata: stored,
    assignee,
  });

async function approve(
  { db, pipelineId }: QuestionContext,
  issue: Issue,
  metadata: IssueMetadata,
  { actor, comment }: Decision,
  next: AfterReview,
): Promise<Outcome> {
  const { problems } = await checkMetadata(db, issue, metadata.stored);
  if (problems.length > 0)
    return question(
      issue,
      metadata,
      `not approved: ${tellProblems(problems)}; reject it, or put the pages right and approve again`,
      actor,
    );
  return done({
    commit: async (trx) => {
      await setIssueColumns(trx, issue.id, {
        workflow_step: 'AwaitingProcessing',
        reviewed_by: actor,
        metadata_approved_at: sql<Date>`now()`,
      });
      const detail = { message: comment };
      await recordIssueEvent(trx, issue.id, { actor, kind: 'metadata_approved', pipelineId, detail });
    },
    then: [next.finalize(issue)],
  });
}

async function reject(
  { db, pipelineId }: QuestionContext,
  issue: Issue,
  { enteredBy }: IssueMetadata,
  { actor }: Decision,
  notes: string,
  next: AfterReview,
): Promise<Outcome> {
  const desk = await deskOf(db, enteredBy, metadataEntry);
  return done({
    commit: async (trx) => {
      await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing', rejected_by: actor });
      await recordIssueEvent(trx, issue.id, { actor, kind: 'metadata_rejected', pipelineId, detail: { notes } });
    },
    then: [next.enter(issue, { note: `${actor} rejected it: ${notes}`, ...desk })],
  });
}
