/** Answering the question of a batch by its name, from a terminal now and from a page later (newspapers spec 8.1). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { DB, Json } from '../../database/database.js';
import { findOpenPipeline, isAsking, type OpenPipeline } from '../../engine/open-pipeline.js';
import { decideOn, type Answer } from '../../engine/pen/decide.js';
import { Refused } from '../../engine/refused.js';
import type { Registry } from '../../engine/registry.js';
import { ASK_ABOUT_BATCH } from './batch-stand.js';
import { batchObject, type Batch } from './batches.js';

export interface BatchAnswer {
  /** The question that it answers. */
  action: string;
  verb: string;
  params: Json;
  comment?: string | undefined;
  actor: string;
  via: Answer['via'];
}

export interface DecideOptions {
  /** How long to wait while the answer before this one is carried out; 0 unless told. */
  waitSeconds?: number;
  /** Looked at once the question is open, before it is answered: throws what refuses the answer. */
  check?: () => Promise<void>;
  signal?: AbortSignal;
}

const LOOK_AGAIN_MS = 200;

/**
 * Answers the question that a batch asks now. Answers given quickly one after the other wait for each other: each is
 * carried out by a daemon before the next question can be answered.
 *
 * @returns the pipeline that asked, and its new status
 * @throws Refused when the batch does not ask that, when somebody else was faster, or the actor may not
 */
export async function decideBatch(
  db: Kysely<DB>,
  registry: Registry,
  batch: Batch,
  { action, ...answer }: BatchAnswer,
  { waitSeconds = 0, check, signal }: DecideOptions = {},
): Promise<{ pipelineId: number; status: string }> {
  const open = await untilAsking(db, batch, action, { waitSeconds, ...(signal && { signal }) });
  await check?.();
  const { status } = await decideOn(db, registry, open.id, { ...answer, holdRev: open.holdRev });
  return { pipelineId: open.id, status };
}

/**
 * Waits until the answers given before have been carried out.
 *
 * @returns what the batch says now: the message of its question, or what it does
 */
export async function untilCarriedOut(
  db: Kysely<DB>,
  batch: Batch,
  pipelineId: number,
  { waitSeconds, signal }: { waitSeconds: number; signal?: AbortSignal },
): Promise<{ message: string | null; question: string | null } | undefined> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const open = await findOpenPipeline(db, batchObject(batch.id));
    if (open?.id !== pipelineId) return { message: null, question: null };
    if (open.status === 'held' && !open.isAnswered) return { message: open.message, question: open.action };
    if (open.status === 'failed') return { message: open.error, question: null };
    if (performance.now() > deadline) return undefined;
    await sleep(LOOK_AGAIN_MS, undefined, { ...(signal && { signal }) });
  }
}

async function untilAsking(
  db: Kysely<DB>,
  batch: Batch,
  action: string,
  { waitSeconds, signal }: { waitSeconds: number; signal?: AbortSignal },
): Promise<OpenPipeline> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const open = await findOpenPipeline(db, batchObject(batch.id));
    if (open && isAsking(open, action)) return open;
    const isComing = open?.isAnswered === true || open?.name === ASK_ABOUT_BATCH; // the question, or its answer
    const isBusy = isComing && ['pending', 'delayed', 'in_process'].includes(open.status);
    if (!isBusy || performance.now() > deadline) throw refusal(batch, action, open);
    await sleep(LOOK_AGAIN_MS, undefined, { ...(signal && { signal }) });
  }
}

function refusal(batch: Batch, action: string, open: OpenPipeline | undefined): Refused {
  const show = `bin/batches show ${batch.fullName} tells more`;
  if (!open) {
    const orResume =
      batch.status === 'pending' ? `, bin/batches resume ${batch.fullName} carries on what was stopped` : '';
    const remedy = ['pending', 'qc_ready', 'qc_flagging', 'live'].includes(batch.status)
      ? `nothing is at work on it: was its pipeline cancelled? bin/batches ask ${batch.fullName} has it asked again${orResume}`
      : show;
    return new Refused('conflict', `batch ${batch.fullName} does not ask ${action}: it is ${batch.status}`, remedy);
  }
  const { id, name, status } = open;
  const remedy =
    open.action !== null && !open.isAnswered
      ? `it asks ${open.action} now; ${show}`
      : status === 'failed'
        ? `mend what it tells (bin/holding-pen show ${id}) and bin/run-jobs requeue ${id}; or bin/batches ask ${batch.fullName} goes back to the question before it`
        : open.isAnswered
          ? `the answer before this one has not been carried out: is a daemon running? Try again when it has`
          : 'wait until it has ended';
  return new Refused(
    'conflict',
    `batch ${batch.fullName} does not ask ${action} now: pipeline ${id} (${name}) ${status === 'failed' ? `failed: ${open.error ?? ''}` : `is ${status}`}`,
    remedy,
  );
}
