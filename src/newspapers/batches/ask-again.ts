/** Has a batch asked about again that waits for a person and has no pipeline: imported, or its pipeline was cancelled. */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { enqueue } from '../../engine/enqueue.js';
import type { Pipeline, PipelinePlan } from '../../engine/pipeline.js';
import { Refused } from '../../engine/refused.js';
import type { Settings } from '../../settings.js';
import { askConfirmArchived } from '../jobs/ask-confirm-archived.js';
import { listPipelines } from '../object-story.js';
import { deleteBatch } from '../pipelines/delete-batch.js';
import { finalizeFlagging, rebuildBatch } from '../pipelines/finalize-flagging.js';
import { goLive } from '../pipelines/go-live.js';
import { PATCH_BATCH, patchBatch } from '../pipelines/patch-batch.js';
import { UNPUSH_BATCH, unpushBatch } from '../pipelines/unpush-batch.js';
import { batchPlaces } from './batch-places.js';
import { recordBatchEvent } from './batch-events.js';
import { batchObject, type Batch } from './batches.js';
import { formerVersion, laterVersions } from './former-version.js';
import { askBatchQc } from './questions.js';

/** What a batch may have been left in the middle of: done again from the beginning, what is done already is found done. */
const AT_WORK: Readonly<Record<string, Pipeline<Batch>>> = {
  MakeBatch: rebuildBatch,
  RebuildBatch: rebuildBatch,
  GoLiveProcess: goLive,
  FinalizeIssueFlagging: finalizeFlagging,
  BatchDeletion: deleteBatch,
  [UNPUSH_BATCH]: unpushBatch,
};

/**
 * The pipeline that a batch of this status needs, when it has none; undefined when nobody knows, or it needs none.
 *
 * @param history the name of its latest pipeline, if there was one; the version that it replaces
 */
export function pipelineFor(
  batch: Batch,
  settings: Settings,
  { was = 'MakeBatch', former }: { was?: string | undefined; former?: Batch | undefined } = {},
): PipelinePlan | undefined {
  const { archive } = batchPlaces(batch.fullName, settings);
  const asking = (call: PipelinePlan['jobs'][number]): PipelinePlan => ({
    name: 'AskAboutBatch',
    description: `batch ${batch.fullName}`,
    object: batchObject(batch.id),
    jobs: [call],
  });
  if (batch.status === 'pending' && was === PATCH_BATCH) return former && patchBatch({ batch, former }, settings);
  if (batch.status === 'pending') return AT_WORK[was]?.(batch, settings);
  if (batch.status === 'qc_ready' || batch.status === 'qc_flagging') return asking(askBatchQc(batch.id));
  if (batch.status === 'live') return asking(askConfirmArchived({ batchId: batch.id, archive }));
  return undefined;
}

/**
 * Enqueues it.
 *
 * @throws Refused when the batch needs nobody
 * @throws ObjectBusy when it has an open pipeline, which asks or will
 */
export async function askAgain(
  db: Kysely<DB>,
  batch: Batch,
  settings: Settings,
  { actor }: { actor: string },
): Promise<number> {
  const [later] = await laterVersions(db, batch.id);
  if (later)
    throw new Refused(
      'conflict',
      `batch ${batch.fullName} is being replaced by ${later.fullName}`,
      `bin/batches show ${later.fullName} tells how that stands`,
    );
  const was = (await listPipelines(db, batchObject(batch.id))).at(-1)?.name;
  const former = await formerVersion(db, batch.id);
  const plan = pipelineFor(batch, settings, { was, former });
  if (plan === undefined)
    throw new Refused('conflict', `batch ${batch.fullName} is ${batch.status}: there is nothing to ask`, undefined);
  return db.transaction().execute(async (trx) => {
    const [pipelineId = 0] = await enqueue(trx, [plan], { actor });
    await recordBatchEvent(trx, batch.id, { actor, kind: 'asked_again', detail: { status: batch.status }, pipelineId });
    return pipelineId;
  });
}
