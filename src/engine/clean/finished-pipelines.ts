/** Which finished pipelines may leave the hot tables, and why the others stay. */
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { ObjectFacts } from '../pen/object-facts.js';

/** Why a finished pipeline that is old enough stays. */
export const KEPT_BECAUSE = {
  /** What its object did last tells what can go on with it. */
  object: 'their object is still at work',
  /** Nobody says when objects of its type are at rest. */
  unknown: 'of objects of a type that this program does not know',
  /** The story of an object goes whole. */
  younger: 'their object had another pipeline since',
  blocks: 'another pipeline waits for them',
} as const;

export type KeptBecause = keyof typeof KEPT_BECAUSE;

export interface Finished {
  id: number;
  /** Null: it may go. */
  kept: KeptBecause | null;
}

/** What is old enough: finished before this time of the database's clock, as PostgreSQL writes it (to the microsecond). */
export type Before = string;

/** Where a walk through the finished pipelines stands: the end and the number of the last one seen. */
export interface Place {
  completedAt: string;
  id: number;
}

/** The time so many seconds ago, by the database's clock. */
export async function beforeSeconds(db: Kysely<DB>, seconds: number): Promise<Before> {
  const { rows } = await sql<{
    before: string;
  }>`select (now() - make_interval(secs => ${seconds}))::text as before`.execute(db);
  return rows[0]?.before ?? '-infinity';
}

/**
 * The next `limit` finished pipelines after a place, the oldest end first, and where that leads. An index scan that stops
 * at the limit, and three look-ups by index for each row, whatever else the tables hold.
 */
export async function nextFinished(
  db: Kysely<DB>,
  objects: ReadonlyMap<string, ObjectFacts>,
  { before, after, limit }: { before: Before; after: Place | undefined; limit: number },
): Promise<{ finished: Finished[]; place: Place | undefined }> {
  const { rows } = await finishedQuery(objects, { before, after, limit }).execute(db);
  const last = rows.at(-1);
  return {
    finished: rows.map(({ id, kept }) => ({ id, kept })),
    place: last && { completedAt: last.completedAt, id: last.id },
  };
}

/** The same as a statement. */
export const finishedQuery = (
  objects: ReadonlyMap<string, ObjectFacts>,
  { before, after, limit }: { before: Before; after: Place | undefined; limit: number },
) => sql<Finished & { completedAt: string }>`
  select p.id, p.completed_at::text as "completedAt", ${keptBecause(objects, before)} as kept
  from (
    select id, completed_at, object_type, object_id from pipelines
    where completed_at < ${before}::timestamptz
      and (completed_at, id) > (${after?.completedAt ?? '-infinity'}::timestamptz, ${after?.id ?? 0}::bigint)
    order by completed_at, id limit ${limit}
  ) p
  order by p.completed_at, p.id`;

/** Locks those of the ids that may still go; one that somebody has in hand, or has opened again by hand, stays. */
export async function lockFinished(
  trx: Transaction<DB>,
  objects: ReadonlyMap<string, ObjectFacts>,
  before: Before,
  ids: readonly number[],
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select p.id from pipelines p
    where p.id = any(${ids}::bigint[]) and p.completed_at < ${before}::timestamptz and ${keptBecause(objects, before)} is null
    order by p.id for update of p skip locked`.execute(trx);
  return rows.map(({ id }) => id);
}

/**
 * Of a pipeline p: why it stays, null when it may go. Scalar subqueries, as `exists` may be answered by a hash of the whole table.
 */
function keptBecause(objects: ReadonlyMap<string, ObjectFacts>, before: Before): RawBuilder<KeptBecause | null> {
  const cases = [...objects.values()].flatMap(({ type, atRest }) =>
    atRest
      ? [
          sql`when ${type} then coalesce((select true from (${atRest}) rest where rest.object_id = p.object_id limit 1), false)`,
        ]
      : [],
  );
  const isAtRest = cases.length === 0 ? sql`null::boolean` : sql`case p.object_type ${sql.join(cases, sql` `)} end`;
  return sql<KeptBecause | null>`coalesce(
    case when p.object_type is not null then case ${isAtRest} when true then null when false then 'object' else 'unknown' end end,
    (select 'younger' from pipelines o where o.object_type = p.object_type and o.object_id = p.object_id
      and (o.completed_at is null or o.completed_at >= ${before}::timestamptz) limit 1),
    (select 'blocks' from pipelines b where b.blocked_by = p.id limit 1))`;
}
