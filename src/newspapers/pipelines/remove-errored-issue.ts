import { dirname, join } from 'node:path';
import { definePipeline } from '../../engine/pipeline.js';
import { deleteDirectory, moveDirectory, renameDirectory } from '../../files/jobs.js';
import { ISSUE_OBJECT, issueObject, type Issue } from '../issues.js';
import { archiveBackups } from '../jobs/archive-backups.js';
import { ignoreIssue } from '../jobs/ignore-issue.js';
import { moveDerivatives } from '../jobs/move-derivatives.js';
import { setIssueBackupLocation, setIssueLocation } from '../jobs/set-issue-location.js';
import { writeActionLog } from '../jobs/write-action-log.js';

export interface Removal {
  issue: Issue;
  /** Where its files are; null when they are gone, and only the original upload and the story are kept. */
  location: string | null;
  now: Date;
}

/**
 * Takes an issue out of the workflow: its files, its story and its original upload to `ERR/YYYY-MM/HN/content`, its
 * derivatives beside them (newspapers spec 4, RemoveErroredIssue; 5.10). All is built under a hidden name.
 */
export const removeErroredIssue = definePipeline<Removal>('RemoveErroredIssue', {
  describe: ({ issue }) => `issue ${issue.key}`,
  object: ({ issue }) => ({ type: ISSUE_OBJECT, id: issue.id }),
  jobs: ({ issue, location, now }, settings) => {
    const month = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}`; // local, as people look for it
    const place = join(settings.ERRORED_ISSUES_PATH, month, issue.humanName);
    const building = join(dirname(place), `.wip-${issue.humanName}`);
    const content = join(building, 'content');
    const issueId = issue.id;
    const object = issueObject(issueId);
    const backup = issue.backupLocation;
    return [
      // Taken in anew: whatever the reviewers left is what is kept.
      location === null ? [] : moveDirectory({ from: location, to: content, fixity: { object, intake: 'page' } }),
      setIssueLocation({ issueId, location: content }),
      moveDerivatives({ from: content, to: join(building, 'derivatives') }),
      writeActionLog({ issueId, location: content }),
      backup === null
        ? []
        : [
            archiveBackups({ issueId, backup, location: content }),
            deleteDirectory({ location: backup }),
            setIssueBackupLocation({ issueId, location: null }),
          ],
      renameDirectory({ from: building, to: place }),
      ignoreIssue({ issueId, location: place }),
    ];
  },
});
