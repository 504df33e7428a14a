import type { Database } from '../../database/database.js';
import type { Batch } from '../../newspapers/batches/batches.js';

/** Two batches have the name that somebody gave. */
class AmbiguousBatch extends Error {
  override name = 'AmbiguousBatch';
}

/**
 * The batch that somebody names: by its full name, by the name in it, or by its number. Of versions of one name it is the
 * latest.
 *
 * @throws NoSuchBatch, AmbiguousBatch
 */
export async function theNamed(database: Database, text: string): Promise<Batch> {
  const { findBatchById, NoSuchBatch, selectBatches } = await import('../../newspapers/batches/batches.js');
  const byId = /^\d{1,9}$/.test(text) ? await findBatchById(database.kysely, Number(text)) : undefined;
  if (byId) return byId;
  const found = await selectBatches(database.kysely)
    .where((row) => row.or([row('b.full_name', '=', text), row('b.name', '=', text)]))
    .orderBy('b.version', 'desc')
    .execute();
  const [first] = found;
  if (!first) throw new NoSuchBatch(text);
  if (new Set(found.map((batch) => batch.fullName.replace(/_ver\d+$/, ''))).size > 1)
    throw new AmbiguousBatch(
      `${text} names ${found.length} batches: ${found.map(({ fullName }) => fullName).join(', ')}; give the full name`,
    );
  return first;
}
