/** Takes issues out of page review that must not go on, many at once (newspapers spec 7.5). */
import type { Kysely, Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import { isAsking, lockOpenPipeline } from '../engine/open-pipeline.js';
import { decide } from '../engine/operator.js';
import type { Registry } from '../engine/registry.js';
import type { Settings } from '../settings.js';
import { pageReview } from './actions.js';
import { recordIssueEvent } from './issue-events.js';
import { formatIssueKey, type IssueKey } from './issue-key.js';
import { findIssue, issueObject, setIssueColumns, type Issue } from './issues.js';
import { removalOf, removeErroredIssue } from './pipelines/remove-errored-issue.js';

const COMMENT = 'removed from page review by page-review-issue-fixer';

/** Some of the issues cannot be removed, so none was. */
export class NotAllInReview extends Error {
  override name = 'NotAllInReview';
  constructor(readonly reasons: readonly string[]) {
    super(
      `nothing was done, as not all of these wait for a page review:\n${reasons.map((line) => `  ${line}`).join('\n')}`,
    );
  }
}

export interface RemovalFromReview {
  issue: Issue;
  /** The pipeline that carries it out, or is told to; null in a dry run that would make one. */
  pipelineId: number | null;
}

/**
 * Removes the issues of these keys: their page reviews are decided "remove", in one transaction for all of them.
 *
 * @throws {NotAllInReview} when one does not exist, is not AwaitingPageReview, or does not ask at the moment
 * @throws {AreaAway} when the files of one may be on a disk that is away
 */
export async function removeFromReview(
  db: Kysely<DB>,
  keys: readonly IssueKey[],
  { actor, registry, settings, dryRun }: { actor: string; registry: Registry; settings: Settings; dryRun: boolean },
): Promise<RemovalFromReview[]> {
  return db.transaction().execute(async (trx) => {
    const looked = [];
    for (const key of distinct(keys)) looked.push(await lookAt(trx, key));
    const reasons = looked.flatMap((one) => ('reason' in one ? one.reason : []));
    if (reasons.length > 0) throw new NotAllInReview(reasons);
    const removals: RemovalFromReview[] = [];
    for (const one of looked) {
      if ('reason' in one) continue;
      const { issue, question } = one;
      if (!dryRun && question)
        await decide(trx, registry, question.id, { ...answer, holdRev: question.holdRev, actor });
      const pipelineId = question?.id ?? (dryRun ? null : await start(trx, issue, settings, actor));
      removals.push({ issue, pipelineId });
    }
    return removals;
  });
}

const answer = { verb: 'remove', params: {}, comment: COMMENT, via: 'cli' as const };

type Looked = { reason: string } | { issue: Issue; question: { id: number; holdRev: number } | undefined };

async function lookAt(trx: Transaction<DB>, key: IssueKey): Promise<Looked> {
  const issue = await findIssue(trx, key);
  if (!issue) return { reason: `${formatIssueKey(key)}: there is no such issue in the workflow` };
  if (issue.workflowStep !== 'AwaitingPageReview') return { reason: `${issue.key}: it is ${issue.workflowStep}` };
  const open = await lockOpenPipeline(trx, issueObject(issue.id));
  if (!open) return { issue, question: undefined }; // imported, or its pipeline was cancelled
  const { id, name, status, holdRev } = open;
  return isAsking(open, pageReview.name)
    ? { issue, question: { id, holdRev } }
    : { reason: `${issue.key}: its pipeline ${id} (${name}) is ${status}; let it end, or cancel it first` };
}

async function start(trx: Transaction<DB>, issue: Issue, settings: Settings, actor: string): Promise<number> {
  const removal = await removalOf(issue, issue.location);
  await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' });
  await recordIssueEvent(trx, issue.id, { actor, kind: 'removal_decided', detail: { comment: COMMENT } });
  const [id] = await enqueue(trx, [removeErroredIssue(removal, settings)], { actor });
  return id ?? 0;
}

function distinct(keys: readonly IssueKey[]): IssueKey[] {
  return [...new Map(keys.map((key) => [formatIssueKey(key), key])).values()];
}
