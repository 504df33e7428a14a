/** Titles: newspapers, each one LCCN (newspapers spec 1.9). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { formatEmbargo, isNoEmbargo, parseEmbargo } from './embargo.js';
import { parseLccn, type Lccn } from './lccn.js';
import type { MarcRecord } from './marc.js';
import { getOrg, type Change } from './orgs.js';

export interface Title {
  id: number;
  lccn: Lccn;
  /** The MARC title once validated, else the name entered by hand. */
  name: string;
  /** Place of publication. */
  location: string | null;
  /** ISO 639-2 code; "eng" where the record names none. */
  language: string;
  /** Upload directories are named after the LCCN or after this. */
  sftpUser: string | null;
  /** Awardee of its born-digital issues; null: the setting PDF_BATCH_MARC_ORG_CODE. */
  orgCode: string | null;
  /** How long after its date an issue stays unpublished, in the normal form; null: not at all. */
  embargo: string | null;
  /** When a MARC record with title and place was found for it. */
  validatedAt: Date | null;
}

/** What a MARC record does not tell. What is not given stays as it is. */
export interface TitleExtras {
  sftpUser?: string;
  orgCode?: string;
}

/** What is changed of a title by hand. What is not given stays as it is; null takes it away. */
export interface TitleChanges {
  /** Any embargo text; it is stored in its normal form. */
  embargo?: string | null;
  orgCode?: string | null;
  sftpUser?: string | null;
}

export class UnknownTitle extends Error {
  override name = 'UnknownTitle';
  constructor(readonly lccn: string) {
    super(`there is no title ${JSON.stringify(lccn)}: add it with "bin/titles add", "bin/titles list" shows all`);
  }
}

/** Upload directories are found by LCCN or SFTP user: one name must not mean two titles. */
export class SftpUserTaken extends Error {
  override name = 'SftpUserTaken';
  constructor(
    readonly sftpUser: string,
    readonly lccn: string,
  ) {
    super(`${JSON.stringify(sftpUser)} already names the title ${lccn}: give each title an SFTP user of its own`);
  }
}

export class InvalidSftpUser extends Error {
  override name = 'InvalidSftpUser';
  constructor(readonly sftpUser: string) {
    super(`${JSON.stringify(sftpUser)} cannot be an SFTP user: it must be able to name a directory`);
  }
}

/**
 * Adds the title of a MARC record, or brings the one of that LCCN up to date; a record with title and place validates it
 * (newspapers spec 6.6). The name that a person entered is kept.
 *
 * @throws UnknownOrg, InvalidSftpUser, SftpUserTaken
 */
export async function addTitle(
  db: Kysely<DB>,
  marc: MarcRecord,
  extras: TitleExtras = {},
): Promise<{ title: Title; change: Change }> {
  const org = extras.orgCode === undefined ? undefined : await getOrg(db, extras.orgCode);
  if (extras.sftpUser !== undefined) await refuseUnlessFree(db, extras.sftpUser, marc.lccn);
  const columns = {
    marc_title: marc.title,
    marc_location: marc.place,
    language: marc.language,
    ...(extras.sftpUser !== undefined && { sftp_user: extras.sftpUser }),
    ...(org && { org_id: org.id }),
  };
  const names = Object.keys(columns) as (keyof typeof columns)[]; // Object.keys forgets which
  const valid = marc.place !== null;
  const written = await db
    .insertInto('newspapers.titles')
    .values({ lccn: marc.lccn, name: marc.title, validated_at: valid ? sql`now()` : null, ...columns })
    .onConflict((conflict) =>
      conflict
        .column('lccn')
        .doUpdateSet((row) => ({
          ...Object.fromEntries(names.map((name) => [name, row.ref(`excluded.${name}`)])),
          validated_at: sql`excluded.validated_at`,
        }))
        .where((row) =>
          row.or([
            ...names.map((name) => row(`newspapers.titles.${name}`, 'is distinct from', row.ref(`excluded.${name}`))),
            row('newspapers.titles.validated_at', valid ? 'is' : 'is not', null),
          ]),
        ),
    )
    .returning(sql<boolean>`xmax = 0`.as('added'))
    .executeTakeFirst();
  const title = await titles(db).where('t.lccn', '=', marc.lccn).executeTakeFirstOrThrow();
  return { title: parsed(title), change: written ? (written.added ? 'added' : 'updated') : 'unchanged' };
}

/**
 * Changes what no MARC record tells of a title, all of it or nothing.
 *
 * @param lccnOrSftpUser names the title
 * @throws UnknownTitle, InvalidEmbargo, UnknownOrg, InvalidSftpUser, SftpUserTaken
 */
export async function changeTitle(db: Kysely<DB>, lccnOrSftpUser: string, changes: TitleChanges): Promise<Title> {
  const title = await findTitle(db, lccnOrSftpUser);
  if (!title) throw new UnknownTitle(lccnOrSftpUser);
  const { embargo, orgCode, sftpUser } = changes;
  const org = orgCode == null ? orgCode : (await getOrg(db, orgCode)).id;
  if (sftpUser != null) await refuseUnlessFree(db, sftpUser, title.lccn);
  const columns = {
    ...(embargo !== undefined && { embargo: embargo === null ? null : storedEmbargo(embargo) }),
    ...(org !== undefined && { org_id: org }),
    ...(sftpUser !== undefined && { sftp_user: sftpUser }),
  };
  if (Object.keys(columns).length > 0)
    await db.updateTable('newspapers.titles').set(columns).where('id', '=', title.id).execute();
  return parsed(await titles(db).where('t.id', '=', title.id).executeTakeFirstOrThrow());
}

function storedEmbargo(text: string): string | null {
  const period = parseEmbargo(text);
  return isNoEmbargo(period) ? null : formatEmbargo(period);
}

/** All titles, by LCCN. */
export async function listTitles(db: Kysely<DB>): Promise<Title[]> {
  return (await titles(db).orderBy('t.lccn').execute()).map(parsed);
}

/** The title that a directory of an upload area is named after: by LCCN, else by SFTP user (newspapers spec 1.9, 5.1). */
export async function findTitle(db: Kysely<DB>, lccnOrSftpUser: string): Promise<Title | undefined> {
  const found = await titles(db)
    .where((row) => row.or([row('t.lccn', '=', lccnOrSftpUser), row('t.sftp_user', '=', lccnOrSftpUser)]))
    .orderBy(sql`t.lccn = ${lccnOrSftpUser}`, 'desc')
    .executeTakeFirst();
  return found && parsed(found);
}

/** What people call a title (newspapers spec 1.9): for selections that join newspapers.titles as t. */
export const TITLE_NAME = sql<string>`case when t.validated_at is null then t.name else coalesce(t.marc_title, t.name) end`;

function titles(db: Kysely<DB>) {
  return db
    .selectFrom('newspapers.titles as t')
    .leftJoin('newspapers.orgs as o', 'o.id', 't.org_id')
    .select([
      't.id',
      't.lccn',
      't.marc_location as location',
      't.sftp_user as sftpUser',
      'o.code as orgCode',
      't.embargo',
      't.validated_at as validatedAt',
    ])
    .select([TITLE_NAME.as('name'), sql<string>`coalesce(t.language, 'eng')`.as('language')]);
}

const parsed = <Row extends { lccn: string }>(row: Row) => ({ ...row, lccn: parseLccn(row.lccn) });

async function refuseUnlessFree(db: Kysely<DB>, sftpUser: string, lccn: Lccn): Promise<void> {
  // The same rule as the check constraint of the column, so that the message can say more.
  if (!/^[^/\p{Cc}]+$/u.test(sftpUser) || sftpUser === '.' || sftpUser === '..') throw new InvalidSftpUser(sftpUser);
  const other = await findTitle(db, sftpUser);
  if (other && other.lccn !== lccn) throw new SftpUserTaken(sftpUser, other.lccn);
}
