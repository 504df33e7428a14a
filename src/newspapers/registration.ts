/** What the newspapers domain brings to a runner. A new job, action or watcher is registered here. */
import { archiveBackups } from './jobs/archive-backups.js';
import { askBatchQcJob } from './jobs/ask-batch-qc.js';
import { askConfirmArchived } from './jobs/ask-confirm-archived.js';
import { checkBatchFiles } from './jobs/check-batch-files.js';
import { checkBatchSpace } from './jobs/check-batch-space.js';
import { forgetBatchFiles } from './jobs/forget-batch-files.js';
import { markBatchDeleted } from './jobs/mark-batch-deleted.js';
import { markBatchLive } from './jobs/mark-batch-live.js';
import { removeFlaggedIssues } from './jobs/remove-flagged-issues.js';
import { setBatchLocation } from './jobs/set-batch-location.js';
import { deleteArchivedFiles } from './jobs/delete-archived-files.js';
import { createPatchedStructure } from './jobs/create-patched-structure.js';
import { forgetIssueFiles } from './jobs/forget-issue-files.js';
import { markBatchPatched } from './jobs/mark-batch-patched.js';
import { markBatchUnpushed } from './jobs/mark-batch-unpushed.js';
import { settleStuckIssue } from './jobs/settle-stuck-issue.js';
import { askPageReview } from './jobs/ask-page-review.js';
import { buildMets } from './jobs/build-mets.js';
import { copyLive } from './jobs/copy-live.js';
import { createBatchStructure } from './jobs/create-batch-structure.js';
import { giveBackUpload } from './jobs/give-back-upload.js';
import { ignoreIssue } from './jobs/ignore-issue.js';
import { makeBatchXml } from './jobs/make-batch-xml.js';
import { makeIssueDerivatives } from './jobs/make-derivatives.js';
import { moveDerivatives } from './jobs/move-derivatives.js';
import { compareWithSite } from './jobs/compare-with-site.js';
import { oniLoadBatch } from './jobs/oni-load-batch.js';
import { oniPurgeBatch } from './jobs/oni-purge-batch.js';
import { oniWaitForJob } from './jobs/oni-wait-for-job.js';
import { preparePageLabels } from './jobs/prepare-page-labels.js';
import { readyForBatching } from './jobs/ready-for-batching.js';
import { removeOldMets } from './jobs/remove-old-mets.js';
import { renumberPages } from './jobs/renumber-pages.js';
import { setIssueBackupLocation, setIssueLocation } from './jobs/set-issue-location.js';
import { splitPages } from './jobs/split-pages.js';
import { validateBag } from './jobs/validate-bag.js';
import { writeActionLog } from './jobs/write-action-log.js';
import { writeBag } from './jobs/write-bag.js';
import { askMetadata, askMetadataReview, askUnfixable } from './pipelines/metadata.js';
import { queueScans } from './watchers/queue-scans.js';
import { refreshLiveIndex } from './watchers/refresh-live-index.js';

export const newspaperJobs = [
  setIssueLocation,
  setIssueBackupLocation,
  splitPages,
  askPageReview,
  renumberPages,
  makeIssueDerivatives,
  preparePageLabels,
  askMetadata,
  askMetadataReview,
  askUnfixable,
  removeOldMets,
  readyForBatching,
  moveDerivatives,
  writeActionLog,
  archiveBackups,
  ignoreIssue,
  giveBackUpload,
  buildMets,
  createBatchStructure,
  makeBatchXml,
  writeBag,
  validateBag,
  copyLive,
  oniLoadBatch,
  oniPurgeBatch,
  oniWaitForJob,
  compareWithSite,
  checkBatchFiles,
  checkBatchSpace,
  setBatchLocation,
  askBatchQcJob,
  forgetBatchFiles,
  removeFlaggedIssues,
  markBatchDeleted,
  markBatchLive,
  askConfirmArchived,
  createPatchedStructure,
  markBatchPatched,
  markBatchUnpushed,
  settleStuckIssue,
  deleteArchivedFiles,
  forgetIssueFiles,
];

export { newspaperActions } from './actions.js';

export { newspaperObjects } from './issue-facts.js';

export const newspaperWatchers = [queueScans, refreshLiveIndex];
