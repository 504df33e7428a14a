/** Finished pipelines leave the hot tables for compressed files (design 10; queues spec, complaint 10). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { ObjectFacts } from '../pen/object-facts.js';
import { Refused } from '../refused.js';
import { archivedLines, deletePipelines } from './archived-line.js';
import { beforeSeconds, lockFinished, nextFinished, type KeptBecause, type Place } from './finished-pipelines.js';

/** Where lines are kept, e.g. a file (`files/lines-archive.ts`). */
export interface PipelineArchive {
  /** Ends what killed runs left unfinished. @returns the names of their files */
  takeUp: () => Promise<string[]>;
  /** Keeps lines; durable once it resolves, not there at all if it rejects. @returns the name of the file that has them */
  keep: (lines: AsyncIterable<string>) => Promise<string>;
}

export interface CleanOptions {
  actor: string;
  olderThanSeconds: number;
  /** Domains say when their objects are at rest. */
  objects: ReadonlyMap<string, ObjectFacts>;
  /** Undefined: a dry run, which counts and changes nothing. */
  archive: PipelineArchive | undefined;
  /** Pipelines of one transaction; 500 unless told. */
  batchSize?: number;
}

export interface Cleaned {
  /** All that ended before this is old enough. */
  before: string;
  /** In a dry run: would be. */
  archived: number;
  kept: Partial<Record<KeptBecause, number>>;
  files: string[];
  /** Files of killed runs that were finished. */
  takenUp: string[];
  /** Watchers that no runner knows any more. */
  forgottenWatchers: number;
}

/** How many finished pipelines are looked at in one statement. */
const WINDOW = 1_000;
/** The first key is the one of `migrate.ts`; two keys are another space of locks than one. */
const LOCK = sql`773776275, 1`;

/**
 * Archives each finished pipeline (success, cancelled; never failed or open) that ended long enough ago, whose object is at
 * rest and whose object's other pipelines are as old, so that a story goes whole; and that no other waits for.
 *
 * Each batch is a transaction: its rows are locked, their lines made durable in the archive, and only then are they deleted.
 * Killed at any moment nothing is lost: lines of a batch that was not committed stand in the file although the rows are
 * still there, and the next run writes them again. So a pipeline may stand in two files: its id and created_at
 * tell, and the line in the later file counts. Several runs at once take turns, batch by batch.
 *
 * @throws Refused when another run stands still in the middle of a batch
 */
export async function cleanPipelines(db: Kysely<DB>, options: CleanOptions): Promise<Cleaned> {
  const { actor, objects, archive, olderThanSeconds, batchSize = 500 } = options;
  const before = await beforeSeconds(db, olderThanSeconds);
  const cleaned: Cleaned = { before, archived: 0, kept: {}, files: [], takenUp: [], forgottenWatchers: 0 };
  if (archive) cleaned.takenUp = await alone(db, () => archive.takeUp());
  for (let after: Place | undefined; ;) {
    const { finished, place } = await nextFinished(db, objects, { before, after, limit: WINDOW });
    for (const { kept } of finished) if (kept !== null) cleaned.kept[kept] = (cleaned.kept[kept] ?? 0) + 1;
    const going = finished.filter(({ kept }) => kept === null).map(({ id }) => id);
    if (!archive) cleaned.archived += going.length;
    else
      for (let i = 0; i < going.length; i += batchSize) {
        const ids = going.slice(i, i + batchSize);
        const { count, file } = await alone(db, (trx) => archiveBatch(trx, ids, before, { ...options, archive }));
        if (file !== undefined && !cleaned.files.includes(file)) cleaned.files.push(file);
        cleaned.archived += count;
      }
    if (place === undefined) break;
    after = place;
  }
  if (archive) await leaveTidy(db, actor, cleaned);
  return cleaned;
}

async function archiveBatch(
  trx: Transaction<DB>,
  ids: readonly number[],
  before: string,
  { objects, archive }: { objects: CleanOptions['objects']; archive: PipelineArchive },
): Promise<{ count: number; file?: string }> {
  const locked = await lockFinished(trx, objects, before, ids);
  if (locked.length === 0) return { count: 0 };
  const file = await archive.keep(archivedLines(trx, locked));
  await deletePipelines(trx, locked, file);
  return { count: locked.length, file };
}

/** In a transaction that no other run has beside it: what one writes, no other takes for a dead run's. */
async function alone<T>(db: Kysely<DB>, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`set local lock_timeout = '30s'`.execute(trx);
    try {
      await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error;
      throw new Refused(
        'conflict',
        'another run-jobs clean has stood in the middle of a batch for 30 s',
        'let it end, or end it: application_name run-jobs in pg_stat_activity, idle in transaction',
      );
    }
    return work(trx);
  });
}

/** Forgets watchers whose time came before the cut and that nobody ran since, and writes down what was done. */
async function leaveTidy(db: Kysely<DB>, actor: string, cleaned: Cleaned): Promise<void> {
  const { numAffectedRows } = await sql`
    delete from watchers where next_run_at < ${cleaned.before}::timestamptz and coalesce(started_at, next_run_at) < ${cleaned.before}::timestamptz`.execute(
    db,
  );
  cleaned.forgottenWatchers = Number(numAffectedRows ?? 0);
  if (cleaned.archived === 0 && cleaned.forgottenWatchers === 0) return;
  const { before, archived, files, forgottenWatchers } = cleaned;
  const detail = JSON.stringify({ before, archived, files, forgottenWatchers });
  await sql`insert into events (actor, kind, detail) values (${actor}, 'cleaned', ${detail}::jsonb)`.execute(db);
}
