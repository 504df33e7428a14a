import { sql } from 'kysely';
import { BATCH_OBJECT } from '../batches/batch-object.js';
import { ISSUE_OBJECT } from '../issue-object.js';
import { Fields } from './fields.js';
import type { Logins } from './import-users.js';
import type { ImportWork } from './import-work.js';
import { recordsOf } from './records.js';

/** What wrote an event: the other values name our programs. */
const VIA = 'NCA';

/** NCA's words of what happened, and ours (newspapers spec 1.7; "purge-batch" is what undo-batch was called once). */
const KINDS: Readonly<Record<string, { kind: string; to?: string }>> = {
  'user-comment': { kind: 'user_comment' },
  'internal-process': { kind: 'internal_process' },
  'metadata-entry': { kind: 'metadata_submitted' },
  'metadata-approval': { kind: 'metadata_approved' },
  'metadata-rejection': { kind: 'metadata_rejected' },
  'report-unfixable-error': { kind: 'error_reported' },
  'return-metadata-entry': { kind: 'returned', to: 'entry' },
  'return-metadata-review': { kind: 'returned', to: 'review' },
  'remove-error-issue': { kind: 'removal_decided' },
  'claim-issue': { kind: 'claimed' },
  'unclaim-issue': { kind: 'released' },
  'approve-batch': { kind: 'batch_approved' },
  'reject-batch': { kind: 'batch_rejected' },
  'finalize-batch': { kind: 'batch_finalized' },
  'undo-batch': { kind: 'batch_undone' },
  'purge-batch': { kind: 'batch_undone' },
  'abort-reject-batch': { kind: 'rejection_aborted' },
  'flag-batch-qc-ready': { kind: 'batch_qc_ready' },
};
const ACTION_TYPES = Object.keys(KINDS);

interface EventRow {
  at: string | null | undefined;
  actor: string;
  kind: string | undefined;
  object_type: string | undefined;
  object_id: number;
  detail: object;
}

const COLUMNS = 'at timestamptz, actor text, kind text, object_type text, object_id bigint, detail jsonb';

/** The activity log, as events with NCA's times. What belongs to no issue or batch is left out and told. */
export async function importActions(work: ImportWork, logins: Logins): Promise<void> {
  const { trx, stage, bad, written, notices, signal } = work;
  let [withoutObject, ofGoneObjects] = [0, 0];
  for await (const rows of stage.rows('actions', signal)) {
    const events: EventRow[] = [];
    for (const row of rows) {
      const fields = new Fields(bad, 'actions', row);
      const event = readAction(fields, logins);
      if (!event || !fields.isGood) continue;
      if (event.object_id === 0) withoutObject++;
      else events.push(event);
    }
    if (bad.count > 0) continue;
    const inserted = await sql`
      insert into events (at, actor, kind, object_type, object_id, detail, via)
      select at, actor, kind, object_type, object_id, detail, ${VIA} from ${recordsOf(events, COLUMNS)} r
      where exists (select from newspapers.issues i where r.object_type = ${ISSUE_OBJECT} and i.id = r.object_id)
        or exists (select from newspapers.batches b where r.object_type = ${BATCH_OBJECT} and b.id = r.object_id)
      order by ordinality`.execute(trx);
    const count = Number(inserted.numAffectedRows ?? 0);
    written.actions += count;
    ofGoneObjects += events.length - count;
    work.tell(`${written.actions} of ${stage.read.actions} actions`);
  }
  if (withoutObject > 0)
    notices.push(
      `${withoutObject} actions were left out that name no issue: NCA wrote the first action of each issue before the issue had a number`,
    );
  if (ofGoneObjects > 0)
    notices.push(`${ofGoneObjects} actions were left out whose issue or batch is not in the database any more`);
}

function readAction(fields: Fields<'actions'>, logins: Logins): EventRow | undefined {
  const type = fields.word('action_type', ACTION_TYPES);
  const object = fields.word('object_type', [ISSUE_OBJECT, BATCH_OBJECT]);
  const objectId = fields.reference('object_id');
  const user = fields.whole('user_id', { from: -1, to: Number.MAX_SAFE_INTEGER });
  const at = fields.time('created_at');
  if (at === null) fields.refuse('created_at', 'it must say when it happened');
  if (type === undefined || user === undefined) return undefined;
  const { kind, to } = KINDS[type] ?? {};
  const detail = { message: fields.text('message'), action: type, ...(to !== undefined && { to }) };
  return { at, actor: logins.actor(user), kind, object_type: object, object_id: objectId ?? 0, detail };
}
