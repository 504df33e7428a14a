import type { Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { isAsking, lockOpenPipeline } from '../../engine/open-pipeline.js';
import { cancelPipeline, type Act } from '../../engine/operator.js';
import { Refused } from '../../engine/refused.js';
import { confirmArchived } from '../actions/batch.js';
import { batchObject, type Batch } from './batches.js';

/**
 * Takes back the question whether a live batch is in the dark archive, so that something else can be done with the batch.
 *
 * @throws Refused when anything else is at work on it, or the question was answered
 */
export async function takeQuestion(trx: Transaction<DB>, batch: Batch, act: Act): Promise<void> {
  const open = await lockOpenPipeline(trx, batchObject(batch.id));
  if (!open) return;
  const { id, name, status } = open;
  if (status !== 'held' || !isAsking(open, confirmArchived.name))
    throw new Refused(
      'conflict',
      `batch ${batch.fullName} is at work: its pipeline ${id} (${name}) is ${status}`,
      status === 'failed'
        ? `bin/batches ask ${batch.fullName} gives that up and asks again; then try again`
        : 'let it end, then try again',
    );
  await cancelPipeline(trx, id, act);
}
