/** Takes issues out of the workflow whose pipelines failed, or were cancelled where nothing goes on (newspapers spec 7.4, W22). */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { DB } from '../database/database.js';
import { enqueue } from '../engine/enqueue.js';
import { cancelPipeline } from '../engine/operator.js';
import type { Settings } from '../settings.js';
import { recordIssueEvent } from './issue-events.js';
import { beginsAgain } from './begins-again.js';
import { formatIssueKey } from './issue-key.js';
import { findIssueById, ISSUE_OBJECT, NoSuchIssue, setIssueColumns } from './issues.js';
import { deleteStuckIssue, REMOVALS } from './pipelines/delete-stuck-issue.js';
import { GIVE_BACK } from './pipelines/give-back.js';
import type { WorkflowStep } from './workflow-step.js';

/** Why an issue is not dead. */
export type Alive = 'busy' | 'held' | 'in a batch' | 'being removed' | 'without a pipeline' | 'fine';

export interface LookedAt {
  issueId: number;
  /** `LCCN/YYYYMMDDEE`. */
  key: string;
  workflowStep: WorkflowStep;
}

/** What became of an issue, or would. */
export type RemoveDeadEvent = LookedAt &
  (
    | { event: 'not dead'; is: Alive; reason: string }
    /** In a dry run. */
    | { event: 'dead'; reason: string }
    | { event: 'removing'; reason: string; pipelineId: number }
    /** It is as it was. */
    | { event: 'failed'; reason: string }
  );

export interface RemoveDeadOptions {
  actor: string;
  /** Say what would be removed, change nothing. */
  dryRun: boolean;
}

const REASON = 'removed by remove-dead-issues';

/**
 * Looks at every issue in the workflow. Of those whose open pipeline failed, or whose latest was cancelled with its files
 * half-way (what can begin again stays), each is taken out in a transaction of its own: the pipeline is cancelled, its story is written down, and what removes the issue is enqueued. The others are told with the
 * reason why they stay; one that cannot be taken out does not end it.
 */
export async function* removeDeadIssues(
  db: Kysely<DB>,
  settings: Settings,
  { actor, dryRun }: RemoveDeadOptions,
): AsyncGenerator<RemoveDeadEvent> {
  for (const row of await lookAtIssues(db)) {
    const { issueId, key, workflowStep } = row;
    const looked = { issueId, key, workflowStep };
    const alive = whyAlive(row);
    if (alive) {
      yield { ...looked, event: 'not dead', ...alive };
      continue;
    }
    try {
      if (dryRun) yield { ...looked, event: 'dead', reason: (await failuresOf(db, row)).join('; ') };
      else yield { ...looked, ...(await db.transaction().execute((trx) => remove(trx, row, settings, actor))) };
    } catch (error) {
      yield { ...looked, event: 'failed', reason: (error as Error).message };
    }
  }
}

interface IssueRow {
  issueId: number;
  key: string;
  workflowStep: WorkflowStep;
  ignored: boolean;
  batch: string | null;
  /** The open one, else the latest. */
  pipelineId: number | null;
  pipeline: string | null;
  status: string | null;
  question: string | null;
  job: string | null;
  /** The same, unless it was done. */
  stoodAt: string | null;
}

const isOver = ({ status }: IssueRow): boolean => status === null || status === 'success' || status === 'cancelled';

function whyAlive(row: IssueRow): { is: Alive; reason: string } | undefined {
  const { issueId, workflowStep, batch, pipelineId, pipeline, status, question, job } = row;
  const standing = `pipeline ${pipelineId ?? ''} (${pipeline ?? ''})`;
  if (batch !== null)
    return { is: 'in a batch', reason: `it is in ${batch}: bin/batches show ${batch} tells how that stands` };
  if (isOver(row)) {
    const show = `bin/issues show ${issueId}`;
    const is = 'without a pipeline';
    if (beginsAgain(row))
      return { is, reason: `nothing is at work on it: bin/issues resume ${issueId} begins it again` };
    if (workflowStep !== 'AwaitingProcessing') return { is: 'fine', reason: `it is ${workflowStep}` };
    if (status !== null && pipeline !== GIVE_BACK) return undefined; // its files may be half-way
    return {
      is,
      reason: `nothing is at work on it: ${show}; bin/issues cancel-intake ${issueId} --reason TEXT takes an upload back`,
    };
  }
  if (status === 'failed' && [...REMOVALS, GIVE_BACK].includes(pipeline ?? ''))
    return {
      is: 'being removed',
      reason: `${standing} failed at ${job ?? 'its end'}: bin/issues show ${issueId} says why; mend that, then bin/issues resume ${issueId}`,
    };
  if (status === 'failed') return undefined;
  if (status === 'held') return { is: 'held', reason: `${standing} waits: ${question ?? `at ${job ?? 'a job'}`}` };
  return { is: 'busy', reason: `${standing} is ${status ?? ''} at ${job ?? 'a job'}` };
}

/** All in the workflow, in the order of their keys; or the one. */
async function lookAtIssues(db: Kysely<DB>, issueId?: number): Promise<IssueRow[]> {
  const { rows } = await sql<Omit<IssueRow, 'key'> & { lccn: string; date: string; edition: number }>`
    select i.id as "issueId", t.lccn, i.date, i.edition, i.workflow_step as "workflowStep", i.ignored, b.full_name as batch,
      p.id as "pipelineId", p.name as pipeline, p.status, p.hold_action as question,
      j.type as job, case when p.status <> 'success' or j.status = 'skipped' then j.type end as "stoodAt"
    from newspapers.issues i
      join newspapers.titles t on t.id = i.title_id
      left join newspapers.batches b on b.id = i.batch_id
      left join lateral (
        select * from pipelines p where p.object_type = ${ISSUE_OBJECT} and p.object_id = i.id
        order by p.status in ('success', 'cancelled'), p.id desc limit 1) p on true
      left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
    where not i.ignored ${issueId === undefined ? sql`` : sql`and i.id = ${issueId}`}
    order by t.lccn collate "C", i.date, i.edition, i.id`.execute(db);
  return rows.map(({ lccn, date, edition, ...row }) => ({ ...row, key: formatIssueKey({ lccn, date, edition }) }));
}

type Removed =
  { event: 'removing'; reason: string; pipelineId: number } | { event: 'not dead'; is: Alive; reason: string };

async function remove(trx: Transaction<DB>, row: IssueRow, settings: Settings, actor: string): Promise<Removed> {
  const { issueId, pipelineId } = row;
  if (pipelineId === null) throw new NoSuchIssue(issueId);
  // Nobody resumes or requeues it meanwhile, and of two of us one finds it being removed.
  await sql`select from pipelines where id = ${pipelineId} for update`.execute(trx);
  await sql`select from newspapers.issues where id = ${issueId} for update`.execute(trx);
  const [now] = await lookAtIssues(trx, issueId);
  if (!now) return { event: 'not dead', is: 'fine', reason: 'it has left the workflow at this moment' };
  const alive = whyAlive(now);
  if (alive) return { event: 'not dead', ...alive };
  if (now.pipelineId !== pipelineId)
    return { event: 'not dead', is: 'busy', reason: 'its pipeline was replaced at this moment; run it again' };
  const issue = await findIssueById(trx, issueId);
  if (!issue) throw new NoSuchIssue(issueId);
  if (now.status === 'cancelled' && REMOVALS.includes(now.pipeline ?? '')) return goOn(trx, issueId, pipelineId, actor);
  const failures = await failuresOf(trx, now);
  if (!isOver(now)) await cancelPipeline(trx, pipelineId, { actor, reason: REASON });
  await setIssueColumns(trx, issueId, { workflow_step: 'AwaitingProcessing' });
  const detail = { message: failures.join('\n'), cancelled: pipelineId, step: issue.workflowStep };
  await recordIssueEvent(trx, issueId, { actor, kind: 'declared_dead', detail, pipelineId });
  const [next = 0] = await enqueue(trx, [deleteStuckIssue({ issue, cancelled: pipelineId }, settings)], { actor });
  return { event: 'removing', reason: failures.join('; '), pipelineId: next };
}

/** A removal that was cancelled knows where the files are half-way; another would look for them elsewhere. */
async function goOn(trx: Transaction<DB>, issueId: number, pipelineId: number, actor: string): Promise<Removed> {
  const reason = 'its removal was cancelled: it goes on where it stood';
  await trx.updateTable('pipelines').set({ status: 'pending' }).where('id', '=', pipelineId).execute();
  await recordIssueEvent(trx, issueId, { actor, kind: 'begun_again', pipelineId, detail: { reason } });
  return { event: 'removing', reason, pipelineId };
}

/** Which pipelines of an issue failed, at which jobs, and why, oldest first; and who cancelled the latest. */
async function failuresOf(db: Kysely<DB>, { issueId, pipelineId, pipeline, job, status }: IssueRow): Promise<string[]> {
  const { rows } = await sql<{
    id: number;
    name: string;
    description: string;
    type: string;
    attempt: number;
    error: string | null;
  }>`
    select p.id, p.name, p.description, j.type, j.attempt, coalesce(p.error, j.error) ->> 'message' as error
    from pipelines p join jobs j on j.pipeline_id = p.id
    where p.object_type = ${ISSUE_OBJECT} and p.object_id = ${issueId}
      and (j.status = 'failed' or (p.status = 'failed' and j.sequence = p.next_sequence))
    order by p.id, j.sequence`.execute(db);
  const failures = rows.map(({ id, name, description, type, attempt, error }) => {
    const times = attempt === 1 ? 'once' : `${attempt} times`;
    return `pipeline ${id} (${name}, ${description}): ${type} failed, tried ${times}: ${error ?? 'nobody knows why'}`;
  });
  if (status !== 'cancelled') return failures;
  const by = await db
    .selectFrom('events')
    .select(['actor', sql<string | null>`detail ->> 'reason'`.as('reason')])
    .where('pipeline_id', '=', pipelineId)
    .where('kind', '=', 'cancelled')
    .executeTakeFirst();
  const where = `pipeline ${pipelineId ?? ''} (${pipeline ?? ''}) was cancelled at ${job ?? 'its end'}`;
  return [...failures, `${where}${by ? ` by ${by.actor}: ${by.reason ?? 'nobody knows why'}` : ''}`];
}
