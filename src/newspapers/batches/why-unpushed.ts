import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { BATCH_OBJECT } from './batch-object.js';

/** Why it was decided, for what is told of the issues. */
export async function whyUnpushed(db: Kysely<DB>, batchId: number): Promise<{ actor: string; reason: string }> {
  const { rows } = await sql<{ actor: string; reason: string | null }>`
    select actor, detail ->> 'reason' as reason from events
    where object_type = ${BATCH_OBJECT} and object_id = ${batchId} and kind = 'unpush_decided' order by id desc limit 1`.execute(
    db,
  );
  return { actor: rows[0]?.actor ?? 'engine', reason: rows[0]?.reason ?? 'the batch was taken back from production' };
}
