/** Which title and organisation a directory of an upload area means: read once per scan, so that a scan asks nothing per directory. */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { listOrgs, type Org } from '../orgs.js';
import { listTitles, type Title } from '../titles.js';

export interface Catalog {
  /** By LCCN, else by SFTP user (newspapers spec 1.9). */
  title: (directory: string) => Title | undefined;
  org: (code: string) => Org | undefined;
}

export async function readCatalog(db: Kysely<DB>): Promise<Catalog> {
  const [titles, orgs] = await Promise.all([listTitles(db), listOrgs(db)]);
  const byName = new Map<string, Title>();
  for (const title of titles) if (title.sftpUser !== null) byName.set(title.sftpUser, title);
  for (const title of titles) byName.set(title.lccn, title);
  const byCode = new Map(orgs.map((org) => [org.code, org]));
  return { title: (directory) => byName.get(directory), org: (code) => byCode.get(code) };
}
