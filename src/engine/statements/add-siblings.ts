import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { JobCall } from '../job.js';
import { SEQUENCE_STEP } from '../enqueue.js';

/**
 * Adds jobs right after a job that its runner still holds: they run before what would have come next, in their order.
 * When the gap in the sequences is too small the later jobs move up; their logs follow them by the foreign key.
 */
export async function addSiblings(
  trx: Transaction<DB>,
  pipelineId: number,
  after: number,
  calls: readonly JobCall[],
): Promise<void> {
  const later = await trx
    .selectFrom('jobs')
    .select((eb) => eb.fn.min('sequence').as('sequence'))
    .where('pipeline_id', '=', pipelineId)
    .where('sequence', '>', after)
    .executeTakeFirst();
  const gap = later?.sequence == null ? Infinity : later.sequence - after - 1;
  if (gap < calls.length)
    await moveUp(trx, pipelineId, after, Math.ceil((calls.length - gap) / SEQUENCE_STEP) * SEQUENCE_STEP);
  const step = gap === Infinity ? SEQUENCE_STEP : 1;
  await trx
    .insertInto('jobs')
    .values(
      calls.map((call, i) => ({
        pipeline_id: pipelineId,
        sequence: after + (i + 1) * step,
        type: call.type,
        queue: call.queue,
        args: JSON.stringify(call.args),
        max_attempts: call.maxAttempts,
        timeout: sql<string>`interval '1 second' * ${call.timeoutSeconds}::float8`,
        entwine: call.entwine ?? null,
      })),
    )
    .execute();
}

/** In two steps through a range that is free, since a unique key is checked row by row. */
async function moveUp(trx: Transaction<DB>, pipelineId: number, after: number, by: number): Promise<void> {
  const FAR = 1_000_000_000;
  const moved = (offset: number, from: number) =>
    sql`update jobs set sequence = sequence + ${offset} where pipeline_id = ${pipelineId} and sequence > ${from}`.execute(
      trx,
    );
  await moved(FAR, after);
  await moved(by - FAR, FAR);
}
