/** The question for an issue's metadata, and what its answers do (newspapers spec 9). */
import type { Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { done, type Decision, type Outcome } from '../../engine/job.js';
import type { PipelinePlan } from '../../engine/pipeline.js';
import {
  issueErrorReport,
  metadataDraft,
  metadataEntry,
  metadataReview,
  metadataSubmission,
} from '../actions/metadata.js';
import { recordIssueEvent } from '../issue-events.js';
import { formatIssueKey } from '../issue-key.js';
import { setIssueColumns, type Issue } from '../issues.js';
import { theIssue } from '../jobs/issue-job.js';
import { ask, noAnswer, openingOf, tellProblems, type QuestionContext } from './ask.js';
import { checkMetadata, type CheckedMetadata } from './check-metadata.js';
import { deskOf } from './desk.js';
import { givenOf, withGiven, type GivenMetadata, type MetadataFields } from './fields.js';
import { readMetadata, saveDraft, storeMetadata, type IssueMetadata } from './metadata.js';

/** What comes after it. */
export interface AfterEntry {
  review: (issue: Issue, asked: { note?: string | undefined; assignee?: string }) => PipelinePlan;
  mend: (issue: Issue, why: string) => PipelinePlan;
}

interface Entering {
  context: QuestionContext;
  issue: Issue;
  metadata: IssueMetadata;
}

/**
 * Asks, or does what was answered. A draft is kept unchecked. A submission is checked together with what was kept: what is
 * not right is told field by field, and nothing of it is lost; what is right is stored, and the review begins, in one
 * transaction (W19).
 */
export async function enterMetadata(context: QuestionContext, next: AfterEntry): Promise<Outcome> {
  const { db, args, decision } = context;
  const entering: Entering = {
    context,
    issue: await theIssue(db, args.issueId),
    metadata: await readMetadata(db, args.issueId),
  };
  if (!decision) return askFirst(entering);
  if (decision.verb === 'report_error') {
    const { data } = issueErrorReport.safeParse(decision.params);
    if (data) return reportError(entering, decision, data.error, next);
  }
  if (decision.verb === 'draft') {
    const { data } = metadataDraft.safeParse(decision.params);
    if (data) return askAgain(entering, decision, `draft kept; ${about(entering.issue)}`, data);
  }
  if (decision.verb === 'submit') {
    const { data } = metadataSubmission.safeParse(decision.params);
    if (data) return submit(entering, decision, data, next);
  }
  return askAgain(entering, decision, noAnswer(decision.verb, metadataEntry), {});
}

const about = ({ key, titleName }: Issue): string => `enter the metadata of ${key} (${titleName})`;

const question = ({ issue }: Entering) =>
  ({ action: metadataEntry, role: 'issue curator', step: 'ReadyForMetadataEntry', issue }) as const;

async function askFirst(entering: Entering): Promise<Outcome> {
  const { context, issue, metadata } = entering;
  const message = await openingOf(context, metadataEntry, about(issue));
  return ask({ ...question(entering), message, metadata: metadata.present, assignee: context.args.assignee });
}

/** Keeps what was given as a draft, and leaves the question on the desk of who gave it. */
function askAgain(entering: Entering, { actor }: Decision, message: string, parameters: GivenMetadata): Outcome {
  const { context, issue, metadata } = entering;
  const given = givenOf(parameters);
  const fields = Object.keys(given);
  return ask({
    ...question(entering),
    message,
    metadata: withGiven(metadata.stored, { ...metadata.draft, ...given }),
    assignee: actor,
    keep: async (trx) => {
      if (fields.length === 0) return;
      await saveDraft(trx, issue.id, given);
      await tell(trx, entering, context.pipelineId, actor, 'metadata_saved', { fields });
    },
  });
}

async function submit(
  entering: Entering,
  decision: Decision,
  { acceptWarnings, ...parameters }: GivenMetadata & { acceptWarnings: boolean },
  next: AfterEntry,
): Promise<Outcome> {
  const { context, issue, metadata } = entering;
  const { db, log, pipelineId } = context;
  // Over what is stored, not what is shown: there a day as labelled that was drafted looks like one that only follows the day.
  const fields = withGiven(metadata.stored, { ...metadata.draft, ...givenOf(parameters) });
  const checked = await checkMetadata(db, issue, fields);
  const refusal = refusalOf(checked, acceptWarnings);
  if (refusal !== undefined)
    return askAgain(entering, decision, `not submitted, kept as a draft: ${refusal}`, parameters);
  const { actor } = decision;
  const { warnings } = checked;
  const key = formatIssueKey({ lccn: issue.lccn, date: fields.date, edition: fields.edition });
  const submitted: Issue = { ...issue, date: fields.date, edition: fields.edition, key };
  const desk = await deskOf(db, metadata.rejectedBy, metadataReview, actor);
  log.info(`the metadata of ${key} is submitted`);
  return done({
    commit: async (trx) => {
      await storeMetadata(trx, issue.id, {
        fields,
        actor,
        duplicateReason: reasonToStay(checked, actor, key !== issue.key),
      });
      if (warnings.length > 0) await tell(trx, entering, pipelineId, actor, 'warnings_accepted', { warnings });
      await tell(
        trx,
        entering,
        pipelineId,
        actor,
        'metadata_submitted',
        submissionDetail(issue, key, fields, decision),
      );
    },
    then: [next.review(submitted, { ...desk, note: noteForReview(saidOf(fields, decision), warnings) })],
  });
}

/** What keeps metadata from being submitted, in words; undefined: nothing. */
export function refusalOf({ problems, warnings }: CheckedMetadata, acceptWarnings: boolean): string | undefined {
  const unaccepted = acceptWarnings
    ? []
    : warnings.map((warning) => `${warning}; if this is right, submit with acceptWarnings=true`);
  const told = [...(problems.length === 0 ? [] : [tellProblems(problems)]), ...unaccepted];
  return told.length === 0 ? undefined : told.join('; ');
}

/** One that it was let in with counts for its old key only. */
function reasonToStay({ keyIsTaken }: CheckedMetadata, actor: string, keyChanges: boolean): string | null | undefined {
  if (keyIsTaken) return `accepted by ${actor} when the metadata was entered`;
  return keyChanges ? null : undefined;
}

const saidOf = ({ comment }: MetadataFields, decision: Decision): string | null =>
  comment === '' ? decision.comment : comment;

/** What the reviewer must know besides the metadata. */
function noteForReview(said: string | null, warnings: readonly string[]): string | undefined {
  const accepted = warnings.length === 0 ? '' : `accepted: ${warnings.join('; ')}`;
  const told = [said?.trim(), accepted].filter(Boolean);
  return told.length === 0 ? undefined : told.join('; ');
}

/** What was said, and the old key where it changed. */
function submissionDetail(issue: Issue, key: string, all: MetadataFields, decision: Decision) {
  const message = saidOf(all, decision);
  return {
    ...(message !== null && { message }),
    ...(key !== issue.key && { formerKey: issue.key, key }),
    metadata: { ...all, comment: undefined }, // which is the message
  };
}

function reportError(entering: Entering, { actor }: Decision, error: string, next: AfterEntry): Outcome {
  const { context, issue } = entering;
  return done({
    commit: async (trx) => {
      await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' });
      await tell(trx, entering, context.pipelineId, actor, 'error_reported', { error });
    },
    then: [next.mend(issue, `${actor} reported an error: ${error}`)],
  });
}

const tell = (
  trx: Transaction<DB>,
  { issue }: Entering,
  pipelineId: number,
  actor: string,
  kind: string,
  detail: Record<string, unknown>,
): Promise<void> => recordIssueEvent(trx, issue.id, { actor, kind, pipelineId, detail });
