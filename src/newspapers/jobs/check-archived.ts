import { z } from 'zod';
import { FatalError } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { absolutePath } from '../../files/paths.js';
import { batchOfIssue, whyNotArchived } from '../archived-copy.js';
import { theIssue } from './issue-job.js';

/**
 * Looks once more, right before the files of a live issue are deleted, that its batch is done and holds all of them. It
 * changes nothing; run again after a part of them is gone it says the same.
 */
export const checkArchived = defineFileJob({
  type: 'check_archived',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ issueId: z.number().int(), location: absolutePath }),
  async run({ args: { issueId, location }, db, settings }) {
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
    return undefined;
  },
});
