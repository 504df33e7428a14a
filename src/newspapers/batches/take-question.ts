import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { cancelPipeline, type Act } from '../../engine/operator.js';
import { Refused } from '../../engine/refused.js';
import { confirmArchived } from '../actions/batch.js';
import { BATCH_OBJECT, type Batch } from './batches.js';

/**
 * Takes back the question whether a live batch is in the dark archive, so that something else can be done with the batch.
 *
 * @throws Refused when anything else is at work on it, or the question was answered
 */
export async function takeQuestion(trx: Transaction<DB>, batch: Batch, act: Act): Promise<void> {
  const { rows } = await sql<{ id: number; name: string; status: string; mayGo: boolean }>`
    select id, name, status,
      status = 'held' and hold_action = ${confirmArchived.name} and decision_rev is distinct from hold_rev as "mayGo"
    from pipelines where object_type = ${BATCH_OBJECT} and object_id = ${batch.id} and status not in ('success', 'cancelled')
    for update`.execute(trx);
  const [open] = rows;
  if (!open) return;
  const { id, name, status, mayGo } = open;
  if (!mayGo)
    throw new Refused(
      'conflict',
      `batch ${batch.fullName} is at work: its pipeline ${id} (${name}) is ${status}`,
      'let it end, or mend it, then try again',
    );
  await cancelPipeline(trx, id, act);
}
