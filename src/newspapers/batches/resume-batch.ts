/** Carries on what was stopped in the middle of a batch: said explicitly, by those who may also stop it. */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { enqueue } from '../../engine/enqueue.js';
import { lockOpenPipeline } from '../../engine/open-pipeline.js';
import { requeuePipeline } from '../../engine/operator.js';
import type { Pipeline, PipelinePlan } from '../../engine/pipeline.js';
import { Refused } from '../../engine/refused.js';
import type { Settings } from '../../settings.js';
import { deleteBatch } from '../pipelines/delete-batch.js';
import { finalizeFlagging, rebuildBatch } from '../pipelines/finalize-flagging.js';
import { GO_LIVE, goLive } from '../pipelines/go-live.js';
import { PATCH_BATCH, patchBatch } from '../pipelines/patch-batch.js';
import { UNPUSH_BATCH, unpushBatch } from '../pipelines/unpush-batch.js';
import { assertLatest } from './ask-again.js';
import { recordBatchEvent } from './batch-events.js';
import { lastWork } from './batch-stand.js';
import { batchObject, theBatch, type Batch } from './batches.js';
import { formerVersion, lockBatch } from './former-version.js';

/** What a batch may have been left in the middle of: done again from the beginning, what is done already is found done. */
const AT_WORK: Readonly<Record<string, { pipeline: Pipeline<Batch>; what: string }>> = {
  MakeBatch: { pipeline: rebuildBatch, what: 'it is built anew and loaded on staging' },
  RebuildBatch: { pipeline: rebuildBatch, what: 'it is built anew and loaded on staging' },
  FinalizeIssueFlagging: {
    pipeline: finalizeFlagging,
    what: 'its flagged issues leave it, and it is built anew without them',
  },
  BatchDeletion: { pipeline: deleteBatch, what: 'it is taken apart' },
  [GO_LIVE]: { pipeline: goLive, what: 'it is put on production and moved to the archive' },
  [UNPUSH_BATCH]: { pipeline: unpushBatch, what: 'it is taken back from production' },
};

/** What carrying on does. */
export interface Resumed {
  pipelineId: number;
  /** Name of the pipeline. */
  pipeline: string;
  /** In words. */
  what: string;
}

/**
 * Requeues its failed pipeline, or enqueues what was cancelled anew.
 *
 * @throws Refused when the batch was not stopped in the middle of anything
 * @throws ObjectBusy when it has an open pipeline that has not failed
 */
export async function resumeBatch(
  db: Kysely<DB>,
  { id }: Batch,
  settings: Settings,
  { actor }: { actor: string },
): Promise<Resumed> {
  return db.transaction().execute(async (trx) => {
    await lockBatch(trx, id);
    const batch = await theBatch(trx, id);
    await assertLatest(trx, batch);
    const open = await lockOpenPipeline(trx, batchObject(id));
    if (open?.status === 'failed') {
      await requeuePipeline(trx, open.id, { actor, reason: 'resumed' });
      return { pipelineId: open.id, pipeline: open.name, what: 'it goes on at the job that failed' };
    }
    const was = batch.status === 'pending' ? (await lastWork(trx, id))?.name : undefined;
    const former = await formerVersion(trx, id);
    const next = carriedOn(batch, was, former, settings);
    if (next === undefined)
      throw new Refused(
        'conflict',
        `batch ${batch.fullName} is ${batch.status}: it was not stopped in the middle of anything`,
        `bin/batches ask ${batch.fullName} has it asked about; bin/batches show ${batch.fullName} tells how it stands`,
      );
    const [pipelineId = 0] = await enqueue(trx, [next.plan], { actor });
    const detail = { message: next.what };
    await recordBatchEvent(trx, id, { actor, kind: 'batch_resumed', detail, pipelineId });
    return { pipelineId, pipeline: next.plan.name, what: next.what };
  });
}

function carriedOn(
  batch: Batch,
  was: string | undefined,
  former: Batch | undefined,
  settings: Settings,
): { plan: PipelinePlan; what: string } | undefined {
  if (was === PATCH_BATCH && former)
    return { plan: patchBatch({ batch, former }, settings), what: `it replaces ${former.fullName} on production` };
  const work = was === undefined ? undefined : AT_WORK[was];
  return work && { plan: work.pipeline(batch, settings), what: work.what };
}
