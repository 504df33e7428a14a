import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { FatalError } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { absolutePath } from '../../files/paths.js';
import { removeTree } from '../../files/remove-tree.js';
import { batchOfIssue, whyNotArchived } from '../archived-copy.js';
import { theIssue } from './issue-job.js';

/**
 * Deletes the workflow files of a live issue, after one more look that its batch is done and holds all of them: one job, so
 * that what is tried again, or requeued a week later, is looked at again. Done before: the directory is not there; what is
 * there of it after a part is gone passes as before.
 */
export const deleteArchivedFiles = defineFileJob({
  type: 'delete_archived_files',
  queue: 'io',
  timeout: '2 h',
  args: z.object({ issueId: z.number().int(), location: absolutePath }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { issueId, location }, db, settings, signal }) {
    const issue = await theIssue(db, issueId);
    const batch = await batchOfIssue(db, issueId);
    const why =
      issue.location !== location
        ? `its files are in ${issue.location ?? 'no place'}, not in ${location}`
        : batch?.status !== 'live_done'
          ? `its batch ${batch?.batch ?? ''} is ${batch?.status ?? 'unknown'}, not live_done`
          : await whyNotArchived(db, issue, { ...batch, workflow: settings.WORKFLOW_PATH });
    if (why !== undefined)
      throw new FatalError(
        `the files of issue ${issue.key} are not deleted: ${why}; look into it, then requeue or cancel`,
      );
    await removeTree(location, signal);
    return undefined;
  },
});
