import { join } from 'node:path';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { defineFileJob } from '../../files/file-job.js';
import { writeFileSafely } from '../../files/land.js';
import { makeDirectory } from '../../files/make-directory.js';
import { actionLog } from '../action-log.js';
import { listIssueEvents } from '../issue-events.js';

/** Writes what happened to an issue beside its files, `actions.txt` (newspapers spec 3.2.21). Run again, it writes it anew. */
export const writeActionLog = defineFileJob({
  type: 'write_action_log',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { issueId, location }, db }) {
    await makeDirectory(location);
    await writeFileSafely(join(location, 'actions.txt'), actionLog(await listIssueEvents(db, issueId)));
    return undefined;
  },
});
