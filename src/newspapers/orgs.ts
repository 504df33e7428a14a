/** MARC organisations: the awardees of issues and batches (newspapers spec 1.9, there "mocs"). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';

export interface Org {
  id: number;
  /** MARC organisation code, e.g. "oru": names a directory of the scan upload area, and batches. */
  code: string;
  name: string;
}

/** What adding something did that may have been there before. */
export type Change = 'added' | 'updated' | 'unchanged';

export class InvalidOrg extends Error {
  override name = 'InvalidOrg';
}

export class UnknownOrg extends Error {
  override name = 'UnknownOrg';
  constructor(readonly code: string) {
    super(
      `there is no organisation ${JSON.stringify(code)}: add it with "bin/orgs add CODE NAME", "bin/orgs list" shows all`,
    );
  }
}

/**
 * Adds an organisation, or renames the one of that code.
 *
 * @throws InvalidOrg when the code or the name cannot be one
 */
export async function addOrg(db: Kysely<DB>, code: string, name: string): Promise<{ org: Org; change: Change }> {
  if (!/^[A-Za-z0-9-]{1,50}$/.test(code)) {
    throw new InvalidOrg(
      `${JSON.stringify(code)} is no MARC organisation code: letters, digits and hyphens, as in oru`,
    );
  }
  if (name.trim() === '') throw new InvalidOrg(`organisation ${code} needs a name: batches and sites show it`);
  const written = await db
    .insertInto('newspapers.orgs')
    .values({ code, name: name.trim() })
    .onConflict((conflict) =>
      conflict
        .column('code')
        .doUpdateSet((row) => ({ name: row.ref('excluded.name') }))
        .whereRef('newspapers.orgs.name', '<>', 'excluded.name'),
    )
    .returning(sql<boolean>`xmax = 0`.as('added')) // no row before: nobody has locked or updated this one
    .executeTakeFirst();
  return { org: await getOrg(db, code), change: written ? (written.added ? 'added' : 'updated') : 'unchanged' };
}

/** All organisations, by code. */
export async function listOrgs(db: Kysely<DB>): Promise<Org[]> {
  return db.selectFrom('newspapers.orgs').select(['id', 'code', 'name']).orderBy('code').execute();
}

/** @throws UnknownOrg */
export async function getOrg(db: Kysely<DB>, code: string): Promise<Org> {
  const orgs = db.selectFrom('newspapers.orgs').select(['id', 'code', 'name']);
  const org = await orgs.where('code', '=', code).executeTakeFirst();
  if (!org) throw new UnknownOrg(code);
  return org;
}
