import { z } from 'zod';
import { defineJob } from '../../engine/job.js';
import { setIssueColumns } from '../issues.js';

/** Says where the issue's files are now. Running it again writes the same. */
export const setIssueLocation = defineJob({
  type: 'set_issue_location',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  async run({ args, db }) {
    await setIssueColumns(db, args.issueId, { location: args.location });
    return undefined;
  },
});

/** Says where the original upload waits to be archived with the issue; null: nowhere, it is archived. Running it again writes the same. */
export const setIssueBackupLocation = defineJob({
  type: 'set_issue_original_backup_location',
  queue: 'instant',
  timeout: '1 min',
  args: z.object({ issueId: z.number().int(), location: z.string().nullable() }),
  async run({ args, db }) {
    await setIssueColumns(db, args.issueId, { backup_location: args.location });
    return undefined;
  },
});
