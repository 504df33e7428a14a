import { z } from 'zod';
import { defineJob, hold } from '../../engine/job.js';
import { metadataEntry } from '../actions.js';
import { setIssueColumns } from '../issues.js';
import { theIssue } from './issue-job.js';

/** Asks for the metadata. Asking again asks the same. */
export const askMetadata = defineJob({
  type: 'metadata_entry',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ issueId: z.number().int() }),
  async run({ args, db }) {
    const issue = await theIssue(db, args.issueId);
    return hold({
      kind: 'person',
      action: metadataEntry.name,
      role: 'issue curator',
      message: `enter the metadata of ${issue.key} (${issue.titleName})`,
      payload: { directory: issue.location },
      commit: (trx) => setIssueColumns(trx, issue.id, { workflow_step: 'ReadyForMetadataEntry' }),
    });
  },
});
