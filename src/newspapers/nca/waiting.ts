/** What waits for a person, or for a pipeline that nothing in NCA would start, gets the pipeline that asks or goes on here. */
import { sql } from 'kysely';
import type { Action } from '../../engine/action.js';
import { enqueue } from '../../engine/enqueue.js';
import type { PipelinePlan } from '../../engine/pipeline.js';
import { metadataEntry, metadataReview, unfixableMetadata } from '../actions/metadata.js';
import { batchPlaces } from '../batches/batch-places.js';
import { batchObject, selectBatches, type Batch } from '../batches/batches.js';
import { askBatchQc } from '../batches/questions.js';
import { ISSUE_OBJECT } from '../issue-object.js';
import { selectIssues, setIssueColumns, withKey, type Issue } from '../issues.js';
import { askConfirmArchived } from '../jobs/ask-confirm-archived.js';
import { deskOf } from '../metadata/desk.js';
import { finalizeIssue } from '../pipelines/finalize-issue.js';
import { enterMetadata, mendUnfixable, reviewMetadata } from '../pipelines/metadata.js';
import { reviewPages } from '../pipelines/review-pages.js';
import type { WorkflowStep } from '../workflow-step.js';
import type { Claims } from './import-issues.js';
import type { ImportWork } from './import-work.js';

const CHUNK = 500;

const WAITING: readonly WorkflowStep[] = [
  'AwaitingPageReview',
  'ReadyForMetadataEntry',
  'AwaitingMetadataReview',
  'UnfixableMetadataError',
  'ReadyForMETSXML', // approved, and then NCA failed to start what comes next (W19)
];

interface Waiting {
  issue: Issue;
  enteredBy: string | null;
  /** The last error report. */
  report: string | null;
}

/** Enqueues the pipelines of everything that waits. @returns how many of each name */
export async function startWhatWaits(work: ImportWork, claims: Claims): Promise<Record<string, number>> {
  const started: Record<string, number> = {};
  const start = async (plans: readonly PipelinePlan[]) => {
    await enqueue(work.trx, plans, { actor: work.actor });
    for (const { name } of plans) started[name] = (started[name] ?? 0) + 1;
    work.tell(`${Object.values(started).reduce((sum, count) => sum + count, 0)} pipelines`);
  };
  for (let after = 0; ;) {
    const waiting = await waitingIssues(work, after);
    const last = waiting.at(-1);
    if (!last) break;
    const plans: PipelinePlan[] = [];
    for (const one of waiting) plans.push(await planOf(work, one, claims));
    await start(plans);
    after = last.issue.id;
  }
  const batches = await selectBatches(work.trx)
    .where('b.status', 'in', ['qc_ready', 'qc_flagging', 'live'])
    .orderBy('b.id')
    .execute();
  await start(batches.map((batch) => planOfBatch(work, batch)));
  return started;
}

async function waitingIssues({ trx }: ImportWork, after: number): Promise<Waiting[]> {
  const rows = await selectIssues(trx)
    .select('i.metadata_entered_by as enteredBy')
    .select(
      sql<string | null>`(select e.detail ->> 'message' from events e where e.object_type = ${ISSUE_OBJECT}
        and e.object_id = i.id and e.kind = 'error_reported' order by e.id desc limit 1)`.as('report'),
    )
    .where('i.ignored', '=', false)
    .where('i.workflow_step', 'in', WAITING)
    .where('i.id', '>', after)
    .orderBy('i.id')
    .limit(CHUNK)
    .execute();
  return rows.map(({ enteredBy, report, ...issue }) => ({ issue: withKey(issue), enteredBy, report }));
}

async function planOf(
  { trx }: ImportWork,
  { issue, enteredBy, report }: Waiting,
  claims: Claims,
): Promise<PipelinePlan> {
  const desk = (action: Action, ownWorkOf?: string | null) =>
    deskOf(trx, claims.get(issue.id) ?? null, action, ownWorkOf);
  switch (issue.workflowStep) {
    case 'AwaitingPageReview':
      return reviewPages(issue);
    case 'ReadyForMetadataEntry':
      return enterMetadata(issue, await desk(metadataEntry));
    case 'AwaitingMetadataReview':
      return reviewMetadata(issue, await desk(metadataReview, enteredBy));
    case 'ReadyForMETSXML':
      await setIssueColumns(trx, issue.id, { workflow_step: 'AwaitingProcessing' });
      return finalizeIssue(issue);
    default: {
      const why = report === null ? 'NCA has it as an unfixable error' : `an error was reported in NCA: ${report}`;
      return mendUnfixable(issue, why, await desk(unfixableMetadata));
    }
  }
}

function planOfBatch({ settings }: ImportWork, batch: Batch): PipelinePlan {
  const about = { description: `batch ${batch.fullName}`, object: batchObject(batch.id) };
  if (batch.status !== 'live') return { name: 'ReviewBatch', ...about, jobs: [askBatchQc(batch.id)] };
  const { archive } = batchPlaces(batch.fullName, settings);
  return { name: 'ConfirmArchived', ...about, jobs: [askConfirmArchived({ batchId: batch.id, archive })] };
}
