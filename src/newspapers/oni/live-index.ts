/** What is live, as `newspapers.live_issues` knows it: duplicates are looked for in it (newspapers spec 5.4.3, 5.6). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { formatIssueKey, type IssueKey } from '../issue-key.js';

/** An issue on the public site. */
export interface LiveIssue {
  /** The full name of its batch. */
  batch: string;
  /** Its page for people. */
  url: string;
}

/** The issue of that key on the public site, as of the last look of the watcher `refresh_live_index`. */
export async function isLive(db: Kysely<DB>, key: IssueKey): Promise<LiveIssue | undefined> {
  return (await liveAmong(db, [key])).get(formatIssueKey(key));
}

/** Those of many keys that are on the public site, by their text `LCCN/YYYYMMDDEE`: one question for all. */
export async function liveAmong(
  db: Kysely<DB>,
  keys: readonly { lccn: string; date: string; edition: number }[],
): Promise<Map<string, LiveIssue>> {
  if (keys.length === 0) return new Map();
  const wanted = JSON.stringify(keys.map(({ lccn, date, edition }) => ({ lccn, date, edition })));
  const { rows } = await sql<{ lccn: string; date: string; edition: number; batch: string; url: string }>`
    select distinct on (l.lccn, l.date, l.edition) l.lccn, l.date, l.edition, l.url, b.name as batch
    from jsonb_to_recordset(${wanted}::jsonb) as k (lccn text, date date, edition int)
    join newspapers.live_issues l on l.lccn = k.lccn and l.date = k.date and l.edition = k.edition
    join newspapers.live_batches b on b.url = l.batch_url
    order by l.lccn, l.date, l.edition, b.name desc`.execute(db);
  return new Map(
    rows.map(({ batch, url, ...key }) => [formatIssueKey(key), { batch, url: url.replace(/\.json$/, '/') }]),
  );
}
