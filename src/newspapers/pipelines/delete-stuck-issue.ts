import { definePipeline } from '../../engine/pipeline.js';
import { workPlaces } from '../intake-places.js';
import { issueObject, type Issue } from '../issues.js';
import { settleStuckIssue } from '../jobs/settle-stuck-issue.js';
import { REMOVE_ERRORED_ISSUE } from './remove-errored-issue.js';

const DELETE_STUCK_ISSUE = 'DeleteStuckIssue';

/** What takes an issue out of the workflow for good: one of them that failed is mended and gone on with, not begun anew. */
export const REMOVALS: readonly string[] = [DELETE_STUCK_ISSUE, REMOVE_ERRORED_ISSUE];

export interface StuckIssue {
  issue: Issue;
  /** Its pipeline, which failed and is cancelled in the same transaction, or was cancelled before. */
  cancelled: number;
}

/**
 * Takes an issue out of the workflow whose pipeline failed, or was cancelled with its files half-way (newspapers spec 4, DeleteStuckIssue). The jobs of
 * RemoveErroredIssue follow once it is known where its files are.
 */
export const deleteStuckIssue = definePipeline<StuckIssue>(DELETE_STUCK_ISSUE, {
  describe: ({ issue }) => `issue ${issue.key}`,
  object: ({ issue }) => issueObject(issue.id),
  jobs: ({ issue, cancelled }, settings) => [
    settleStuckIssue({
      issueId: issue.id,
      cancelled,
      location: issue.location,
      places: workPlaces(issue.humanName, settings),
    }),
  ],
});
