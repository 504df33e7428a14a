/** The pages of an issue: one row each (newspapers spec W20). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';

export interface Page {
  /** From 1; page n is the file NNNN.pdf. */
  number: number;
  /** The page number as printed; null while nobody has looked or when there is none. */
  label: string | null;
  /** Somebody looked, and the page carries no printed number. */
  noLabel: boolean;
}

/** The pages of an issue, in their order. */
export async function listPages(db: Kysely<DB>, issueId: number): Promise<Page[]> {
  return db
    .selectFrom('newspapers.pages')
    .select(['number', 'label', 'no_label as noLabel'])
    .where('issue_id', '=', issueId)
    .orderBy('number')
    .execute();
}

/** How many pages an issue is known to have; 0 while nobody has counted them. */
export async function countPages(db: Kysely<DB>, issueId: number): Promise<number> {
  const { pages } = await db
    .selectFrom('newspapers.pages')
    .select((eb) => eb.fn.countAll<number>().as('pages'))
    .where('issue_id', '=', issueId)
    .executeTakeFirstOrThrow();
  return pages;
}

/** Says that an issue has so many pages; what is known of pages that stay is kept. */
export async function setPageCount(db: Kysely<DB>, issueId: number, pages: number): Promise<void> {
  await sql`
    insert into newspapers.pages (issue_id, number) select ${issueId}, n from generate_series(1, ${pages}::int) n
    on conflict do nothing`.execute(db);
  await db.deleteFrom('newspapers.pages').where('issue_id', '=', issueId).where('number', '>', pages).execute();
}
