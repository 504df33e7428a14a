import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { FileRecord } from './file-records.js';

/** Says that a set holds these files, too: new ones, or new contents of some that it holds. The others stay as they are recorded. */
export async function addFiles(
  trx: Transaction<DB>,
  setId: number,
  files: readonly FileRecord[],
  pipelineId: number | null,
): Promise<void> {
  const rows = files.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  await sql`
    insert into files (set_id, path, size, sha256, pipeline_id)
    select ${setId}, f.path, f.size, decode(f.sha256, 'hex'), ${pipelineId}::bigint
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as f (path text, size bigint, sha256 text)
    on conflict (set_id, path) do update
      set size = excluded.size, sha256 = excluded.sha256, recorded_at = now(), pipeline_id = excluded.pipeline_id
      where (files.size, files.sha256) is distinct from (excluded.size, excluded.sha256)`.execute(trx);
}
