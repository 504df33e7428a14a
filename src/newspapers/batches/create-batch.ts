/** Making the row of a batch, with its issues in it. */
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { recordIssueEvents } from '../issue-events.js';
import type { WorkflowStep } from '../workflow-step.js';
import { recordBatchEvent } from './batch-events.js';
import { formatBatchName, nameOfBatch } from './batch-name.js';
import { theBatch, type Batch } from './batches.js';

export interface NewBatch {
  orgId: number;
  orgCode: string;
  issueIds: readonly number[];
  /** Where its issues must stand at this moment. */
  steps: readonly WorkflowStep[];
  /** What the names of this site are made from. */
  site: string;
}

/** Some of the issues were taken, or are not ready any more. Looking again mends it. */
export class IssuesTaken extends Error {
  override name = 'IssuesTaken';
  constructor(readonly issueIds: readonly number[]) {
    super(
      `issues ${issueIds.join(', ')} went into another batch, or back to work, since they were looked at; run it again`,
    );
  }
}

/**
 * Makes a batch of issues, status pending: call it in the transaction that enqueues its pipeline (W19).
 *
 * @throws IssuesTaken when not all of the issues are still free; nothing stays written when the transaction is rolled back
 */
export async function createBatch(trx: Transaction<DB>, batch: NewBatch, { actor }: { actor: string }): Promise<Batch> {
  const id = await insertBatch(trx, batch);
  const { rows } = await sql<{ id: number }>`
    update newspapers.issues set batch_id = ${id}, workflow_step = 'ReadyForBatching'
    where id = any(${batch.issueIds}) and batch_id is null and not ignored and workflow_step = any(${batch.steps})
      and org_id = ${batch.orgId}
    returning id`.execute(trx);
  const taken = new Set(rows.map((row) => row.id));
  const missing = batch.issueIds.filter((issueId) => !taken.has(issueId));
  if (missing.length > 0) throw new IssuesTaken(missing);
  const made = await theBatch(trx, id);
  await recordBatchEvent(trx, id, {
    actor,
    kind: 'batch_created',
    detail: { batch: made.fullName, issues: batch.issueIds.length },
  });
  await recordIssueEvents(trx, batch.issueIds, { actor, kind: 'added_to_batch', detail: { batch: made.fullName } });
  return made;
}

/** Names that an imported batch has already are passed over. */
async function insertBatch(trx: Transaction<DB>, { orgId, orgCode, site }: NewBatch): Promise<number> {
  for (;;) {
    const { rows } = await sql<{ id: number; day: string }>`
      select nextval(pg_get_serial_sequence('newspapers.batches', 'id')) as id, to_char(now() at time zone 'utc', 'YYYYMMDD') as day`.execute(
      trx,
    );
    const { id = 0, day = '' } = rows[0] ?? {};
    const name = nameOfBatch(id, site);
    const made = await trx
      .insertInto('newspapers.batches')
      .values({
        id,
        org_id: orgId,
        name,
        full_name: formatBatchName({ orgCode, keyword: `${day}${name}`, version: 1 }),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    if (made) return made.id;
  }
}
