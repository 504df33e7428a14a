/** Lists of batches, for people (newspapers spec 8.1). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { BATCH_OBJECT, selectBatches, type Batch, type BatchStatus } from './batches.js';

/** How batches are grouped, in the order in which they are shown; "deleted" ones only when asked for. */
export const BATCH_GROUPS = ['needs a person', 'in process', 'live', 'archived', 'complete', 'deleted'] as const;
export type BatchGroup = (typeof BATCH_GROUPS)[number];

/** A batch in a list, with what its open pipeline does or asks. */
export type ListedBatch = Batch & {
  group: BatchGroup;
  issues: number;
  pages: number;
  flagged: number;
  pipelineId: number | null;
  pipeline: string | null;
  pipelineStatus: string | null;
  /** The open question, e.g. "batch_qc". */
  question: string | null;
};

export interface BatchFilter {
  id?: number | undefined;
  group?: BatchGroup | undefined;
  status?: BatchStatus | undefined;
  org?: string | undefined;
  limit: number;
}

/**
 * The newest `limit` batches that a filter names, group by group; and how many there are of each group. Those that ask
 * something, and those whose pipeline failed or that have none, need a person.
 */
export async function listBatches(
  db: Kysely<DB>,
  { id, group, status, org, limit }: BatchFilter,
): Promise<{ batches: ListedBatch[]; totals: { group: BatchGroup; count: number }[] }> {
  const grouped = selectBatches(db)
    .leftJoin('pipelines as p', (join) =>
      join
        .onRef('p.object_id', '=', 'b.id')
        .on('p.object_type', '=', BATCH_OBJECT)
        .on('p.status', 'not in', ['success', 'cancelled']),
    )
    .select(['p.id as pipelineId', 'p.name as pipeline', 'p.status as pipelineStatus'])
    .select(sql<string | null>`case when p.status = 'held' then p.hold_action end`.as('question'))
    .select(GROUP.as('group'))
    .$if(id !== undefined, (query) => query.where('b.id', '=', id ?? 0))
    .$if(status !== undefined, (query) => query.where('b.status', '=', status ?? ''))
    .$if(org !== undefined, (query) => query.where('o.code', '=', org ?? ''));
  const { rows: totals } = await sql<{ group: BatchGroup; count: number }>`
    select "group", count(*) as count from (${grouped}) b group by 1`.execute(db);
  const wanted = BATCH_GROUPS.filter(
    (each) => group === each || (group === undefined && (each !== 'deleted' || status || id !== undefined)),
  );
  const { rows } = await sql<ListedBatch>`
    select b.*, coalesce(s.issues, 0) as issues, coalesce(s.pages, 0) as pages,
      (select count(*) from newspapers.flagged_issues f where f.batch_id = b.id) as flagged
    from (
      select g.*, row_number() over (partition by "group" order by "createdAt" desc, id desc) as place
      from (${grouped}) g where "group" = any(${wanted})
    ) b
      left join lateral (
        select count(*) as issues, sum((select count(*) from newspapers.pages p where p.issue_id = i.id))::bigint as pages
        from newspapers.issues i where i.batch_id = b.id
      ) s on true
    where b.place <= ${limit}
    order by array_position(${[...BATCH_GROUPS]}::text[], b."group"), b."createdAt" desc, b.id desc`.execute(db);
  return {
    batches: rows,
    totals: BATCH_GROUPS.flatMap((each) => totals.filter((total) => total.group === each && wanted.includes(each))),
  };
}

const GROUP = sql<BatchGroup>`case
  when b.status = 'deleted' then 'deleted'
  when b.status = 'live_done' then 'complete'
  when b.status = 'live_archived' then 'archived'
  when p.status in ('held', 'failed') then 'needs a person'
  when exists (select from newspapers.batches n where n.replaces = b.id and n.status = 'pending') then 'live' -- its next version is being built
  when p.id is null then 'needs a person'
  when b.status = 'live' then 'live'
  else 'in process' end`;
