import { sql } from 'kysely';
import { BATCH_OBJECT } from '../batches/batch-object.js';
import { ISSUE_OBJECT } from '../issue-object.js';
import type { ImportWork } from './import-work.js';

/** A statement on all of a large site would be taken for a hung one. */
const CHUNK = 10_000;

/** The story of each issue and batch says where it comes from; and since when NCA had an issue, which only its actions tell. */
export async function tellStories({ trx, actor, tell }: ImportWork): Promise<void> {
  for (let after = 0; ;) {
    const { rows } = await sql<{ last: number | null }>`
      select max(id) as last from (select id from newspapers.issues where id > ${after} order by id limit ${CHUNK}) next`.execute(
      trx,
    );
    const last = rows[0]?.last ?? null;
    if (last === null) break;
    await sql`
      update newspapers.issues i set created_at = first.at
      from (
        select object_id, min(at) as at from events
        where object_type = ${ISSUE_OBJECT} and object_id > ${after} and object_id <= ${last} group by object_id) first
      where i.id = first.object_id and first.at < i.created_at`.execute(trx);
    await sql`
      insert into events (actor, kind, object_type, object_id, detail)
      select ${actor}, 'imported', ${ISSUE_OBJECT}, id, jsonb_build_object('from', 'NCA', 'step', workflow_step)
      from newspapers.issues where id > ${after} and id <= ${last} order by id`.execute(trx);
    tell(`stories of issues up to ${last}`);
    after = last;
  }
  await sql`
    insert into events (actor, kind, object_type, object_id, detail)
    select ${actor}, 'imported', ${BATCH_OBJECT}, id, jsonb_build_object('from', 'NCA', 'status', status)
    from newspapers.batches order by id`.execute(trx);
}
