/** What the newspapers domain brings to a runner. A new job, action or watcher is registered here. */
import { archiveBackups } from './jobs/archive-backups.js';
import { askMetadata } from './jobs/ask-metadata.js';
import { askPageReview } from './jobs/ask-page-review.js';
import { giveBackUpload } from './jobs/give-back-upload.js';
import { ignoreIssue } from './jobs/ignore-issue.js';
import { makeIssueDerivatives } from './jobs/make-derivatives.js';
import { moveDerivatives } from './jobs/move-derivatives.js';
import { preparePageLabels } from './jobs/prepare-page-labels.js';
import { renumberPages } from './jobs/renumber-pages.js';
import { setIssueBackupLocation, setIssueLocation } from './jobs/set-issue-location.js';
import { splitPages } from './jobs/split-pages.js';
import { writeActionLog } from './jobs/write-action-log.js';
import { queueScans } from './watchers/queue-scans.js';

export const newspaperJobs = [
  setIssueLocation,
  setIssueBackupLocation,
  splitPages,
  askPageReview,
  renumberPages,
  makeIssueDerivatives,
  preparePageLabels,
  askMetadata,
  moveDerivatives,
  writeActionLog,
  archiveBackups,
  ignoreIssue,
  giveBackUpload,
];

export { newspaperActions } from './actions.js';

export { newspaperObjects } from './issue-facts.js';

export const newspaperWatchers = [queueScans];
