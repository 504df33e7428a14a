import { dirname, join } from 'node:path';
import { definePipeline } from '../../engine/pipeline.js';
import { isThere } from '../../files/existing.js';
import { deleteDirectory, moveDirectory, renameDirectory } from '../../files/jobs.js';
import { ISSUE_OBJECT, issueObject, type Issue } from '../issues.js';
import { archiveBackups } from '../jobs/archive-backups.js';
import { ignoreIssue } from '../jobs/ignore-issue.js';
import { moveDerivatives } from '../jobs/move-derivatives.js';
import { setIssueBackupLocation, setIssueLocation } from '../jobs/set-issue-location.js';
import { writeActionLog } from '../jobs/write-action-log.js';

export const REMOVE_ERRORED_ISSUE = 'RemoveErroredIssue';

export interface Removal {
  issue: Issue;
  /** Where its files are; null when they are gone, and only the original upload and the story are kept. */
  location: string | null;
  now: Date;
}

/** The disk of an issue's files seems to be away: they are not gone, so the issue must not leave without them. */
export class AreaAway extends Error {
  override name = 'AreaAway';
  constructor(issue: Issue, area: string) {
    super(`issue ${issue.key} is not removed, as ${area} is not there: is its disk mounted? Mount it, then try again`);
  }
}

/**
 * The removal of an issue as its folder is now.
 *
 * @param folder where its files are, or were; null when it has none
 * @throws {AreaAway} when the folder's area is gone, too
 */
export async function removalOf(issue: Issue, folder: string | null): Promise<Removal> {
  const location = folder !== null && (await isThere(folder)) ? folder : null;
  if (folder !== null && location === null && !(await isThere(dirname(folder))))
    throw new AreaAway(issue, dirname(folder));
  return { issue, location, now: new Date() };
}

/**
 * Takes an issue out of the workflow: its files, its story and its original upload to `ERR/YYYY-MM/HN/content`, its
 * derivatives beside them (newspapers spec 4, RemoveErroredIssue; 5.10). All is built under a hidden name.
 */
export const removeErroredIssue = definePipeline<Removal>(REMOVE_ERRORED_ISSUE, {
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
