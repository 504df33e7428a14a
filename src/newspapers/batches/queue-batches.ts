/** Batches of all that is ready, organisation by organisation (newspapers spec 7.1). */
import { sql, type Kysely } from 'kysely';
import { programLock } from '../../coordination/lock-names.js';
import type { Locks } from '../../coordination/locks.js';
import type { DB } from '../../database/database.js';
import { enqueue } from '../../engine/enqueue.js';
import type { Settings } from '../../settings.js';
import { makeBatch } from '../pipelines/make-batch.js';
import type { WorkflowStep } from '../workflow-step.js';
import type { BatchSizes } from './batch-sizes.js';
import type { Batch } from './batches.js';
import { planBins, sortCandidates, type Bin, type EmbargoedIssue, type RejectedIssue, type TooSmall } from './bins.js';
import { createBatch } from './create-batch.js';
import { readCandidates, readyByOrg, type ReadyOrg } from './ready-issues.js';

export interface QueueBatchesOptions {
  /** Instead of what is ready, what is ReadyForRebatching: taken out of a live batch (newspapers spec 7.1, 7.9). */
  redo: boolean;
  sizes: BatchSizes;
  /** Say what would be made, make nothing. */
  dryRun: boolean;
  actor: string;
  /** The database's, unless told: embargoes and waiting count by it. */
  now?: Date | undefined;
  /** Only organisations of these codes. */
  orgs?: readonly string[] | undefined;
}

/** What became of a part of what was ready. */
export type QueueBatchesEvent = { org: string } & (
  | ({ event: 'bin' } & Bin)
  | ({ event: 'batch'; batch: Batch; pipelineId: number } & Bin)
  /** The batch could not be made; its issues are as they were. */
  | ({ event: 'failed'; reason: string } & Bin)
  | ({ event: 'too small' } & TooSmall)
  | { event: 'embargoed'; issue: EmbargoedIssue }
  | { event: 'rejected'; issue: RejectedIssue }
);

/**
 * Makes batches of what is ready, each in one transaction with its issues, its events and its pipeline (W19); tells of
 * each as it goes. A bin that cannot be made does not end it. What an error interrupts can be run again.
 */
export async function* queueBatches(
  db: Kysely<DB>,
  settings: Settings,
  options: QueueBatchesOptions,
): AsyncGenerator<QueueBatchesEvent> {
  const steps: WorkflowStep[] = [options.redo ? 'ReadyForRebatching' : 'ReadyForBatching'];
  const now = options.now ?? (await clock(db));
  for (const org of await readyByOrg(db, steps)) {
    if (options.orgs && !options.orgs.includes(org.code)) continue;
    const candidates = await readCandidates(db, org.issueIds);
    const { ready, embargoed, rejected } = sortCandidates(org.code, candidates, now);
    for (const issue of rejected) yield { event: 'rejected', org: org.code, issue };
    for (const issue of embargoed) yield { event: 'embargoed', org: org.code, issue };
    const plan = planBins(ready, options.sizes);
    if (plan === undefined) continue;
    if ('tooSmall' in plan) yield { event: 'too small', org: org.code, ...plan.tooSmall };
    else for (const bin of plan.bins) yield options.dryRun ? { event: 'bin', org: org.code, ...bin } : await make(db, settings, org, bin, { ...options, steps }); // prettier-ignore
  }
}

/** Nobody else makes batches meanwhile: two at once would plan with the same issues. @throws LockHeld */
export async function* queueBatchesAlone(
  db: Kysely<DB>,
  settings: Settings,
  options: QueueBatchesOptions,
  locks: Locks,
): AsyncGenerator<QueueBatchesEvent> {
  const lock = await locks.take(programLock('queue-batches'));
  try {
    for await (const event of queueBatches(db, settings, options)) {
      yield event;
      lock.throwIfLost();
    }
  } finally {
    await lock.release();
  }
}

async function make(
  db: Kysely<DB>,
  settings: Settings,
  org: ReadyOrg,
  bin: Bin,
  { actor, steps }: { actor: string; steps: readonly WorkflowStep[] },
): Promise<QueueBatchesEvent> {
  try {
    const made = await db.transaction().execute(async (trx) => {
      const issueIds = bin.issues.map(({ id }) => id);
      const site = settings.NEWS_WEBROOT ?? '';
      const batch = await createBatch(trx, { orgId: org.id, orgCode: org.code, issueIds, steps, site }, { actor });
      const [pipelineId = 0] = await enqueue(trx, [makeBatch(batch, settings)], { actor });
      return { batch, pipelineId };
    });
    return { event: 'batch', org: org.code, ...made, ...bin };
  } catch (error) {
    return { event: 'failed', org: org.code, reason: (error as Error).message, ...bin };
  }
}

async function clock(db: Kysely<DB>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select now()`.execute(db);
  return rows[0]?.now ?? new Date();
}
