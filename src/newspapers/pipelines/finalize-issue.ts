import type { PipelinePlan } from '../../engine/pipeline.js';
import { recordFixity } from '../../files/fixity/jobs.js';
import { deleteDirectory } from '../../files/jobs.js';
import { issueObject, type Issue } from '../issues.js';
import { archiveBackups } from '../jobs/archive-backups.js';
import { buildMets } from '../jobs/build-mets.js';
import { readyForBatching, type ReadyStep } from '../jobs/ready-for-batching.js';
import { removeOldMets } from '../jobs/remove-old-mets.js';
import { setIssueBackupLocation } from '../jobs/set-issue-location.js';

/**
 * Makes an approved issue ready for a batch: METS; the original upload archived with it; every file recorded (newspapers
 * spec 4, FinalizeIssue).
 *
 * @param step where it is then: one that came back from a live batch waits for `queue-batches --redo`
 */
export function finalizeIssue(issue: Issue, step: ReadyStep = 'ReadyForBatching'): PipelinePlan {
  const { id: issueId, location, backupLocation: backup, key } = issue;
  if (location === null) throw new Error(`issue ${key} has no location: there is nothing to finalize`);
  const object = issueObject(issueId);
  return {
    name: 'FinalizeIssue',
    description: `issue ${key}`,
    object,
    jobs: [
      removeOldMets({ issueId, location }),
      buildMets({ issueId }),
      ...(backup === null
        ? []
        : [
            archiveBackups({ issueId, backup, location }),
            deleteDirectory({ location: backup }),
            setIssueBackupLocation({ issueId, location: null }),
          ]),
      recordFixity({ object, role: 'mets', location }), // last: the archive is the original's, not what is left over
      readyForBatching({ issueId, location, step }),
    ],
  };
}
