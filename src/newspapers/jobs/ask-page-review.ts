import { z } from 'zod';
import type { Duration } from '../../engine/duration.js';
import { defineJob, done, hold, type Decision } from '../../engine/job.js';
import { pageReview, pageReviewDone } from '../actions.js';
import { setIssueColumns } from '../issues.js';
import { pageReviewProblem } from '../page-review.js';
import { countPages, setPageCount } from '../pages.js';
import { makeDerivatives } from '../pipelines/make-derivatives.js';
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
  async run({ args, db, settings, decision, log }) {
    const issue = await theIssue(db, args.issueId);
    const answer = readAnswer(decision);
    const pages = await countPages(db, issue.id);
    const problem =
      answer.mistake ??
      (await pageReviewProblem(args.location, {
        pages,
        deletedPages: answer.deletedPages,
        quietSeconds: decision ? 0 : settings.PAGE_REVIEW_QUIET_TIME,
      }));
    if (problem === undefined) {
      log.info(`page review of ${issue.key} is done`);
      return done({
        commit: async (trx) => {
          await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' });
          await setPageCount(trx, issue.id, pages - answer.deletedPages);
        },
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

/** What a decision says; one that psql took unchecked may say nothing that we know. */
function readAnswer(decision: Decision | undefined): { deletedPages: number; mistake?: string } {
  if (decision === undefined) return { deletedPages: 0 };
  if (decision.verb !== 'done')
    return { deletedPages: 0, mistake: `${decision.verb} is no answer to a page review: decide done` };
  const parsed = pageReviewDone.safeParse(decision.params);
  return parsed.success ? parsed.data : { deletedPages: 0, mistake: 'deletedPages must be a whole number, 0 or more' };
}
