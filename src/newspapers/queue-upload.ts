/** From upload to workflow: the issue's row and its first pipeline, both or neither. */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import type { Settings } from '../settings.js';
import type { IssueKey } from './issue-key.js';
import { createIssue, findIssue, type Issue } from './issues.js';
import { makeDerivatives } from './pipelines/make-derivatives.js';
import { takeInUpload } from './pipelines/take-in-upload.js';
import { checkSettled } from './uploads/settled.js';
import type { Problem, Upload } from './uploads/upload.js';

export type QueueOutcome =
  | { outcome: 'queued'; issue: Issue; pipelineId: number }
  /** A dry run: it would be queued. */
  | { outcome: 'ready' }
  | { outcome: 'skipped'; why: 'already queued'; message: string; issue: Issue }
  | { outcome: 'skipped'; why: 'problems'; problems: Problem[] };

export interface QueueOptions {
  actor: string;
  now: () => Date;
  dryRun?: boolean;
}

/**
 * Queues an upload that a scan just found: born-digital ones start with *take in upload*, scans with *make derivatives*
 * (newspapers spec 5.4.5). One transaction makes the row and the pipeline, so two at once cannot queue it twice (W6) and
 * no row is left without a pipeline (W19).
 */
export async function queueUpload(
  db: Kysely<DB>,
  upload: Upload,
  settings: Settings,
  options: QueueOptions,
): Promise<QueueOutcome> {
  const { title, org, key } = upload;
  const { problems } = upload;
  if (problems.length > 0 || !title || !org || !key) return { outcome: 'skipped', why: 'problems', problems };
  const there = await findIssue(db, key);
  if (there) return alreadyQueued(there);
  const recent = await checkSettled(upload.directory, settings.DURATION_ISSUE_CONSIDERED_DANGEROUS, options.now());
  if (recent) return { outcome: 'skipped', why: 'problems', problems: [recent] };
  if (options.dryRun) return { outcome: 'ready' };
  const row = {
    titleId: title.id,
    orgId: org.id,
    kind: upload.kind,
    date: key.date,
    edition: key.edition,
    location: upload.directory,
  };
  const queued = await db.transaction().execute(async (trx) => {
    const issue = await createIssue(trx, row, options);
    if (!issue) return undefined;
    const pipeline = upload.kind === 'borndigital' ? takeInUpload : makeDerivatives;
    const [pipelineId = 0] = await enqueue(trx, [pipeline(issue, settings)], options);
    return { issue, pipelineId };
  });
  return queued ? { outcome: 'queued', ...queued } : alreadyQueued(await theOther(db, key));
}

const alreadyQueued = (issue: Issue): QueueOutcome => ({
  outcome: 'skipped',
  why: 'already queued',
  message: `already in the workflow as issue ${issue.id} (${issue.workflowStep}); "bin/issues show ${issue.id}" tells more`,
  issue,
});

/** Somebody queued it between our look and our insert. */
async function theOther(db: Kysely<DB>, key: IssueKey): Promise<Issue> {
  const issue = await findIssue(db, key);
  if (!issue) throw new Error(`issue ${key.lccn} of ${key.date} was queued and removed at this moment; try again`);
  return issue;
}
