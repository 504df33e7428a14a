import type { JobCall } from '../../engine/job.js';
import { checkFixity, recordFixity } from '../../files/fixity/jobs.js';
import { deleteDirectory, moveDirectory } from '../../files/jobs.js';
import type { Settings } from '../../settings.js';
import { workPlaces } from '../intake-places.js';
import { issueObject, type Issue } from '../issues.js';
import { preparePageLabels } from '../jobs/prepare-page-labels.js';
import { setIssueLocation } from '../jobs/set-issue-location.js';
import { splitPages } from '../jobs/split-pages.js';

/**
 * The jobs that make the pages of an issue anew from its original upload, and put them in the place of those under
 * review. The old pages go only when the new ones are there and their sums are recorded.
 *
 * @param backup where the original upload is
 */
export function splitAgain(issue: Issue, backup: string, settings: Settings): JobCall[] {
  const object = issueObject(issue.id);
  const { split, review } = workPlaces(issue.humanName, settings);
  return [
    checkFixity({ object, role: 'original', location: backup }),
    splitPages({ source: backup, output: split }),
    preparePageLabels({ issueId: issue.id, location: split, counting: 'pages of the split' }),
    recordFixity({ object, role: 'page', location: split }),
    deleteDirectory({ location: review }),
    ...moveDirectory({ from: split, to: review, fixity: { object } }),
    setIssueLocation({ issueId: issue.id, location: review }),
  ];
}
