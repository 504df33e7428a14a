/**
 * What one must be allowed to do for each command that changes something (newspapers spec 1.9). Commands that are not here only read,
 * or belong to whoever runs the server (run-jobs watch, migrate-database).
 *
 * Two programs ask by themselves, because it depends on what they are asked to do: `users` (list: "list users"; the rest: "modify
 * users") and `holding-pen` (claim, decide, snooze, wake: the privilege of the question's action; assign, and release of somebody
 * else's claim: "assign work").
 */
import { OPERATE_PIPELINES, Roles } from '../engine/roles.js';
import {
  MEND_UNFIXABLE,
  MODIFY_ORGANISATIONS,
  MODIFY_TITLES,
  newspaperRoles,
  QUEUE_UPLOADS,
  SEE_UPLOADS,
} from '../newspapers/roles.js';

export const PERMISSIONS: Readonly<Record<string, string>> = {
  'bulk-queue': QUEUE_UPLOADS,
  'bulk-queue without queueing': SEE_UPLOADS,
  'issues uploads': SEE_UPLOADS,
  'issues resume': QUEUE_UPLOADS,
  'issues cancel-intake': QUEUE_UPLOADS,
  'issues verify --accept': MEND_UNFIXABLE,
  'page-review-issue-fixer': MEND_UNFIXABLE,
  'titles add': MODIFY_TITLES,
  'titles set': MODIFY_TITLES,
  'orgs add': MODIFY_ORGANISATIONS,
  'run-jobs run-one': OPERATE_PIPELINES,
  'run-jobs requeue': OPERATE_PIPELINES,
  'run-jobs cancel': OPERATE_PIPELINES,
  'run-jobs skip': OPERATE_PIPELINES,
  'run-jobs goto': OPERATE_PIPELINES,
};

/** The roles of all domains. */
export const roles = new Roles(newspaperRoles);
