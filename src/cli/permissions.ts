/**
 * What one must be allowed to do for each command that changes something (newspapers spec 1.9). Commands that are not here only read,
 * or belong to whoever runs the server (run-jobs watch, migrate-database).
 *
 * Three ask by themselves, because it depends on what they are asked to do: `users` (list: "list users"; the rest: "modify
 * users") and `holding-pen` (claim, decide, snooze, wake: the privilege of the question's action; assign, and release of somebody
 * else's claim: "assign work"), and `issues metadata --from`, which answers questions of the holding pen.
 */
import { OPERATE_PIPELINES, Roles } from '../engine/roles.js';
import {
  BUILD_BATCHES,
  IMPORT_SITE,
  MEND_UNFIXABLE,
  MODIFY_ORGANISATIONS,
  MODIFY_TITLES,
  newspaperRoles,
  QUEUE_UPLOADS,
  REVIEW_BATCHES,
  SEE_UPLOADS,
} from '../newspapers/roles.js';

export const PERMISSIONS: Readonly<Record<string, string>> = {
  'bulk-queue': QUEUE_UPLOADS,
  'bulk-queue without queueing': SEE_UPLOADS,
  'issues uploads': SEE_UPLOADS,
  'issues resume': QUEUE_UPLOADS, // where a question is asked again: what its answer takes (resume-issue.ts)
  'issues cancel-intake': QUEUE_UPLOADS,
  'issues finalize-again': MEND_UNFIXABLE,
  'issues verify --accept': MEND_UNFIXABLE,
  'issues import-nca': IMPORT_SITE,
  'page-review-issue-fixer': MEND_UNFIXABLE,
  'queue-batches': BUILD_BATCHES,
  'batches ask': REVIEW_BATCHES,
  'batches resume': OPERATE_PIPELINES,
  'batches patch': REVIEW_BATCHES,
  'batches unpush': REVIEW_BATCHES,
  'remove-dead-issues': MEND_UNFIXABLE,
  'delete-live-done-issues': OPERATE_PIPELINES,
  'titles add': MODIFY_TITLES,
  'titles set': MODIFY_TITLES,
  'orgs add': MODIFY_ORGANISATIONS,
  'agent load-batch': OPERATE_PIPELINES,
  'agent purge-batch': OPERATE_PIPELINES,
  'agent ensure-awardee': OPERATE_PIPELINES,
  'agent load-title': MODIFY_TITLES,
  'run-jobs run-one': OPERATE_PIPELINES,
  'run-jobs requeue': OPERATE_PIPELINES,
  'run-jobs cancel': OPERATE_PIPELINES,
  'run-jobs skip': OPERATE_PIPELINES,
  'run-jobs goto': OPERATE_PIPELINES,
  'run-jobs clean': OPERATE_PIPELINES,
};

/** The roles of all domains. */
export const roles = new Roles(newspaperRoles);
