import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { DB } from '../../database/database.js';
import type { Duration } from '../../engine/duration.js';
import { defineJob, done, FatalError, hold } from '../../engine/job.js';
import { pageReview, pageReviewDone } from '../actions.js';
import { setIssueColumns } from '../issues.js';
import { pageReviewProblem } from '../page-review.js';
import { makeDerivatives } from '../pipelines/make-derivatives.js';
import { splitPages } from './split-pages.js';
import { theIssue } from './issue-job.js';

/**
 * Asks for the page review and looks again at intervals. When the folder is ready, the question ends and *make derivatives*
 * starts, in one transaction: the intent is in the database before any file moves (W26).
 */
export const askPageReview = defineJob({
  type: 'page_review',
  queue: 'fast',
  timeout: '5 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  async run({ args, db, settings, decision, pipelineId, log }) {
    const issue = await theIssue(db, args.issueId);
    const answer = decision && pageReviewDone.parse(decision.params);
    const problem = await pageReviewProblem(args.location, {
      pages: await splitPageCount(db, pipelineId),
      deletedPages: answer?.deletedPages ?? 0,
      quietSeconds: answer ? 0 : settings.PAGE_REVIEW_QUIET_TIME,
    });
    if (problem === undefined) {
      log.info(`page review of ${issue.key} is done`);
      return done({
        commit: (trx) => setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' }),
        then: [makeDerivatives(issue, settings)],
      });
    }
    return hold({
      kind: 'person',
      action: pageReview.name,
      role: 'page reviewer',
      message: decision ? `not yet: ${problem}` : problem,
      payload: { directory: args.location },
      wakeAfter: `${settings.PAGE_REVIEW_RECHECK} s` as Duration,
      commit: (trx) => setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingPageReview' }),
    });
  },
});

/** How many pages the split of this pipeline made. */
async function splitPageCount(db: Kysely<DB>, pipelineId: number): Promise<number> {
  const split = await db
    .selectFrom('jobs')
    .select('result')
    .where('pipeline_id', '=', pipelineId)
    .where('type', '=', splitPages.definition.type)
    .executeTakeFirst();
  const result = z.object({ pages: z.number() }).safeParse(split?.result);
  if (!result.success)
    throw new FatalError(
      'it is not known how many pages the split made; move the pipeline back to page_split (run-jobs show, goto)',
    );
  return result.data.pages;
}
