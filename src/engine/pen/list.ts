/** The holding pen as a list, and counted by what people filter by. Reads only. */
import { sql, type Kysely } from 'kysely';
import type { DB, Json } from '../../database/database.js';
import type { Registry } from '../registry.js';
import { toAsking } from './decide.js';
import { AGES, penRows, type PenFilter } from './filter.js';

/** A pipeline that waits for somebody, or failed. */
export interface Held {
  id: number;
  name: string;
  description: string;
  object_type: string | null;
  object_id: number | null;
  /** The key of its object's title, e.g. an LCCN. */
  title_key: string | null;
  title: string | null;
  /** Code of its object's organisation. */
  org: string | null;
  status: 'held' | 'failed';
  hold_kind: string | null;
  hold_action: string | null;
  hold_role: string | null;
  hold_rev: number;
  message: string | null;
  /** What the job gave with its question. */
  payload: Json;
  since: Date | null;
  wake_at: Date | null;
  due_at: Date | null;
  /** Whose claim counts now. */
  assignee: string | null;
  assigned_until: Date | null;
  /** Put off until then; null when it is not. */
  snoozed_until: Date | null;
  snooze_reason: string | null;
}

/**
 * The pen: what waits for a person first, then what failed, then other waits if asked for; the oldest of each first.
 * @returns the first `limit`, and how many there are
 * @throws Refused for a role that is none
 */
export async function listHeld(
  db: Kysely<DB>,
  registry: Registry,
  filter: PenFilter & { limit: number },
): Promise<{ held: Held[]; total: number }> {
  const { rows } = await sql<Held & { total: number }>`
    select *, count(*) over () as total from (${penRows(registry, filter)}) pen
    order by case when status = 'failed' then 2 when hold_kind = 'person' then 1 else 3 end, since, id limit ${filter.limit}`.execute(
    db,
  );
  const found = { held: [] as Held[], total: 0 };
  for (const { total, ...row } of rows) {
    const { summary } = registry.actions.get(row.hold_action ?? '') ?? {};
    const message = summary ? summary(toAsking(row.id, { ...row, hold_message: row.message })) : row.message;
    found.held.push({ ...row, message });
    found.total = total; // every row tells it
  }
  return found;
}

/** What the pen can be counted by. */
export const FACETS = ['action', 'role', 'title', 'org', 'assignee', 'age'] as const;
export type Facet = (typeof FACETS)[number];

/** For each facet its values with their counts, the most frequent first (ages: the youngest first). A null value: has none. */
export type Facets = { total: number } & Record<Facet, { value: string | null; name?: string; count: number }[]>;

/** Counts what a filter names. @throws Refused for a role that is none */
export async function countHeld(db: Kysely<DB>, registry: Registry, filter: PenFilter): Promise<Facets> {
  const { rows } = await sql<{ facet: Facet | null; value: string | null; name: string | null; count: number }>`
    select case grouping(action, role, title_key, org, assignee, age)
        when 31 then 'action' when 47 then 'role' when 55 then 'title' when 59 then 'org' when 61 then 'assignee' when 62 then 'age' end as facet,
      coalesce(action, role, title_key, org, assignee, age) as value, case when grouping(title_key) = 0 then min(title) end as name, count(*) as count
    from (
      select case status when 'failed' then 'FAILED' else coalesce(hold_action, hold_kind) end as action,
        case status when 'failed' then 'sysadmin' else hold_role end as role, title_key, title, org, assignee, age
      from (${penRows(registry, filter)}) pen
    ) held
    group by grouping sets ((action), (role), (title_key), (org), (assignee), (age), ())
    order by count desc, value`.execute(db);
  const facets = Object.fromEntries(FACETS.map((facet) => [facet, valuesOf(rows, facet)])) as Record<
    Facet,
    Facets[Facet]
  >; // each facet, by construction
  facets.age.sort((a, b) => ageRank(a.value) - ageRank(b.value));
  return { total: rows.find((row) => row.facet === null)?.count ?? 0, ...facets };
}

const valuesOf = (
  rows: { facet: Facet | null; value: string | null; name: string | null; count: number }[],
  facet: Facet,
): Facets[Facet] =>
  rows
    .filter((row) => row.facet === facet)
    .map(({ value, name, count }) => ({ value, ...(name !== null && { name }), count }));

const ageRank = (age: string | null): number => AGES.findIndex((each) => each === age);
