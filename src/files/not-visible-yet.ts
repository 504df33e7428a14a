/**
 * Where several hosts share a disk, one may not see yet what another has made: a client of NFS keeps listings and attributes for a
 * minute, one of SMB for some seconds. So what an earlier job left and is not there is looked for again, before a person is asked.
 */
import { sql } from 'kysely';
import { tryLater, type JobContext, type TryLater } from '../engine/job.js';
import { NotThere } from './existing.js';
import { FixityBroken } from './fixity/compare.js';
import { CopyNotVerified } from './move.js';

/** Twice the longest that clients of NFS keep what they know unless told otherwise (acregmax and acdirmax, nfs(5)). */
const VISIBLE_WITHIN_S = 120;

/** A host whose runner beat within this time may have made what is missing. */
const AT_WORK_WITHIN_S = 600;

/** Whether an error says that something is missing, and nothing else. */
const saysMissing = (error: unknown): error is Error =>
  error instanceof NotThere ||
  (error instanceof CopyNotVerified && error.isMissing) ||
  (error instanceof FixityBroken && error.damage.every(({ is }) => is === 'missing'));

/**
 * Puts a job off that misses something, when several hosts are at work, and not for longer than two minutes. Undefined: its error
 * stands, at once where there is only this host.
 */
export async function laterIfNotVisibleYet(
  error: unknown,
  { db, pipelineId, sequence }: JobContext<unknown>,
): Promise<TryLater | undefined> {
  if (!saysMissing(error)) return undefined;
  const { rows } = await sql<{ later: boolean }>`
    select (select count(distinct host) > 1 from runners where heartbeat_at > now() - interval '1 second' * ${AT_WORK_WITHIN_S})
      and not coalesce(j.tried_since < now() - interval '1 second' * ${VISIBLE_WITHIN_S} and p.error ->> 'try_later' = 'job', false) as later
    from pipelines p join jobs j on j.pipeline_id = p.id and j.sequence = ${sequence} where p.id = ${pipelineId}`
    .execute(db)
    .catch(() => ({ rows: [] })); // then what is missing is missing
  if (!rows[0]?.later) return undefined;
  return tryLater({
    after: '10 s',
    deadline: '1 h',
    reason: `${error.message} (it may be another host's work that is not visible here yet: looking again for two minutes)`,
  });
}
