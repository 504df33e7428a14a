import { definePipeline } from '../../engine/pipeline.js';
import { recordFixity } from '../../files/fixity/jobs.js';
import { cleanFiles, moveDirectory } from '../../files/jobs.js';
import { workPlaces } from '../intake-places.js';
import { ISSUE_OBJECT, issueObject, type Issue } from '../issues.js';
import { askPageReview } from '../jobs/ask-page-review.js';
import { preparePageLabels } from '../jobs/prepare-page-labels.js';
import { setIssueBackupLocation, setIssueLocation } from '../jobs/set-issue-location.js';
import { splitPages } from '../jobs/split-pages.js';

/**
 * Takes a born-digital upload in: copy, verify, delete; split to pages; the originals to the backup area, the pages to the
 * page-review area; ends with the question "page review" (newspapers spec 4, SFTPIssueMove).
 */
export const takeInUpload = definePipeline<Issue>('TakeInUpload', {
  describe: (issue) => `issue ${issue.key}`,
  object: (issue) => ({ type: ISSUE_OBJECT, id: issue.id }),
  jobs: (issue, settings) => {
    if (issue.location === null) throw new Error(`issue ${issue.key} has no location: there is no upload to take in`);
    const { work, split, backup, review } = workPlaces(issue.humanName, settings);
    const object = issueObject(issue.id);
    return [
      moveDirectory({ from: issue.location, to: work, fixity: { object, intake: 'original' } }),
      setIssueLocation({ issueId: issue.id, location: work }),
      cleanFiles({ location: work }),
      splitPages({ source: work, output: split }),
      preparePageLabels({ issueId: issue.id, location: split, counting: 'pages of the split' }),
      recordFixity({ object, role: 'page', location: split }),
      moveDirectory({ from: work, to: backup, fixity: { object } }),
      setIssueBackupLocation({ issueId: issue.id, location: backup }),
      moveDirectory({ from: split, to: review, fixity: { object } }),
      setIssueLocation({ issueId: issue.id, location: review }),
      askPageReview({ issueId: issue.id, location: review }),
    ];
  },
});
