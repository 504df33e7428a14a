/** Taking a batch back from production before it is in the dark archive (newspapers spec 7.9, W37). */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { enqueue } from '../../engine/enqueue.js';
import type { Act } from '../../engine/operator.js';
import { Refused } from '../../engine/refused.js';
import { existing } from '../../files/existing.js';
import type { Settings } from '../../settings.js';
import { gatherIssues } from '../batch-files/gather-issues.js';
import { unpushBatch } from '../pipelines/unpush-batch.js';
import { batchPlaces } from './batch-places.js';
import { recordBatchEvent } from './batch-events.js';
import { listBatchIssues, moveBatch, theBatch, type Batch } from './batches.js';
import { laterVersions, lockBatch } from './former-version.js';
import { whyNotBack } from './returning.js';
import { takeQuestion } from './take-question.js';

/** What unpushing a batch does, for people. */
export interface UnpushPlan {
  batch: Batch;
  /** Keys of the issues that come back. */
  issues: string[];
  /** Kept until the issues are live again in another batch. */
  archive: string;
  /** Deleted: the sites read it. */
  liveCopy: string;
}

const NAMED = 10;

/**
 * What would be done.
 *
 * @throws Refused unless it is live, not yet in the dark archive, whole in the archive area, and all of its issues can be
 *   batched again from their workflow files
 */
export async function planUnpush(db: Kysely<DB>, batch: Batch, settings: Settings): Promise<UnpushPlan> {
  const { fullName, status } = batch;
  if (status !== 'live') {
    const remedy =
      status === 'live_archived' || status === 'live_done'
        ? `it is in the dark archive already: bin/batches patch ${fullName} --remove KEY takes single issues out`
        : `bin/batches show ${fullName} tells how it stands`;
    throw new Refused('conflict', `batch ${fullName} is ${status}, not live`, remedy);
  }
  const [later] = await laterVersions(db, batch.id);
  if (later)
    throw new Refused('conflict', `batch ${fullName} is being replaced by ${later.fullName}`, 'let that end first');
  const { archive, live } = batchPlaces(fullName, settings);
  if (!(await existing(archive, 'directory')))
    throw new Refused('conflict', `the archived files of ${fullName} are not in ${archive}`, 'bring them back first');
  const issues = await listBatchIssues(db, batch.id);
  const reasons: string[] = [];
  for (const issue of issues) {
    const why = await whyNotBack(db, issue);
    if (why !== undefined) reasons.push(`${issue.key}: ${why}`);
  }
  if (reasons.length > 0) {
    const more = reasons.length > NAMED ? `; and ${reasons.length - NAMED} more` : '';
    throw new Refused(
      'conflict',
      `batch ${fullName} cannot be made again: ${reasons.slice(0, NAMED).join('; ')}${more}`,
      `bin/batches patch ${fullName} --remove KEY takes single issues out`,
    );
  }
  const takeOut = (): string => `bin/batches patch ${fullName} --remove KEY takes single issues out`;
  await gatherIssues(db, issues, { takeOut }); // names every file that is not as recorded: the next batch is made of them
  return { batch, issues: issues.map(({ key }) => key), archive, liveCopy: live };
}

/**
 * Takes it back: off production and staging first, then its issues are ready for another batch, in one transaction with
 * the end of this one. Its archived files stay.
 *
 * @throws Refused as `planUnpush` does, or when something is at work on it
 */
export async function unpush(
  db: Kysely<DB>,
  batchId: number,
  settings: Settings,
  act: Act,
): Promise<UnpushPlan & { pipelineId: number }> {
  return db.transaction().execute(async (trx) => {
    await lockBatch(trx, batchId);
    const batch = await theBatch(trx, batchId);
    const plan = await planUnpush(trx, batch, settings);
    await takeQuestion(trx, batch, act);
    await moveBatch(trx, batch, 'pending');
    const [pipelineId = 0] = await enqueue(trx, [unpushBatch(batch, settings)], act);
    const detail = { reason: act.reason, issues: plan.issues.length };
    await recordBatchEvent(trx, batchId, { actor: act.actor, kind: 'unpush_decided', detail, pipelineId });
    return { ...plan, pipelineId };
  });
}
