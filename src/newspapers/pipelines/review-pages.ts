import type { PipelinePlan } from '../../engine/pipeline.js';
import { issueObject, type Issue } from '../issues.js';
import { askPageReview } from '../jobs/ask-page-review.js';

/**
 * Asks for the page review of an issue whose pages wait in its location already. As a rule that question is the end of
 * *take in upload*; this is for issues that come from elsewhere, and for those of which it was cancelled.
 *
 * @param note the error that was reported, when the question is the issue managers' (the step says so)
 */
export function reviewPages(issue: Issue, note?: string): PipelinePlan {
  if (issue.location === null) throw new Error(`issue ${issue.key} has no location: there are no pages to review`);
  return {
    name: 'ReviewPages',
    description: `issue ${issue.key}`,
    object: issueObject(issue.id),
    jobs: [askPageReview({ issueId: issue.id, location: issue.location, note })],
  };
}
