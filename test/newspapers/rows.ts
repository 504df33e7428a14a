/** Rows that tests start from. */
import type { Kysely } from 'kysely';
import type { DB } from '../../src/database/database.js';
import { createIssue, type Issue, type NewIssue } from '../../src/newspapers/issues.js';
import { parseLccn } from '../../src/newspapers/lccn.js';
import { addOrg, getOrg } from '../../src/newspapers/orgs.js';
import { addTitle, type Title, type TitleExtras } from '../../src/newspapers/titles.js';

/** A validated title in English. */
export async function givenTitle(db: Kysely<DB>, lccn: string, extras: TitleExtras = {}): Promise<Title> {
  const marc = { lccn: parseLccn(lccn), title: `The ${lccn} journal.`, place: 'Chicopee, Mass.', language: 'eng' };
  return (await addTitle(db, marc, extras)).title;
}

/** An issue of a title and of the organisation "mwa", both made when they are not there. */
export async function givenIssue(db: Kysely<DB>, lccn: string, issue: Partial<NewIssue> = {}): Promise<Issue> {
  const title = await givenTitle(db, lccn);
  await addOrg(db, 'mwa', 'American Antiquarian Society');
  const org = await getOrg(db, 'mwa');
  const row: NewIssue = {
    titleId: title.id,
    orgId: org.id,
    kind: 'borndigital',
    date: '1856-05-10',
    edition: 1,
    location: `/uploads/${lccn}/1856-05-10`,
    ...issue,
  };
  const made = await db.transaction().execute((trx) => createIssue(trx, row, { actor: 'a test' }));
  if (!made) throw new Error('this issue is in the workflow already');
  return made;
}
