/** Correcting a live batch: its next version, without the bad issues (newspapers spec 7.9, 7.10, 8.4 batch-patch; W36). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import { enqueue } from '../../engine/enqueue.js';
import type { Act } from '../../engine/operator.js';
import { Refused } from '../../engine/refused.js';
import { existing } from '../../files/existing.js';
import type { Settings } from '../../settings.js';
import { keptFiles, readFormerBag } from '../batch-files/kept-files.js';
import { isForArchiveOnly } from '../batch-files/layout.js';
import { recordIssueEvents } from '../issue-events.js';
import type { IssueKey } from '../issue-key.js';
import type { Issue } from '../issues.js';
import { patchBatch } from '../pipelines/patch-batch.js';
import { recordBatchEvent } from './batch-events.js';
import { formatBatchName, parseBatchName } from './batch-name.js';
import { batchPlaces } from './batch-places.js';
import { isLive } from './batch-status.js';
import { listBatchIssues, theBatch, type Batch } from './batches.js';
import { flagIssues, issuesOfBatch } from './flagged-issues.js';
import { laterVersions, lockBatch } from './former-version.js';
import { whyNotBack } from './returning.js';
import { takeQuestion } from './take-question.js';

/** What patching a batch does, for people. */
export interface PatchPlan {
  former: Batch;
  /** The full name of the next version. */
  newName: string;
  kept: string[];
  removed: { key: string; becomes: string }[];
  /** Where the files of the former version lie; they stay there until a person deletes them. */
  from: string;
  archive: string;
  files: number;
  /** Of all files of the next version: hard links in the archive where its filesystem allows it, else copies. */
  bytes: number;
  /** Of the copy for the sites. */
  liveBytes: number;
}

/**
 * What would be done.
 *
 * @throws Refused unless the batch is live, its files are recorded and there, the keys are of its issues, and one is kept
 * @throws NotInBatch
 */
export async function planPatch(
  db: Kysely<DB>,
  former: Batch,
  keys: readonly IssueKey[],
  settings: Settings,
): Promise<PatchPlan> {
  return (await lookAtPatch(db, former, keys, settings)).plan;
}

async function lookAtPatch(
  db: Kysely<DB>,
  former: Batch,
  keys: readonly IssueKey[],
  settings: Settings,
): Promise<{ plan: PatchPlan; keptIssues: Issue[]; removedIssues: Issue[] }> {
  const { fullName, status } = former;
  if (!isLive(status))
    throw new Refused(
      'conflict',
      `batch ${fullName} is ${status}: only a live one is patched`,
      status.startsWith('qc')
        ? 'it is at quality control: reject it and flag its bad issues'
        : `bin/batches show ${fullName} tells how it stands`,
    );
  const [later] = await laterVersions(db, former.id);
  if (later)
    throw new Refused(
      'conflict',
      `batch ${fullName} is being replaced by ${later.fullName}, which is ${later.status}`,
      'let that go live, then patch it',
    );
  const removedIssues = await issuesOfBatch(db, former, keys);
  const removedIds = new Set(removedIssues.map(({ id }) => id));
  const keptIssues = (await listBatchIssues(db, former.id)).filter(({ id }) => !removedIds.has(id));
  if (keptIssues.length === 0)
    throw new Refused(
      'conflict',
      `that would leave no issue in ${fullName}`,
      status === 'live'
        ? `bin/batches unpush ${fullName} takes the whole batch back`
        : 'have the agent purge it: bin/agent purge-batch',
    );
  const bag = await readFormerBag(db, former);
  if (!(await existing(bag.directory, 'directory')))
    throw new Refused('conflict', `the files of ${fullName} are not in ${bag.directory}`, 'bring them back first');
  const files = keptFiles(bag, keptIssues);
  const sum = (of: typeof files) => of.reduce((total, { record }) => total + record.size, 0);
  const removed = [];
  for (const issue of removedIssues) removed.push({ key: issue.key, becomes: await fateOf(db, issue) });
  const newName = await nextName(db, former);
  const plan = {
    former,
    newName,
    kept: keptIssues.map(({ key }) => key),
    removed,
    from: bag.directory,
    archive: batchPlaces(newName, settings).archive,
    files: files.length,
    bytes: sum(files),
    liveBytes: sum(files.filter(({ path }) => !isForArchiveOnly(path))),
  };
  return { plan, keptIssues, removedIssues };
}

async function fateOf(db: Kysely<DB>, issue: Issue): Promise<string> {
  const why = await whyNotBack(db, issue);
  return why === undefined ? 'the issue managers are asked about it' : `it is out of the workflow: ${why}`;
}

/** The next version that no batch has, of the same name. */
async function nextName(db: Kysely<DB>, { id, fullName }: Batch): Promise<string> {
  const parts = parseBatchName(fullName);
  const { rows } = await sql<{ fullName: string }>`
    select b.full_name as "fullName" from newspapers.batches b, newspapers.batches f
    where f.id = ${id} and b.org_id = f.org_id and starts_with(b.full_name, regexp_replace(f.full_name, '_ver\\d+$', '') || '_ver')`.execute(
    db,
  );
  const version = Math.max(parts.version, ...rows.map((row) => parseBatchName(row.fullName).version)) + 1;
  return formatBatchName({ ...parts, version });
}

/**
 * Makes the next version of a live batch and starts what builds it, in one transaction: the issues that are kept are the
 * new batch's from now on, those to be removed are flagged in the old one until the sites have let go of it.
 *
 * @throws Refused, NotInBatch as `planPatch` does
 */
export async function patch(
  db: Kysely<DB>,
  batchId: number,
  keys: readonly IssueKey[],
  settings: Settings,
  act: Act,
): Promise<PatchPlan & { batchId: number; pipelineId: number }> {
  return db.transaction().execute(async (trx) => {
    await lockBatch(trx, batchId);
    const former = await theBatch(trx, batchId);
    const { plan, keptIssues, removedIssues } = await lookAtPatch(trx, former, keys, settings);
    await takeQuestion(trx, former, act);
    const batch = await insertVersion(trx, former, plan.newName);
    const [pipelineId = 0] = await enqueue(trx, [patchBatch({ batch, former }, settings)], act);
    const { actor, reason } = act;
    const ids = keptIssues.map(({ id }) => id);
    await sql`update newspapers.issues set batch_id = ${batch.id} where id = any(${ids})`.execute(trx);
    const detail = { batch: batch.fullName };
    await recordIssueEvents(trx, ids, { actor, kind: 'moved_to_version', detail, pipelineId });
    await flagIssues(trx, former, removedIssues, reason, { actor, pipelineId });
    const removed = removedIssues.map(({ key }) => key);
    await recordBatchEvent(trx, former.id, {
      ...{ actor, kind: 'patch_decided', pipelineId },
      detail: { message: `the next version is ${batch.fullName}`, reason, removed },
    });
    await recordBatchEvent(trx, batch.id, {
      ...{ actor, kind: 'batch_patch_created', pipelineId },
      detail: { message: `${former.fullName} without ${removed.join(', ')}`, reason },
    });
    return { ...plan, batchId: batch.id, pipelineId };
  });
}

async function insertVersion(trx: Transaction<DB>, former: Batch, fullName: string): Promise<Batch> {
  const { rows } = await sql<{ id: number }>`
    insert into newspapers.batches (org_id, name, full_name, version, replaces)
    select org_id, name, ${fullName}, ${parseBatchName(fullName).version}, id from newspapers.batches where id = ${former.id}
    returning id`.execute(trx);
  return theBatch(trx, rows[0]?.id ?? 0);
}
