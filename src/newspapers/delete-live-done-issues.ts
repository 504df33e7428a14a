/** Batches that have been safe in the dark archive for four weeks are done, and their files leave the workflow area (newspapers spec 7.3, 8.2, W23). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import { findOpenPipeline, type OpenPipeline } from '../engine/open-pipeline.js';
import type { Settings } from '../settings.js';
import { whyNotArchived } from './archived-copy.js';
import { recordBatchEvent } from './batches/batch-events.js';
import { BATCH_OBJECT, listBatchIssues, moveBatch, theBatch, type Batch } from './batches/batches.js';
import { lockBatch } from './batches/former-version.js';
import { findIssueById, issueObject, type Issue } from './issues.js';
import { DELETE_LIVE_FILES, deleteLiveFiles } from './pipelines/delete-live-files.js';
import { recordIssueEvent } from './issue-events.js';

/** From the day on which a person said that a batch is in the dark archive. */
export const DAYS_UNTIL_DONE = 28;

/** What became of a batch or an issue, or would. */
export type DeleteLiveDoneEvent = { batch: string } & (
  | { event: 'batch done'; batchId: number; archivedAt: Date | null; issues: number }
  | { event: 'batch skipped'; batchId: number; reason: string }
  | ({ event: 'issue'; files: number; bytes: number; pipelineId: number | null } & IssuePlace)
  /** Its files stay. */
  | ({ event: 'issue skipped'; reason: string } & IssuePlace)
);

interface IssuePlace {
  issueId: number;
  key: string;
  location: string | null;
}

export interface DeleteLiveDoneOptions {
  actor: string;
  /** Without it nothing at all is changed (W23). */
  live: boolean;
}

/**
 * Tells of each batch that is due, and of each issue of it and of batches that were done before; with `live` carries it
 * out, each batch and each issue in a transaction of its own. What cannot be deleted is told and passed over.
 */
export async function* deleteLiveDoneIssues(
  db: Kysely<DB>,
  settings: Settings,
  options: DeleteLiveDoneOptions,
): AsyncGenerator<DeleteLiveDoneEvent> {
  for (const { id, isDue: wasDue } of await batchesToLookAt(db)) {
    const batch = await theBatch(db, id);
    const isDue = wasDue && batch.status === 'live_archived'; // another run of this program may have closed it meanwhile
    const obstacle = isDue ? undefined : await obstacleOf(db, id);
    if (isDue || obstacle !== undefined) {
      const told = obstacle === undefined ? await close(db, batch, options) : skipped(batch, obstacle);
      yield told;
      if (told.event !== 'batch done') continue;
    }
    for (const issue of await listBatchIssues(db, id))
      if (issue.location !== null) yield await deleteFiles(db, settings, batch, issue, options);
  }
}

/** Those that are due, and done ones that have issues with files. */
async function batchesToLookAt(db: Kysely<DB>): Promise<{ id: number; isDue: boolean }[]> {
  const { rows } = await sql<{ id: number; isDue: boolean }>`
    select b.id, b.status = 'live_archived' as "isDue" from newspapers.batches b
    where (b.status = 'live_archived' and b.archived_at < now() - make_interval(days => ${DAYS_UNTIL_DONE}))
      or (b.status = 'live_done' and exists (select from newspapers.issues i where i.batch_id = b.id and i.location is not null))
    order by b.full_name collate "C"`.execute(db);
  return rows;
}

const skipped = ({ id, fullName }: Batch, reason: string) =>
  ({ event: 'batch skipped', batch: fullName, batchId: id, reason }) as const;

async function close(
  db: Kysely<DB>,
  batch: Batch,
  { actor, live }: DeleteLiveDoneOptions,
): Promise<DeleteLiveDoneEvent> {
  const look = async (db: Kysely<DB>): Promise<DeleteLiveDoneEvent> => {
    const obstacle = await obstacleOf(db, batch.id);
    if (obstacle !== undefined) return skipped(batch, obstacle);
    const issues = (await listBatchIssues(db, batch.id)).length;
    return { event: 'batch done', batch: batch.fullName, batchId: batch.id, archivedAt: batch.archivedAt, issues };
  };
  try {
    if (!live) return await look(db);
    return await db.transaction().execute(async (trx) => {
      await lockBatch(trx, batch.id);
      const told = await look(trx);
      if (told.event !== 'batch done') return told;
      await moveBatch(trx, batch, 'live_done');
      const detail = { message: `archived on ${batch.archivedAt?.toISOString().slice(0, 10) ?? 'an unknown day'}` };
      await recordBatchEvent(trx, batch.id, { actor, kind: 'batch_done', detail });
      return told;
    });
  } catch (error) {
    return skipped(batch, (error as Error).message);
  }
}

/** Why a batch is left as it is. An unfinished patch needs the files of the version before it. */
async function obstacleOf(db: Kysely<DB>, batchId: number): Promise<string | undefined> {
  const { rows } = await sql<{ id: number; name: string; status: string }>`
    select id, name, status from pipelines
    where object_type = ${BATCH_OBJECT} and object_id = ${batchId} and status not in ('success', 'cancelled')`.execute(
    db,
  );
  const [open] = rows;
  if (open) return `its pipeline ${open.id} (${open.name}) is ${open.status}: let it end, or cancel it`;
  const { rows: patches } = await sql<{ name: string }>`
    select full_name as name from newspapers.batches where replaces = ${batchId} and status = 'pending'`.execute(db);
  return patches[0] && `its next version ${patches[0].name} is being built`;
}

async function deleteFiles(
  db: Kysely<DB>,
  settings: Settings,
  { id: batchId, fullName: batch }: Batch,
  issue: Issue,
  { actor, live }: DeleteLiveDoneOptions,
): Promise<DeleteLiveDoneEvent> {
  const { id: issueId, key, location } = issue;
  const told = { batch, issueId, key, location };
  const archive = { batchId, batch, workflow: settings.WORKFLOW_PATH };
  try {
    const size = await sizeOf(db, issueId);
    const open = await findOpenPipeline(db, issueObject(issueId));
    if (open?.name === DELETE_LIVE_FILES && open.status !== 'failed')
      return { ...told, event: 'issue', ...size, pipelineId: open.id }; // of the run before this one
    const reason = open ? tellOpen(issueId, open) : await whyNotArchived(db, issue, archive);
    if (reason !== undefined) return { ...told, event: 'issue skipped', reason };
    if (!live || location === null) return { ...told, event: 'issue', ...size, pipelineId: null };
    const pipelineId = await db.transaction().execute(async (trx) => {
      await sql`select from newspapers.issues where id = ${issueId} for update`.execute(trx);
      const now = await findIssueById(trx, issueId);
      if (now?.location !== location || !now.ignored) throw new Error('it was changed at this moment; run it again');
      const [id = 0] = await enqueue(trx, [deleteLiveFiles({ issue, location }, settings)], { actor });
      const detail = { batch, location };
      await recordIssueEvent(trx, issueId, { actor, kind: 'deletion_decided', detail, pipelineId: id });
      return id;
    });
    return { ...told, event: 'issue', ...size, pipelineId };
  } catch (error) {
    return { ...told, event: 'issue skipped', reason: (error as Error).message };
  }
}

function tellOpen(issueId: number, { id, name, status }: OpenPipeline): string {
  const remedy =
    status === 'failed'
      ? `bin/issues show ${issueId} says why; mend it, then bin/issues resume ${issueId}`
      : 'let it end';
  return `its pipeline ${id} (${name}) is ${status}: ${remedy}`;
}

async function sizeOf(db: Kysely<DB>, issueId: number): Promise<{ files: number; bytes: number }> {
  const { type, id } = issueObject(issueId);
  const { rows } = await sql<{ files: number; bytes: number }>`
    select count(*) as files, coalesce(sum(f.size), 0)::bigint as bytes
    from file_sets s join files f on f.set_id = s.id where s.object_type = ${type} and s.object_id = ${id}`.execute(db);
  return rows[0] ?? { files: 0, bytes: 0 };
}
