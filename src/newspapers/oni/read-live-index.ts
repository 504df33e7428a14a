/** Brings the index of the live site up to date (newspapers spec 5.6): only what it does not know is read. */
import { sql, type Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DB } from '../../database/database.js';
import { isBatchName } from '../batches/batch-name.js';
import { SiteTrouble, type ListedBatch, type SiteBatch, type SiteReader, type SiteTitle } from './site-json.js';

export interface RefreshContext {
  db: Kysely<DB>;
  site: SiteReader;
  log: Logger;
  signal: AbortSignal;
}

/** What a refresh did. */
export interface Refreshed {
  listed: number;
  read: number;
  removed: number;
  /** Batches whose issues are not in the index. */
  skipped: number;
}

interface KnownBatch {
  ingested: string | null;
  problem: string | null;
}

/**
 * Goes through the site's list. Each batch that is new, was loaded anew, or could not be read before is read and kept in
 * a transaction of its own; an odd one is told once and passed over (W24); what the list does not name any more goes.
 *
 * @throws SiteTrouble when the list itself cannot be read to its end, or is empty and was not: then nothing is removed
 */
export async function readLiveIndex(context: RefreshContext): Promise<Refreshed> {
  const { db, site, log, signal } = context;
  const known = await knownBatches(db);
  const titleAt = titlesOf(db, site);
  const listed = new Set<string>();
  const refreshed: Refreshed = { listed: 0, read: 0, removed: 0, skipped: 0 };
  const skip = async (batch: ListedBatch, problem: string): Promise<void> => {
    refreshed.skipped++;
    if (known.get(batch.url)?.problem === problem) return; // told before
    log.warn(
      { batch: batch.name, url: batch.url },
      `the live site's batch ${batch.name} is left out of the index of duplicates: ${problem}`,
    );
    await keepProblem(db, batch, problem);
  };
  for await (const entry of site.listBatches()) {
    signal.throwIfAborted();
    refreshed.listed++;
    const batch = 'entry' in entry ? { name: entry.entry, url: entry.entry, ingested: null } : entry;
    listed.add(batch.url);
    if ('entry' in entry) {
      await skip(batch, `the list does not say what it is (${entry.reason})`);
      continue;
    }
    const before = known.get(batch.url);
    if (before && before.problem === null && before.ingested === batch.ingested) continue;
    if (!isBatchName(batch.name)) {
      await skip(batch, 'its name is not batch_<organisation>_<keyword>_ver<NN>');
      continue;
    }
    try {
      await keepBatch(db, batch, await site.readBatch(batch.url, titleAt));
      refreshed.read++;
    } catch (error) {
      if (!(error instanceof SiteTrouble)) throw error;
      await skip(batch, error.message);
    }
  }
  const gone = [...known.keys()].filter((url) => !listed.has(url)).length;
  if (refreshed.listed === 0 && gone > 0)
    throw new SiteTrouble(
      site.listUrl,
      `it lists no batch at all, and ${gone} are known: is the site being indexed anew? None is forgotten; if it is truly ` +
        'empty, delete the rows of newspapers.live_batches',
    );
  if (gone * 2 > known.size)
    log.warn({ gone, known: known.size }, `the live site lists ${gone} of ${known.size} known batches no more: their issues are no duplicates from now on`); // prettier-ignore
  refreshed.removed = await forgetOthers(db, listed);
  return refreshed;
}

async function knownBatches(db: Kysely<DB>): Promise<Map<string, KnownBatch>> {
  const rows = await db.selectFrom('newspapers.live_batches').select(['url', 'ingested', 'problem']).execute();
  return new Map(rows.map(({ url, ...batch }) => [url, batch]));
}

/** Each title is asked for once, ever. */
function titlesOf(db: Kysely<DB>, site: SiteReader): (url: string) => Promise<SiteTitle> {
  const seen = new Map<string, SiteTitle>();
  return async (url) => {
    const titles = db.selectFrom('newspapers.live_titles').select(['lccn', 'name']).where('url', '=', url);
    const title = seen.get(url) ?? (await titles.executeTakeFirst()) ?? (await site.readTitle(url));
    if (!seen.has(url)) {
      const row = { url, lccn: title.lccn, name: title.name };
      await db
        .insertInto('newspapers.live_titles')
        .values(row)
        .onConflict((c) => c.doNothing())
        .execute();
    }
    seen.set(url, title);
    return title;
  };
}

async function keepBatch(db: Kysely<DB>, { url, name, ingested }: ListedBatch, { issues }: SiteBatch): Promise<void> {
  const rows = JSON.stringify(issues);
  await db.transaction().execute(async (trx) => {
    await keepRow(trx, { url, name, ingested, problem: null });
    await trx.deleteFrom('newspapers.live_issues').where('batch_url', '=', url).execute();
    await sql`
      insert into newspapers.live_issues (batch_url, lccn, date, edition, url)
      select ${url}, k.lccn, k.date, k.edition, k.url
      from jsonb_to_recordset(${rows}::jsonb) as k (lccn text, date date, edition int, url text)
      on conflict do nothing`.execute(trx);
  });
}

const keepProblem = (db: Kysely<DB>, { url, name, ingested }: ListedBatch, problem: string): Promise<void> =>
  keepRow(db, { url, name, ingested, problem });

async function keepRow(db: Kysely<DB>, row: ListedBatch & { problem: string | null }): Promise<void> {
  await db
    .insertInto('newspapers.live_batches')
    .values(row)
    .onConflict((conflict) => conflict.column('url').doUpdateSet({ ...row, read_at: sql`now()` }))
    .execute();
}

async function forgetOthers(db: Kysely<DB>, listed: ReadonlySet<string>): Promise<number> {
  const gone = await db
    .deleteFrom('newspapers.live_batches')
    .where('url', '<>', sql<string>`all(${[...listed]}::text[])`)
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
}
