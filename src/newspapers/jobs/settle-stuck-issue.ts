import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { z } from 'zod';
import { filesLock } from '../../coordination/lock-names.js';
import type { DB } from '../../database/database.js';
import { done } from '../../engine/job.js';
import { defineFileJob } from '../../files/file-job.js';
import { syncRecursive } from '../../files/jobs.js';
import type { Move } from '../../files/move.js';
import { absolutePath } from '../../files/paths.js';
import { setIssueColumns } from '../issues.js';
import { removeErroredIssue } from '../pipelines/remove-errored-issue.js';
import { settleStuck, settlingPlaces } from '../settle-stuck.js';
import { theIssue } from './issue-job.js';

/**
 * Brings the files of a dead issue to one place, cleans up after its cancelled pipeline, and has it removed from there
 * (newspapers spec 4, DeleteStuckIssue; W33). Where the files are is known only now, so the removal's jobs follow as
 * siblings. Done when the issue is out.
 */
export const settleStuckIssue = defineFileJob({
  type: 'settle_stuck_issue',
  queue: 'io',
  timeout: '12 h',
  args: z.object({
    issueId: z.number().int(),
    /** The pipeline that was cancelled. */
    cancelled: z.number().int(),
    /** Where its files are said to be. */
    location: absolutePath.nullable(),
    places: z.object({ work: absolutePath, split: absolutePath, backup: absolutePath, review: absolutePath }),
  }),
  locks: ({ places, location }) =>
    [...new Set([...settlingPlaces(places), ...(location === null ? [] : [location])])].map(filesLock),
  async run({ args: { issueId, cancelled, places }, db, settings, signal, progress, log }) {
    const issue = await theIssue(db, issueId);
    if (issue.ignored) return done({ result: { because: 'removed before' } });
    const moves = await movesOf(db, cancelled);
    const { location, backup, elsewhere } = await settleStuck(issue, moves, places, { signal, progress });
    if (elsewhere.length > 0)
      log.warn({ elsewhere }, `issue ${issue.key} has files in other places, too: they stay there`);
    const removal = { issue: { ...issue, location, backupLocation: backup }, location, now: new Date() };
    return done({
      result: { location, backup, elsewhere },
      commit: (trx) => setIssueColumns(trx, issueId, { location, backup_location: backup }),
      siblings: removeErroredIssue(removal, settings).jobs,
    });
  },
});

/** The moves of a pipeline, in their order. */
async function movesOf(db: Kysely<DB>, pipelineId: number): Promise<Move[]> {
  const { rows } = await sql<Move>`
    select args ->> 'from' as "from", args ->> 'movedTo' as "to" from jobs
    where pipeline_id = ${pipelineId} and type = ${syncRecursive.definition.type} and args ->> 'movedTo' is not null
    order by sequence`.execute(db);
  return rows;
}
