/** Which issues of a live batch can come back into the workflow: their files are there, and nobody took their place. */
import { dirname } from 'node:path';
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { existing, isThere } from '../../files/existing.js';
import { quoted } from '../../files/quoted.js';
import type { Issue } from '../issues.js';

/**
 * Why it cannot come back; undefined: it can.
 *
 * @throws Error when its area is not there either: its files are not gone, and the issue must not leave without them
 */
export async function whyNotBack(db: Kysely<DB>, issue: Issue): Promise<string | undefined> {
  const { location } = issue;
  if (location === null) return 'its workflow files are gone';
  if (!(await existing(location, 'directory'))) {
    if (await isThere(dirname(location))) return `its workflow files are not in ${quoted(location)}`;
    throw new Error(
      `nobody can tell whether issue ${issue.key} has its workflow files, as ${quoted(dirname(location))} is not there: is its disk mounted? Mount it, then try again`,
    );
  }
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
