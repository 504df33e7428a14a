/** Which page files are PDF/A: recorded by their sums, as people rename and reorder pages (newspapers W13). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import type { Conformance } from './derivatives/pdf-a.js';

export interface JudgedPage {
  /** Lower-case hex. */
  sha256: string;
  conformance: Conformance;
}

/** Records what page files of an issue are; a later judgement replaces an earlier one. */
export async function recordConformance(
  trx: Transaction<DB>,
  issueId: number,
  pages: readonly JudgedPage[],
): Promise<void> {
  const judged = new Map(pages.map(({ sha256, conformance }) => [sha256, conformance])); // equal pages are one file
  await sql`
    insert into newspapers.page_conformance (issue_id, sha256, conformance)
    select ${issueId}, decode(page.sha256, 'hex'), page.conformance
    from unnest(${[...judged.keys()]}::text[], ${[...judged.values()]}::text[]) page (sha256, conformance)
    on conflict (issue_id, sha256) do update set conformance = excluded.conformance, judged_at = now()`.execute(trx);
}

/** What is known of a page file. @param sha256 lower-case hex */
export async function conformanceOfPage(
  db: Kysely<DB>,
  issueId: number,
  sha256: string,
): Promise<Conformance | 'not asked'> {
  const { rows } = await sql<{ conformance: Conformance }>`
    select conformance from newspapers.page_conformance
    where issue_id = ${issueId} and sha256 = decode(${sha256}, 'hex')`.execute(db);
  return rows[0]?.conformance ?? 'not asked';
}
