import { sql } from 'kysely';
import { defineObjectFacts } from '../../engine/pen/object-facts.js';
import { TITLE_NAME } from '../titles.js';
import { BATCH_OBJECT } from './batch-object.js';

/** A batch in the holding pen: its organisation by code; its title when it holds issues of one only, else by how many. */
export const batchFacts = defineObjectFacts({
  type: BATCH_OBJECT,
  // Its files are gone from here, or it never came to anything; whatever patches or takes it back enqueues a pipeline with it.
  atRest: sql`select id as object_id from newspapers.batches where status in ('live_done', 'deleted')`,
  facts: sql`
    select b.id as object_id, x.title_key, x.title, o.code as org
    from newspapers.batches b join newspapers.orgs o on o.id = b.org_id
      left join lateral (
        select case when count(distinct t.id) = 1 then min(t.lccn) end as title_key,
          case when count(distinct t.id) = 1 then min(${TITLE_NAME}) else format('%s titles', count(distinct t.id)) end as title
        from newspapers.issues i join newspapers.titles t on t.id = i.title_id where i.batch_id = b.id
      ) x on true`,
});
