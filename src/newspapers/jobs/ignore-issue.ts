import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { forgetFiles } from '../../files/fixity/file-records.js';
import { ISSUE_OBJECT, issueObject, setIssueColumns } from '../issues.js';

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
          await trx
            .insertInto('events')
            .values({
              actor: 'engine',
              kind: 'issue_removed',
              pipeline_id: pipelineId,
              object_type: ISSUE_OBJECT,
              object_id: issueId,
              detail: JSON.stringify({
                message: `Errored issue removed from the workflow; its files are in ${location}`,
              }),
            })
            .execute();
        },
      }),
    ),
});
