/** Which issues of a live batch can come back into the workflow: their files are there, and nobody took their place. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { existing } from '../../files/existing.js';
import { quoted } from '../../files/quoted.js';
import type { Issue } from '../issues.js';

/** Why it cannot come back; undefined: it can. */
export async function whyNotBack(db: Kysely<DB>, issue: Issue): Promise<string | undefined> {
  const { location } = issue;
  if (location === null) return 'its workflow files are gone';
  if (!(await existing(location, 'directory'))) return `its workflow files are not in ${quoted(location)}`;
  const twin = await twinOf(db, issue.id);
  return twin === undefined ? undefined : `issue ${twin} of the same key is in the workflow`;
}

/** The issue that is in the workflow under its key. */
async function twinOf(db: Kysely<DB>, issueId: number): Promise<number | undefined> {
  const { rows } = await sql<{ id: number }>`
    select twin.id from newspapers.issues i
      join newspapers.issues twin on twin.title_id = i.title_id and twin.date = i.date and twin.edition = i.edition
    where i.id = ${issueId} and twin.id <> i.id and not twin.ignored limit 1`.execute(db);
  return rows[0]?.id;
}
