/** What the METS of an issue tells of it, as people entered it. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { NoSuchIssue } from '../issues.js';
import { TITLE_NAME } from '../titles.js';

export interface IssueDescription {
  lccn: string;
  /** Name of the title, with its place when the catalogue knows it, as NDNP labels do: "The weekly journal (Chicopee, Mass.)". */
  titleName: string;
  /** YYYY-MM-DD. */
  date: string;
  /** As printed, when that is another; YYYY-MM-DD. */
  dateAsLabeled: string | null;
  volume: string | null;
  issueNumber: string | null;
  edition: number;
  editionLabel: string | null;
  /** URL of a rights statement. */
  rights: string | null;
  /** The organisation that publishes it. */
  org: { code: string; name: string };
}

/** @throws NoSuchIssue */
export async function describeIssue(db: Kysely<DB>, issueId: number): Promise<IssueDescription> {
  const row = await db
    .selectFrom('newspapers.issues as i')
    .innerJoin('newspapers.titles as t', 't.id', 'i.title_id')
    .innerJoin('newspapers.orgs as o', 'o.id', 'i.org_id')
    .where('i.id', '=', issueId)
    .select(['t.lccn', 'i.date', 'i.date_as_labeled as dateAsLabeled', 'i.volume', 'i.issue_number as issueNumber'])
    .select(['i.edition', 'i.edition_label as editionLabel', 't.rights', 'o.code', 'o.name'])
    .select(TITLE_NAME.as('title'))
    .select(sql<string | null>`case when t.validated_at is not null then t.marc_location end`.as('place'))
    .executeTakeFirst();
  if (!row) throw new NoSuchIssue(issueId);
  const { code, name, title, place, ...rest } = row;
  return {
    ...rest,
    titleName: place === null ? title : `${title.replace(/[\s.,:;/]+$/, '')} (${place})`,
    org: { code, name },
  };
}
