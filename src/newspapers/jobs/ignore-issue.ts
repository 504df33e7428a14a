import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { forgetFiles } from '../../files/fixity/file-records.js';
import { recordIssueEvent } from '../issue-events.js';
import { issueObject, setIssueColumns } from '../issues.js';

/**
 * The issue has left the workflow: its files are in the error area, and no longer ours to watch over (newspapers spec 4,
 * RemoveErroredIssue). One transaction for what NCA does in four jobs.
 */
export const ignoreIssue = defineJob({
  type: 'ignore_issue',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  run: ({ args: { issueId, location }, pipelineId }) =>
    Promise.resolve(
      done({
        commit: async (trx) => {
          await setIssueColumns(trx, issueId, {
            workflow_step: 'UnfixableMetadataError',
            ignored: true,
            location: null,
          });
          await forgetFiles(trx, issueObject(issueId));
          await recordIssueEvent(trx, issueId, {
            actor: 'engine',
            kind: 'issue_removed',
            pipelineId,
            detail: { message: `Errored issue removed from the workflow; its files are in ${location}` },
          });
        },
      }),
    ),
});
