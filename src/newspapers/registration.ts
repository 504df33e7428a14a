/** What the newspapers domain brings to a runner. A new job, action or watcher is registered here. */
import { metadataEntry, pageReview } from './actions.js';
import { askMetadata } from './jobs/ask-metadata.js';
import { askPageReview } from './jobs/ask-page-review.js';
import { makeIssueDerivatives } from './jobs/make-derivatives.js';
import { preparePageLabels } from './jobs/prepare-page-labels.js';
import { renumberPages } from './jobs/renumber-pages.js';
import { setIssueBackupLocation, setIssueLocation } from './jobs/set-issue-location.js';
import { splitPages } from './jobs/split-pages.js';

export const newspaperJobs = [
  setIssueLocation,
  setIssueBackupLocation,
  splitPages,
  askPageReview,
  renumberPages,
  makeIssueDerivatives,
  preparePageLabels,
  askMetadata,
];

export const newspaperActions = [pageReview, metadataEntry];
