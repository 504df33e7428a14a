/** From upload to workflow: the issue's row and its first pipeline, both or neither. */
import type { Kysely, Transaction } from 'kysely';
import { filesLock } from '../coordination/lock-names.js';
import { LockHeld, LockLost, LocksUnavailable, type Locks } from '../coordination/locks.js';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import type { Settings } from '../settings.js';
import { recordIssueEvent } from './issue-events.js';
import { parseIssueKey } from './issue-key.js';
import { createIssue, findIssue, type Issue, type NewIssue } from './issues.js';
import type { LiveIssue } from './oni/live-index.js';
import { makeDerivatives } from './pipelines/make-derivatives.js';
import { takeInUpload } from './pipelines/take-in-upload.js';
import type { Judged } from './uploads/judge.js';
import type { Problem } from './uploads/problem.js';
import { flaggedRemedy, intakeRemedies, intakeState, lookUp, type Known, type Standing } from './uploads/standing.js';
import type { Upload } from './uploads/upload.js';

export type QueueOutcome =
  | { outcome: 'queued'; issue: Issue; pipelineId: number }
  /** A dry run: it would be queued. */
  | { outcome: 'ready' }
  | { outcome: 'skipped'; why: 'already queued' | 'intake failed' | 'busy'; message: string; issueId?: number }
  | { outcome: 'skipped'; why: 'problems'; problems: Problem[] };

export interface QueueOptions {
  actor: string;
  /** Whether a problem keeps an upload out. A person may pass over warnings, never over errors. */
  keepsOut: (problem: Problem) => boolean;
  /** Why an upload goes in although its issue is in the workflow already; undefined: it does not (newspapers spec W31). */
  duplicateReason: string | undefined;
  dryRun?: boolean;
  /** The lock of its directory is held meanwhile, so that nobody who moves files there is at work on it. */
  locks?: Locks;
}

/**
 * Queues an upload that was just judged: born-digital ones start with *take in upload*, scans with *make derivatives*
 * (newspapers spec 5.4.5). One transaction makes the row and the pipeline, so two at once cannot queue it twice (W6) and
 * no row is left without a pipeline (W19).
 */
export async function queueUpload(
  db: Kysely<DB>,
  { upload, problems, ...known }: Judged,
  settings: Settings,
  options: QueueOptions,
): Promise<QueueOutcome> {
  const there = inTheWay(known);
  if (there) return there;
  const { title, org, key } = upload;
  const isDuplicate = problems.some((each) => each.rule === 'duplicate');
  if (problems.some(options.keepsOut) || !title || !org || !key || (isDuplicate && !options.duplicateReason))
    return { outcome: 'skipped', why: 'problems', problems };
  if (options.dryRun) return { outcome: 'ready' };
  const row: NewIssue = {
    titleId: title.id,
    orgId: org.id,
    kind: upload.kind,
    date: key.date,
    edition: key.edition,
    location: upload.directory,
    ...(isDuplicate && options.duplicateReason && { duplicateReason: options.duplicateReason }),
  };
  const queue = () => db.transaction().execute((trx) => queueIssue(trx, row, settings, options.actor, known.live));
  try {
    const queued = await (options.locks?.withLock(filesLock(upload.directory), queue) ?? queue());
    return queued ? { outcome: 'queued', ...queued } : await meanwhile(db, upload);
  } catch (error) {
    // Lost: what is queued is queued, once; the database sees to that. The next look tells.
    if (!(error instanceof LockHeld || error instanceof LocksUnavailable || error instanceof LockLost)) throw error;
    return { outcome: 'skipped', why: 'busy', message: error.message };
  }
}

/** @returns undefined when somebody else was faster */
async function queueIssue(
  trx: Transaction<DB>,
  row: NewIssue,
  settings: Settings,
  actor: string,
  live: LiveIssue | undefined,
): Promise<{ issue: Issue; pipelineId: number } | undefined> {
  const issue = await createIssue(trx, row, { actor });
  if (!issue) return undefined;
  if (issue.duplicateReason !== null) {
    const first = await findIssue(trx, parseIssueKey(issue.key)); // the key means the one that was not let in as a duplicate
    const detail = { reason: issue.duplicateReason, ...(live ? { live } : { of: first?.id }) };
    await recordIssueEvent(trx, issue.id, { actor, kind: 'duplicate_allowed', detail });
  }
  const pipeline = issue.kind === 'borndigital' ? takeInUpload : makeDerivatives;
  const [pipelineId = 0] = await enqueue(trx, [pipeline(issue, settings)], { actor });
  await trx.deleteFrom('newspapers.upload_clocks').where('directory', '=', row.location).execute();
  return { issue, pipelineId };
}

/** Somebody queued it, or its twin, between our look and our insert: what we know now. */
async function meanwhile(db: Kysely<DB>, upload: Upload): Promise<QueueOutcome> {
  const known = (await lookUp(db, [upload])).get(upload) ?? {};
  const there = inTheWay(known) ?? (known.twin && alreadyThere(known.twin));
  if (!there)
    throw new Error(`${upload.directory} was queued and taken back at this very moment; nothing happened, try again`);
  return there;
}

/** What keeps an upload out whatever its state: it is in already, or was and did not come through (W27). */
function inTheWay({ intake, flagged }: Known): QueueOutcome | undefined {
  if (flagged) return { ...alreadyThere(flagged), message: flaggedRemedy(flagged) };
  if (!intake) return undefined;
  const state = intakeState(intake);
  if (state === 'running') return alreadyThere(intake);
  const { issueId, pipelineId, job, error } = intake;
  const where = pipelineId === null ? '' : ` (pipeline ${pipelineId}${job === null ? '' : ` at ${job}`})`;
  const why = error === null ? '' : `: ${error}`;
  const message = `its intake as issue ${issueId} ${state === 'failed' ? 'failed' : 'was cancelled'}${where}${why}; ${intakeRemedies(intake)}`;
  return { outcome: 'skipped', why: 'intake failed', message, issueId };
}

const alreadyThere = ({ issueId, workflowStep }: Standing): Extract<QueueOutcome, { message: string }> => ({
  outcome: 'skipped',
  why: 'already queued',
  message: `already in the workflow as issue ${issueId} (${workflowStep}); "bin/issues show ${issueId}" tells more`,
  issueId,
});
