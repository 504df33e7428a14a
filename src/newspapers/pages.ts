/** The pages of an issue: one row each (newspapers spec W20). */
import type { Kysely } from 'kysely';
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
