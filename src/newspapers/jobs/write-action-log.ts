import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import { defineFileJob } from '../../files/file-job.js';
import { writeFileSafely } from '../../files/land.js';
import { actionLog } from '../action-log.js';
import { ISSUE_OBJECT } from '../issues.js';

/** Writes what happened to an issue beside its files, `actions.txt` (newspapers spec 3.2.21). Run again, it writes it anew. */
export const writeActionLog = defineFileJob({
  type: 'write_action_log',
  queue: 'fast',
  timeout: '10 min',
  args: z.object({ issueId: z.number().int(), location: z.string() }),
  locks: ({ location }) => [filesLock(location)],
  async run({ args: { issueId, location }, db }) {
    const events = await db
      .selectFrom('events')
      .select(['at', 'actor', 'kind', sql<Record<string, unknown>>`detail`.as('detail')]) // an object, by the engine's own hand
      .where('object_type', '=', ISSUE_OBJECT)
      .where('object_id', '=', issueId)
      .orderBy('id')
      .execute();
    await mkdir(location, { recursive: true });
    await writeFileSafely(join(location, 'actions.txt'), actionLog(events));
    return undefined;
  },
});
