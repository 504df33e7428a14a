import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { forgetFiles } from '../../files/fixity/file-records.js';
import { recordIssueEvent } from '../issue-events.js';
import { issueObject, setIssueColumns } from '../issues.js';
import { theIssue } from './issue-job.js';

/** The workflow files of a live issue were deleted: it lies nowhere, its batch is what watches over it. Done before: it has no location. */
export const forgetIssueFiles = defineJob({
  type: 'forget_issue_files',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  async run({ args: { issueId, location }, db, pipelineId }) {
    const issue = await theIssue(db, issueId);
    if (issue.location === null) return undefined;
    return done({
      commit: async (trx) => {
        await setIssueColumns(trx, issueId, { location: null });
        await forgetFiles(trx, issueObject(issueId));
        const detail = { message: `its batch holds them; they were in ${location}` };
        await recordIssueEvent(trx, issueId, { actor: 'engine', kind: 'workflow_files_deleted', detail, pipelineId });
      },
    });
  },
});
