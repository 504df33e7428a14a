/** The issues of a batch that quality control found wanting (newspapers spec 1.6, 8.1). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { formatIssueKey, type IssueKey } from '../issue-key.js';
import { recordIssueEvents } from '../issue-events.js';
import { findIssue, selectIssues, withKey, type Issue } from '../issues.js';
import { recordBatchEvent } from './batch-events.js';
import type { Batch } from './batches.js';

export interface FlaggedIssue {
  issueId: number;
  key: string;
  reason: string;
  flaggedBy: string;
  flaggedAt: Date;
}

/** One that was named is none of this batch. */
export class NotInBatch extends Error {
  override name = 'NotInBatch';
}

/** In the order of their keys. */
export async function listFlagged(db: Kysely<DB>, batchId: number): Promise<FlaggedIssue[]> {
  const rows = await db
    .selectFrom('newspapers.flagged_issues as f')
    .innerJoin('newspapers.issues as i', 'i.id', 'f.issue_id')
    .innerJoin('newspapers.titles as t', 't.id', 'i.title_id')
    .where('f.batch_id', '=', batchId)
    .select(['f.issue_id as issueId', 'f.reason', 'f.flagged_by as flaggedBy', 'f.flagged_at as flaggedAt'])
    .select(['t.lccn', 'i.date', 'i.edition'])
    .orderBy(sql`t.lccn collate "C"`)
    .orderBy('i.date')
    .orderBy('i.edition')
    .orderBy('i.id')
    .execute();
  return rows.map(({ lccn, date, edition, ...row }) => ({ ...row, key: formatIssueKey({ lccn, date, edition }) }));
}

/**
 * The issues of a batch that have these keys.
 *
 * @throws NotInBatch naming every one that does not exist, or is not of this batch
 */
export async function issuesOfBatch(db: Kysely<DB>, batch: Batch, keys: readonly IssueKey[]): Promise<Issue[]> {
  const found: Issue[] = [];
  const wrong: string[] = [];
  for (const key of keys) {
    const row = await selectIssues(db)
      .where('i.batch_id', '=', batch.id)
      .where('t.lccn', '=', key.lccn)
      .where('i.date', '=', key.date)
      .where('i.edition', '=', key.edition)
      .executeTakeFirst();
    if (row) found.push(withKey(row));
    else {
      const elsewhere = await findIssue(db, key, { orIgnored: true });
      const name = formatIssueKey(key);
      wrong.push(elsewhere ? `issue ${name} is not in this batch` : `there is no issue ${name}`);
    }
  }
  if (wrong.length > 0)
    throw new NotInBatch(`${wrong.join('; ')}; "bin/batches show ${batch.fullName}" lists its issues`);
  return found;
}

interface Flagging {
  actor: string;
  pipelineId: number;
}

/** Flags issues, or gives those that are flagged another reason. */
export async function flagIssues(
  trx: Transaction<DB>,
  batch: Batch,
  issues: readonly Issue[],
  reason: string,
  { actor, pipelineId }: Flagging,
): Promise<void> {
  const ids = issues.map(({ id }) => id);
  await sql`
    insert into newspapers.flagged_issues (batch_id, issue_id, reason, flagged_by)
    select ${batch.id}, id, ${reason}, ${actor} from unnest(${ids}::bigint[]) id
    on conflict (batch_id, issue_id) do update set reason = excluded.reason, flagged_by = excluded.flagged_by, flagged_at = now()`.execute(
    trx,
  );
  const detail = { batch: batch.fullName, reason };
  await recordIssueEvents(trx, ids, { actor, kind: 'issue_flagged', detail, pipelineId });
  const keys = issues.map(({ key }) => key);
  await recordBatchEvent(trx, batch.id, {
    actor,
    kind: 'issues_flagged',
    detail: { issues: keys, reason },
    pipelineId,
  });
}

/** Takes flags away; of issues that have none, nothing. */
export async function unflagIssues(
  trx: Transaction<DB>,
  batch: Batch,
  issues: readonly Issue[],
  { actor, pipelineId }: Flagging,
): Promise<void> {
  const ids = issues.map(({ id }) => id);
  await deleteFlags(trx, batch.id, ids);
  const keys = issues.map(({ key }) => key);
  await recordIssueEvents(trx, ids, { actor, kind: 'issue_unflagged', detail: { batch: batch.fullName }, pipelineId });
  await recordBatchEvent(trx, batch.id, { actor, kind: 'issues_unflagged', detail: { issues: keys }, pipelineId });
}

/** @param issueIds undefined: all of the batch */
export async function deleteFlags(trx: Transaction<DB>, batchId: number, issueIds?: readonly number[]): Promise<void> {
  await trx
    .deleteFrom('newspapers.flagged_issues')
    .where('batch_id', '=', batchId)
    .$if(issueIds !== undefined, (query) => query.where('issue_id', '=', sql<number>`any(${issueIds})`))
    .execute();
}
