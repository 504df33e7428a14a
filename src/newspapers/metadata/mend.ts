/** The question what to do about an issue with an error that its curators cannot mend (newspapers spec 9). */
import { done, type Decision, type Outcome } from '../../engine/job.js';
import type { PipelinePlan } from '../../engine/pipeline.js';
import type { Settings } from '../../settings.js';
import { metadataEntry, metadataReview, returnTo, unfixableMetadata } from '../actions/metadata.js';
import { recordIssueEvent } from '../issue-events.js';
import { setIssueColumns, type Issue } from '../issues.js';
import { theIssue } from '../jobs/issue-job.js';
import { removalOf, type Removal } from '../pipelines/remove-errored-issue.js';
import { ask, noAnswer, openingOf, tellProblems, type QuestionContext } from './ask.js';
import { checkMetadata } from './check-metadata.js';
import { checkDesk } from './desk.js';
import { readMetadata, type IssueMetadata } from './metadata.js';

/** What comes after it. */
export interface AfterMending {
  enter: (issue: Issue, asked: { note: string; assignee?: string }) => PipelinePlan;
  review: (issue: Issue, asked: { note: string; assignee?: string }) => PipelinePlan;
  remove: (removal: Removal, settings: Settings) => PipelinePlan;
}

/** Asks, or does what was answered; with what it starts it is one transaction (W19). */
export async function mendUnfixable(context: QuestionContext, next: AfterMending): Promise<Outcome> {
  const { db, args, decision } = context;
  const issue = await theIssue(db, args.issueId);
  const metadata = await readMetadata(db, issue.id);
  if (!decision) {
    const message = await openingOf(context, unfixableMetadata, `decide about ${issue.key} (${issue.titleName})`);
    return question(issue, metadata, message, args.assignee);
  }
  if (decision.verb === 'remove') return remove(context, issue, decision, next);
  const { data } = returnTo.safeParse(decision.params);
  if (!data || (decision.verb !== 'return_to_entry' && decision.verb !== 'return_to_review'))
    return question(issue, metadata, noAnswer(decision.verb, unfixableMetadata), decision.actor);
  const toReview = decision.verb === 'return_to_review';
  const obstacle =
    (toReview ? await notForReview(context, issue, metadata) : undefined) ??
    (data.owner && (await checkDesk(db, data.owner, toReview ? metadataReview : metadataEntry, metadata.enteredBy)));
  if (obstacle) return question(issue, metadata, `not returned: ${obstacle}`, decision.actor);
  return giveBack(context, issue, decision, data.owner, toReview ? next.review : next.enter);
}

const question = (issue: Issue, { stored }: IssueMetadata, message: string, assignee: string | undefined): Outcome =>
  ask({
    action: unfixableMetadata,
    role: 'issue manager',
    step: 'UnfixableMetadataError',
    issue,
    message,
    metadata: stored,
    assignee,
  });

/** Only what was submitted and is still right can be reviewed. */
async function notForReview(
  { db }: QuestionContext,
  issue: Issue,
  { enteredBy, stored, draft }: IssueMetadata,
): Promise<string | undefined> {
  const drafted = Object.keys(draft);
  if (enteredBy === null) return 'nobody has submitted its metadata yet: return it to entry';
  if (drafted.length > 0)
    return `what was entered since (${drafted.join(', ')}) is not submitted yet: return it to entry`;
  const { problems } = await checkMetadata(db, issue, stored);
  return problems.length === 0 ? undefined : `its metadata is not valid, return it to entry: ${tellProblems(problems)}`;
}

function giveBack(
  { pipelineId }: QuestionContext,
  issue: Issue,
  { actor, comment, verb }: Decision,
  owner: string | undefined,
  ask: AfterMending['enter'],
): Outcome {
  const said = comment === null || comment.trim() === '' ? '' : `: ${comment.trim()}`;
  const desk = owner === undefined ? {} : { assignee: owner };
  return done({
    commit: async (trx) => {
      await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' });
      const to = verb === 'return_to_review' ? 'review' : 'entry';
      await recordIssueEvent(trx, issue.id, { actor, kind: 'returned', pipelineId, detail: { to, owner, comment } });
    },
    then: [ask(issue, { note: `${actor} returned it${said}`, ...desk })],
  });
}

async function remove(
  { settings, pipelineId }: QuestionContext,
  issue: Issue,
  { actor, comment }: Decision,
  next: AfterMending,
): Promise<Outcome> {
  const removal = await removalOf(issue, issue.location); // one that throws is tried again: the decision stands
  return done({
    commit: async (trx) => {
      await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' });
      await recordIssueEvent(trx, issue.id, { actor, kind: 'removal_decided', pipelineId, detail: { comment } });
    },
    then: [next.remove(removal, settings)],
  });
}
