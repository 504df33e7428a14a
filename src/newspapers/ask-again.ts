/** Beginning again what was cancelled, with what was known of it: its note, whose desk it was on, an answer that was not taken yet. */
import { sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { DB } from '../database/database.js';
import type { Action } from '../engine/action.js';
import type { Act } from '../engine/operator.js';
import type { PipelinePlan } from '../engine/pipeline.js';
import { Refused } from '../engine/refused.js';
import { metadataDraft, metadataEntry, metadataReview, unfixableMetadata } from './actions/metadata.js';
import type { Again } from './begins-again.js';
import { messageOf } from './event-words.js';
import { recordIssueEvent } from './issue-events.js';
import type { Issue } from './issues.js';
import { readyForBatching, type ReadyStep } from './jobs/ready-for-batching.js';
import { deskOf } from './metadata/desk.js';
import { givenOf } from './metadata/fields.js';
import { readMetadata, saveDraft } from './metadata/metadata.js';
import { finalizeIssue } from './pipelines/finalize-issue.js';
import { enterMetadata, mendUnfixable, reviewMetadata } from './pipelines/metadata.js';
import { reviewPages } from './pipelines/review-pages.js';

/**
 * The pipeline that begins again. What somebody had typed when the metadata was asked for becomes the draft.
 *
 * @param stopped the pipeline that was cancelled; null: there was none
 * @throws Refused when the issue has no files to go on with
 */
export async function planAgain(
  trx: Transaction<DB>,
  again: Again,
  issue: Issue,
  stopped: number | null,
  { actor, reason }: Act,
): Promise<PipelinePlan> {
  if (issue.location === null)
    throw new Refused('conflict', `issue ${issue.key} has no files to go on with`, `bin/issues show ${issue.id}`);
  const left = stopped === null ? undefined : await leftBy(trx, stopped);
  const note = [left?.note, left?.answer && tellAnswer(left.answer)].filter(Boolean).join('; ');
  const asked = async (action: Action, ownWorkOf?: string | null) => ({
    ...(note !== '' && { note }),
    ...(await deskOf(trx, left?.desk ?? null, action, ownWorkOf)),
  });
  switch (again) {
    case 'ReviewPages':
      return reviewPages(issue, issue.workflowStep === 'UnfixableMetadataError' ? left?.message : undefined);
    case 'EnterMetadata':
      if (left?.answer) await keepAsDraft(trx, issue, left.answer);
      return enterMetadata(issue, await asked(metadataEntry));
    case 'ReviewMetadata':
      return reviewMetadata(issue, await asked(metadataReview, (await readMetadata(trx, issue.id)).enteredBy));
    case 'MendUnfixable': {
      const by = `asked again by ${actor}: ${reason}`;
      const { assignee } = await asked(unfixableMetadata);
      return mendUnfixable(issue, note === '' ? by : `${note} (${by})`, { assignee });
    }
    case 'FinalizeIssue':
      return finalizeIssue(issue, stopped === null ? undefined : await stepThen(trx, stopped));
  }
}

/** Where the issue was to be when the stopped pipeline had ended. */
async function stepThen(trx: Transaction<DB>, stopped: number): Promise<ReadyStep | undefined> {
  const { rows } = await sql<{ step: ReadyStep | null }>`
    select args ->> 'step' as step from jobs where pipeline_id = ${stopped} and type = ${readyForBatching.definition.type}`.execute(
    trx,
  );
  return rows[0]?.step ?? undefined;
}

interface Left {
  note: string | undefined;
  /** Whose desk it was on, or was to come to. */
  desk: string | undefined;
  /** What the question said. */
  message: string | undefined;
  answer: Unseen | undefined;
}

/** An answer that its job has not taken. */
interface Unseen {
  actor: string;
  verb: string;
  params: Record<string, unknown>;
  comment: string | null;
}

const questionArgs = z.object({ note: z.string().optional(), assignee: z.string().optional() });

async function leftBy(trx: Transaction<DB>, pipelineId: number): Promise<Left> {
  const { rows } = await sql<{
    args: unknown;
    message: string | null;
    claimedBy: string | null;
    answer: Unseen | null;
  }>`
    select j.args, p.hold_message as message, case when claim_counts(p) then p.assignee end as "claimedBy", to_jsonb(d) as answer
    from pipelines p
      left join jobs j on j.pipeline_id = p.id and j.sequence = p.next_sequence
      left join decisions d on d.pipeline_id = p.id and d.hold_rev = p.decision_rev
    where p.id = ${pipelineId}`.execute(trx);
  const { args, message, claimedBy, answer } = rows[0] ?? { args: null, message: null, claimedBy: null, answer: null };
  const { data: given } = questionArgs.safeParse(args);
  return {
    note: given?.note,
    desk: answer?.actor ?? claimedBy ?? given?.assignee,
    message: message ?? undefined,
    answer: answer ?? undefined,
  };
}

function tellAnswer({ actor, verb, params, comment }: Unseen): string {
  const { notes, error } = params;
  const said = messageOf({ kind: 'decided', detail: { notes, error, comment } });
  return `${actor} had answered ${verb}${said === '' ? '' : ` (${said})`}, which was cancelled`;
}

async function keepAsDraft(trx: Transaction<DB>, issue: Issue, { actor, params }: Unseen): Promise<void> {
  const given = givenOf(metadataDraft.safeParse(params).data ?? {});
  const fields = Object.keys(given);
  if (fields.length === 0) return;
  await saveDraft(trx, issue.id, given);
  await recordIssueEvent(trx, issue.id, { actor, kind: 'metadata_saved', detail: { fields } });
}
