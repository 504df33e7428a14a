import { sql } from 'kysely';
import { Fields } from './fields.js';
import type { BatchStatuses } from './import-batches.js';
import type { Logins } from './import-users.js';
import type { ImportWork } from './import-work.js';
import { recordsOf } from './records.js';

const COLUMNS = 'batch_id bigint, issue_id bigint, reason text, flagged_by text, flagged_at timestamptz';

/** Issues flagged at quality control, of batches that are being flagged; what is left over of others means nothing. */
export async function importFlags(
  { trx, stage, bad, written, notices, signal }: ImportWork,
  { batches, logins }: { batches: BatchStatuses; logins: Logins },
): Promise<void> {
  let leftOver = 0;
  for await (const rows of stage.rows('batches_flagged_issues', signal)) {
    const flags: { id: number; issue_id: number | null | undefined }[] = [];
    for (const row of rows) {
      const fields = new Fields(bad, 'batches_flagged_issues', row);
      const batch = fields.reference('batch_id');
      if (batch != null && batches.has(batch) && batches.get(batch) !== 'qc_flagging') {
        leftOver++;
        continue;
      }
      if (batch != null && !batches.has(batch)) fields.refuse('batch_id', 'there is no such batch');
      const flag = {
        id: fields.id,
        batch_id: batch,
        issue_id: fields.reference('issue_id'),
        reason: fields.required('reason'),
        flagged_by: logins.actor(fields.reference('flagged_by_user_id') ?? 0),
        flagged_at: fields.time('created_at'),
      };
      if (fields.isGood) flags.push(flag);
    }
    const { rows: strangers } = await sql<{ id: number; issue_id: string }>`
      select r.id, r.issue_id::text from ${recordsOf(flags, `id bigint, ${COLUMNS}`)} r
      where not exists (select from newspapers.issues i where i.id = r.issue_id and i.batch_id = r.batch_id)`.execute(
      trx,
    );
    if (bad.count === 0)
      for (const { id, issue_id: value } of strangers)
        bad.add({ table: 'batches_flagged_issues', id: String(id), column: 'issue_id', value, reason: 'no such issue is in that batch' }); // prettier-ignore
    if (bad.count > 0) continue;
    await sql`
      insert into newspapers.flagged_issues (batch_id, issue_id, reason, flagged_by, flagged_at)
      select batch_id, issue_id, reason, flagged_by, coalesce(flagged_at, now())
      from ${recordsOf(flags, COLUMNS)} r order by ordinality`.execute(trx);
    written.batches_flagged_issues += flags.length;
  }
  if (leftOver > 0) notices.push(`${leftOver} flags of issues were left out: their batches are not being flagged`);
}
