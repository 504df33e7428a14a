import { defineJob, done, FatalError, hold, type Decision, type JobContext, type Outcome } from '../../engine/job.js';
import { batchFlagging, batchQc, flagAnswer, rejectAnswer, unflagAnswer } from '../actions/batch.js';
import { batchLinks } from '../batches/batch-links.js';
import { isOnStaging } from '../batches/batch-stand.js';
import { recordBatchEvent } from '../batches/batch-events.js';
import { listBatchIssues, moveBatch, theBatch, type Batch, type BatchStatus } from '../batches/batches.js';
import { InvalidFlagInput, parseFlagInputs } from '../batches/flag-input.js';
import {
  deleteFlags,
  flagIssues,
  issuesOfBatch,
  listFlagged,
  NotInBatch,
  unflagIssues,
} from '../batches/flagged-issues.js';
import { BATCH_QC_JOB } from '../batches/questions.js';
import { deleteBatch } from '../pipelines/delete-batch.js';
import { finalizeFlagging } from '../pipelines/finalize-flagging.js';
import { goLive } from '../pipelines/go-live.js';

type Context = JobContext<{ batchId: number }>;

/**
 * Asks for the quality control of a batch on staging; once it is rejected, for its bad issues. Each answer, the batch's
 * new status and what it starts are one transaction (newspapers spec 8.1, W6, W19).
 */
export const askBatchQcJob = defineJob({
  ...BATCH_QC_JOB,
  async run(context) {
    const { args, db, decision } = context;
    const batch = await theBatch(db, args.batchId);
    if (batch.status === 'qc_flagging')
      return decision ? flagging(context, batch, decision) : askForFlags(context, batch);
    if (batch.status !== 'pending' && batch.status !== 'qc_ready')
      throw new FatalError(
        `batch ${batch.fullName} is ${batch.status}: it is past quality control; cancel this pipeline`,
      );
    if (decision) return qualityControl(context, batch, decision);
    // A pipeline that was moved past the removal of its flagged issues: they must not go live with the others.
    if (batch.status === 'pending' && (await listFlagged(db, batch.id)).length > 0) return askForFlags(context, batch);
    return askForQc(context, batch);
  },
});

async function qualityControl(context: Context, batch: Batch, decision: Decision): Promise<Outcome> {
  if (decision.verb === 'approve') {
    const flagged = (await listFlagged(context.db, batch.id)).length;
    if (flagged > 0)
      return askForQc(context, batch, `${count(flagged)} flagged: reject it, then finalize; or reject it and abort`);
    return go(context, batch, 'batch_approved', {}, [goLive(batch, context.settings)]);
  }
  const { data } = rejectAnswer.safeParse(decision.params);
  if (decision.verb === 'reject' && data) return askForFlags(context, batch, { rejected: data.reason });
  return askForQc(context, batch, `${decision.verb} as it was given is no answer here`);
}

async function flagging(context: Context, batch: Batch, decision: Decision): Promise<Outcome> {
  switch (decision.verb) {
    case 'flag':
    case 'unflag':
      return changeFlags(context, batch, decision);
    case 'finalize':
    case 'undo':
      return end(context, batch, decision.verb);
    case 'abort':
      if (!(await isOnStaging(context.db, batch.id)))
        return askForFlags(context, batch, {
          mistake: `nobody can look at it: ${NOT_WHOLE}; finalize builds it again, undo takes it apart`,
        });
      return askForQc(context, batch, undefined, { aborted: true });
    default:
      return askForFlags(context, batch, { mistake: `${decision.verb} is no answer here` });
  }
}

/** Flags and unflags; what cannot be is told with the question, and nothing is changed. */
async function changeFlags(context: Context, batch: Batch, decision: Decision): Promise<Outcome> {
  const { db, pipelineId } = context;
  const flag = flagAnswer.safeParse(decision.params).data;
  const unflag = unflagAnswer.safeParse(decision.params).data;
  const text = decision.verb === 'flag' ? flag?.issue : unflag?.issue;
  if (text === undefined)
    return askForFlags(context, batch, {
      mistake: `${decision.verb} must name an issue, and say what is wrong with it`,
    });
  try {
    const issues = await issuesOfBatch(db, batch, parseFlagInputs(text));
    const by = { actor: decision.actor, pipelineId };
    return await askForFlags(context, batch, {
      change: (trx) =>
        flag && decision.verb === 'flag'
          ? flagIssues(trx, batch, issues, flag.reason, by)
          : unflagIssues(trx, batch, issues, by),
    });
  } catch (error) {
    if (!(error instanceof NotInBatch || error instanceof InvalidFlagInput)) throw error;
    return askForFlags(context, batch, { mistake: error.message });
  }
}

/** Builds it again without the flagged issues, or takes it apart. */
async function end(context: Context, batch: Batch, verb: 'finalize' | 'undo'): Promise<Outcome> {
  const { db, settings } = context;
  const flagged = await listFlagged(db, batch.id);
  const issues = await listBatchIssues(db, batch.id);
  if (verb === 'finalize' && flagged.length === 0 && (await isOnStaging(db, batch.id)))
    return askForFlags(context, batch, { mistake: 'no issue is flagged: flag the bad ones first, or abort' });
  if (verb === 'undo' && flagged.length === issues.length && issues.length > 0)
    return askForFlags(context, batch, { mistake: 'every issue is flagged: finalize deletes the batch' });
  const isDeleted = verb === 'undo' || flagged.length === issues.length;
  const detail = { flagged: flagged.map(({ key, reason }) => ({ key, reason })), of: issues.length };
  const next = isDeleted ? deleteBatch(batch, settings) : finalizeFlagging(batch, settings);
  return go(context, batch, verb === 'undo' ? 'batch_undone' : 'batch_finalized', detail, [next]);
}

/** The batch is at work again: the answer, its status and the next pipeline are one transaction. */
function go(
  { decision, pipelineId }: Context,
  batch: Batch,
  kind: string,
  detail: Record<string, unknown>,
  then: ReturnType<typeof goLive>[],
): Outcome {
  const actor = decision?.actor ?? 'engine';
  return done({
    commit: async (trx) => {
      await moveBatch(trx, batch, 'pending');
      await recordBatchEvent(trx, batch.id, {
        actor,
        kind,
        detail: { ...detail, comment: decision?.comment },
        pipelineId,
      });
    },
    then,
  });
}

type Change = NonNullable<Parameters<typeof hold>[0]['commit']>;

async function askForQc(
  { db, settings, decision, pipelineId }: Context,
  batch: Batch,
  mistake?: string,
  { aborted = false } = {},
): Promise<Outcome> {
  const issues = await listBatchIssues(db, batch.id);
  const { staging } = batchLinks(batch.fullName, settings);
  const where = staging === undefined ? 'on staging' : `at ${staging}`;
  const actor = aborted ? (decision?.actor ?? 'engine') : 'engine';
  return hold({
    kind: 'person',
    action: batchQc.name,
    role: 'batch reviewer',
    message: told(
      mistake,
      `look at the ${count(issues.length)} of ${batch.fullName} ${where}, then approve or reject it`,
    ),
    payload: { batch: batch.fullName, issues: issues.length, ...(staging !== undefined && { staging }) },
    commit: async (trx) => {
      if (aborted) await deleteFlags(trx, batch.id);
      await become(trx, batch, 'qc_ready', { actor, kind: aborted ? 'rejection_aborted' : 'batch_qc_ready', pipelineId, detail: {} }); // prettier-ignore
    },
  });
}

async function askForFlags(
  { db, decision, pipelineId }: Context,
  batch: Batch,
  { rejected, mistake, change }: { rejected?: string; mistake?: string; change?: Change } = {},
): Promise<Outcome> {
  const issues = await listBatchIssues(db, batch.id);
  const isWhole = await isOnStaging(db, batch.id);
  const what = isWhole ? 'was rejected' : NOT_WHOLE;
  const hint = isWhole
    ? 'flag the bad issues, then finalize; or undo the batch, or abort the rejection'
    : 'flag the issues that must leave it, then finalize, which builds it again; or undo the batch';
  return hold({
    kind: 'person',
    action: batchFlagging.name,
    role: 'batch reviewer',
    message: told(mistake, `${batch.fullName}, ${count(issues.length)}, ${what}: ${hint}`),
    payload: { batch: batch.fullName, issues: issues.length },
    commit: async (trx) => {
      const detail = { reason: rejected, comment: decision?.comment };
      const actor = decision?.actor ?? 'engine';
      const kind = rejected === undefined ? 'flagging_asked' : 'batch_rejected';
      await become(trx, batch, 'qc_flagging', { actor, kind, detail, pipelineId });
      await change?.(trx);
    },
  });
}

const NOT_WHOLE = 'is not whole on staging';
const count = (issues: number): string => (issues === 1 ? '1 issue' : `${issues} issues`);
const told = (mistake: string | undefined, message: string) =>
  mistake === undefined ? message : `not yet: ${mistake}`;

/** Writes the status and what led to it, when it is another one. */
async function become(
  trx: Parameters<Change>[0],
  batch: Batch,
  status: BatchStatus,
  event: Parameters<typeof recordBatchEvent>[2],
): Promise<void> {
  if (batch.status === status) return;
  await moveBatch(trx, batch, status);
  await recordBatchEvent(trx, batch.id, event);
}
