/** Brings an NCA database over into ours, whole or not at all (newspapers spec 1, 12.3). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import { BadRows, TooManyBadRows } from './bad-rows.js';
import { countPages } from './count-pages.js';
import { importActions } from './import-actions.js';
import { importBagSums } from './import-bag-sums.js';
import { importBatches } from './import-batches.js';
import { importFlags } from './import-flags.js';
import { importIssues } from './import-issues.js';
import { importOrgs } from './import-orgs.js';
import { importSums, type SumCounts } from './import-sums.js';
import { importTitles } from './import-titles.js';
import { importUsers } from './import-users.js';
import type { ImportWork, Notice } from './import-work.js';
import { findOpenPipelines, type OpenPipeline } from './open-pipelines.js';
import { moveSequenceOn } from './records.js';
import { ImportRefused, NotEmpty } from './refused.js';
import { Stage, type RowCounts } from './stage.js';
import type { NcaSource } from './tables.js';
import { tellStories } from './tell-stories.js';
import { startWhatWaits } from './waiting.js';

export interface ImportOptions {
  settings: Settings;
  actor: string;
  /** Do all of it, and take it back. */
  dryRun: boolean;
  signal?: AbortSignal;
  /** Told what is being done, for people who wait. */
  tell?: (what: string) => void;
}

export interface ImportSummary {
  dryRun: boolean;
  /** Rows of each of NCA's tables; of jobs those that were looked at. */
  read: RowCounts;
  /** How many of them became rows here. */
  written: RowCounts;
  pages: number;
  /** Pipelines that ask people, or go on, by name. */
  started: Record<string, number>;
  sums: SumCounts;
  /** Nothing is wrong, but somebody should know. */
  notices: Notice[];
}

/**
 * Reads everything, checks everything, writes everything in one transaction. Numbers of issues and batches are kept. What
 * waits for a person in NCA waits for that person here.
 *
 * @throws NcaUnreadable when the source is not what it should be
 * @throws NotEmpty
 * @throws ImportRefused naming everything that keeps it from being imported
 */
export async function importNca(db: Kysely<DB>, source: NcaSource, options: ImportOptions): Promise<ImportSummary> {
  try {
    return await db.transaction().execute(async (trx) => {
      const summary = await importInto(trx, source, options);
      if (options.dryRun) throw new TakenBack(summary);
      return summary;
    });
  } catch (error) {
    if (error instanceof TakenBack) return error.summary;
    throw error;
  }
}

/** Ends the transaction of a dry run. */
class TakenBack extends Error {
  constructor(readonly summary: ImportSummary) {
    super('a dry run');
  }
}

async function importInto(trx: Transaction<DB>, source: NcaSource, options: ImportOptions): Promise<ImportSummary> {
  const { settings, actor, dryRun, signal, tell = () => undefined } = options;
  await refuseUnlessEmpty(trx);
  const bad = new BadRows();
  const stage = new Stage(trx, bad);
  const work: ImportWork = { trx, stage, bad, settings, actor, notices: [], written: stage.none(), signal, tell };
  let open: OpenPipeline[] = [];
  try {
    await stage.fill(source, { signal, tell });
    open = await findOpenPipelines(work);
    const logins = await importUsers(work);
    const [orgs, titles] = [await importOrgs(work), await importTitles(work)];
    const batches = await importBatches(work, orgs);
    const claims = await importIssues(work, { orgs, titles, logins, batches });
    await importFlags(work, { batches, logins });
    await importActions(work, logins);
    if (bad.count === 0) await countPages(work);
    if (open.length + bad.count > 0) throw new ImportRefused(open, bad.rows);

    await tellStories(work);
    if (!dryRun) for (const table of ['newspapers.issues', 'newspapers.batches']) await moveSequenceOn(trx, table);
    const sums = await importSums(work);
    await importBagSums(work);
    const started = await startWhatWaits(work, claims);
    const { read } = stage;
    return {
      dryRun,
      read,
      written: work.written,
      pages: await countAllPages(trx),
      started,
      sums,
      notices: work.notices,
    };
  } catch (error) {
    if (error instanceof TooManyBadRows) throw new ImportRefused(open, bad.rows);
    throw error;
  }
}

/** Nobody makes an issue or batch until the import has ended. */
async function refuseUnlessEmpty(trx: Transaction<DB>): Promise<void> {
  await sql`lock table newspapers.issues, newspapers.batches in share row exclusive mode`.execute(trx);
  const { rows } = await sql<{ issues: number; batches: number }>`
    select (select count(*) from newspapers.issues) as issues, (select count(*) from newspapers.batches) as batches`.execute(
    trx,
  );
  const { issues = 0, batches = 0 } = rows[0] ?? {};
  if (issues + batches > 0) throw new NotEmpty(issues, batches);
}

async function countAllPages(trx: Transaction<DB>): Promise<number> {
  const { pages } = await trx
    .selectFrom('newspapers.pages')
    .select((row) => row.fn.countAll<number>().as('pages'))
    .executeTakeFirstOrThrow();
  return pages;
}
