/**
 * Has a batch asked about again that waits for a person and has no pipeline: imported, or its pipeline was cancelled or
 * failed. Asking never carries on what was stopped; that is `resumeBatch`.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { enqueue } from '../../engine/enqueue.js';
import { lockOpenPipeline } from '../../engine/open-pipeline.js';
import { cancelPipeline } from '../../engine/operator.js';
import type { PipelinePlan } from '../../engine/pipeline.js';
import { Refused } from '../../engine/refused.js';
import { existing } from '../../files/existing.js';
import type { Settings } from '../../settings.js';
import { askConfirmArchived } from '../jobs/ask-confirm-archived.js';
import { purgeBatch } from '../oni/agent-jobs.js';
import { GO_LIVE } from '../pipelines/go-live.js';
import { PATCH_BATCH } from '../pipelines/patch-batch.js';
import { UNPUSH_BATCH } from '../pipelines/unpush-batch.js';
import { withdrawBatch } from '../pipelines/withdraw-batch.js';
import { recordBatchEvent } from './batch-events.js';
import { batchPlaces } from './batch-places.js';
import { ASK_ABOUT_BATCH, lastWork, mayBeOn, type LastWork } from './batch-stand.js';
import { BATCH_OBJECT, batchObject, moveBatch, theBatch, type Batch, type BatchStatus } from './batches.js';
import { laterVersions, lockBatch } from './former-version.js';
import { askBatchQc } from './questions.js';

/** Pipelines that build a batch or take it apart. One that failed may be left by asking what shall become of the batch. */
const MAKING: readonly string[] = ['MakeBatch', 'RebuildBatch', 'FinalizeIssueFlagging', 'BatchDeletion'];

interface Asking {
  plan: PipelinePlan;
  /** Where the batch stands while it is asked. */
  status?: BatchStatus;
}

/**
 * Enqueues the question that the batch was at before what was stopped: quality control before the go-live, the flagging
 * question before and while it is built or taken apart, the archive question once it is live.
 *
 * @throws Refused when the batch needs nobody, or only carrying on (`resumeBatch`) or taking back what was done helps
 * @throws ObjectBusy when it has an open pipeline that has not failed: it asks, or will
 */
export async function askAgain(
  db: Kysely<DB>,
  { id }: Batch,
  settings: Settings,
  { actor }: { actor: string },
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await lockBatch(trx, id);
    const batch = await theBatch(trx, id);
    await assertLatest(trx, batch);
    const work = await lastWork(trx, id);
    const { plan, status } = await askingOf(trx, batch, work, settings);
    const open = await lockOpenPipeline(trx, batchObject(id));
    if (open?.status === 'failed') await cancelPipeline(trx, open.id, { actor, reason: 'asked again instead' });
    const [pipelineId = 0] = await enqueue(trx, [plan], { actor });
    if (status !== undefined && status !== batch.status) await moveBatch(trx, batch, status);
    const detail = { status: batch.status, ...(work && { was: work.name }) };
    await recordBatchEvent(trx, id, { actor, kind: 'asked_again', detail, pipelineId });
    return pipelineId;
  });
}

/** Has a batch asked what shall become of it whose building failed, so that it can be flagged, finalized and undone at once. */
export async function askWhenMakingFailed(
  db: Kysely<DB>,
  batch: Batch,
  settings: Settings,
  { actor, permitted }: { actor: string; permitted: () => Promise<unknown> },
): Promise<void> {
  const work = await lastWork(db, batch.id);
  if (work?.status !== 'failed' || !MAKING.includes(work.name)) return;
  await permitted();
  await askAgain(db, batch, settings, { actor });
}

/** @throws Refused when it is being replaced */
export async function assertLatest(db: Kysely<DB>, batch: Batch): Promise<void> {
  const [later] = await laterVersions(db, batch.id);
  if (later)
    throw new Refused(
      'conflict',
      `batch ${batch.fullName} is being replaced by ${later.fullName}`,
      `bin/batches show ${later.fullName} tells how that stands`,
    );
}

async function askingOf(
  trx: Transaction<DB>,
  batch: Batch,
  work: LastWork | undefined,
  settings: Settings,
): Promise<Asking> {
  const { id: batchId, fullName, status } = batch;
  const only = (...jobs: PipelinePlan['jobs']): PipelinePlan => ({
    name: ASK_ABOUT_BATCH,
    description: `batch ${fullName}`,
    object: batchObject(batchId),
    jobs,
  });
  switch (status) {
    case 'qc_ready':
    case 'qc_flagging':
      return { plan: only(askBatchQc(batchId)) };
    case 'live': {
      const purge = settings.PURGE_STAGING_AFTER_GO_LIVE && (await mayBeOn(trx, batchId, 'staging'));
      const { archive } = batchPlaces(fullName, settings);
      const question = askConfirmArchived({ batchId, archive });
      return { plan: only(...(purge ? purgeBatch(batchId, 'staging') : []), question) };
    }
    case 'pending':
      return askingOfStopped(trx, batch, work, settings, only);
    default:
      throw new Refused(
        'conflict',
        `batch ${fullName} is ${status}: there is nothing to ask`,
        `bin/batches show ${fullName} tells how it stands`,
      );
  }
}

async function askingOfStopped(
  trx: Transaction<DB>,
  batch: Batch,
  work: LastWork | undefined,
  settings: Settings,
  only: (...jobs: PipelinePlan['jobs']) => PipelinePlan,
): Promise<Asking> {
  const goesOn = `bin/batches resume ${batch.fullName} carries it on`;
  if (work?.name === PATCH_BATCH || work?.name === UNPUSH_BATCH)
    throw new Refused('conflict', `the ${work.name} of batch ${batch.fullName} was stopped: it asks nothing`, goesOn);
  if (work?.name !== GO_LIVE) return { plan: only(askBatchQc(batch.id)), status: 'qc_flagging' };
  const { output } = batchPlaces(batch.fullName, settings);
  if ((await isMoving(trx, batch.id)) || !(await existing(batch.location ?? output, 'directory')))
    throw new Refused(
      'conflict',
      `batch ${batch.fullName} is on production, and its files are on their way to the archive: it is past quality control`,
      `${goesOn}; then bin/batches unpush ${batch.fullName} takes it back`,
    );
  if (await mayBeOn(trx, batch.id, 'production')) return { plan: withdrawBatch(batch, settings) };
  return { plan: only(askBatchQc(batch.id)) };
}

/**
 * Whether the move to the archive has ever begun to delete: from then on the full batch is not whole where it was, also while a
 * later go-live is at an earlier job. A run that was cancelled or killed counts: it is an attempt.
 */
async function isMoving(trx: Transaction<DB>, batchId: number): Promise<boolean> {
  const { rows } = await sql`
    select from pipelines p join jobs j on j.pipeline_id = p.id
    where p.object_type = ${BATCH_OBJECT} and p.object_id = ${batchId} and p.name = ${GO_LIVE}
      and j.type = 'delete_directory' and j.attempt > 0 limit 1`.execute(trx);
  return rows.length > 0;
}
