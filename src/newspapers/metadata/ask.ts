/** How the questions about metadata are asked: what they say, whose desk they are on, what stays when the job only looks again. */
import type { Kysely } from 'kysely';
import type { DB, Json } from '../../database/database.js';
import type { Action } from '../../engine/action.js';
import { hold, type Commit, type JobContext, type Outcome } from '../../engine/job.js';
import { setIssueColumns, type Issue } from '../issues.js';
import type { WorkflowStep } from '../workflow-step.js';
import type { MetadataProblem } from './check-metadata.js';
import type { MetadataFields } from './fields.js';

/** What every question about metadata is asked with. */
export interface QuestionArgs {
  issueId: number;
  /** Why it is asked: what a reviewer, or somebody who found an error, said. */
  note?: string | undefined;
  /** Whose desk it is on at first. */
  assignee?: string | undefined;
}

export type QuestionContext = JobContext<QuestionArgs>;

/** A question as one of the jobs asks it. */
export interface Question {
  action: Action;
  role: string;
  /** Where the issue stands while it is asked. */
  step: WorkflowStep;
  issue: Issue;
  message: string;
  metadata: MetadataFields;
  assignee?: string | undefined;
  /** What is kept with the question, e.g. a draft. */
  keep?: Commit;
}

export function ask(question: Question): Outcome {
  const { action, role, step, issue, message, assignee, keep } = question;
  return hold({
    kind: 'person',
    action: action.name,
    role,
    message,
    payload: { directory: issue.location, metadata: toJson(question.metadata) },
    ...(assignee !== undefined && { assignee }),
    commit: async (trx) => {
      await setIssueColumns(trx, issue.id, { workflow_step: step });
      await keep?.(trx);
    },
  });
}

const toJson = (metadata: MetadataFields): Json => ({ ...metadata });

/**
 * What a question says that nobody has answered: what it said before, when its job only looks again (somebody woke it);
 * else what it is about, and why.
 */
export async function openingOf(
  { db, pipelineId, args }: QuestionContext,
  action: Action,
  about: string,
): Promise<string> {
  const open = await openQuestion(db, pipelineId);
  if (open?.action === action.name && open.message !== null) return open.message;
  return args.note === undefined ? about : `${about}: ${args.note}`;
}

const openQuestion = (db: Kysely<DB>, pipelineId: number) =>
  db
    .selectFrom('pipelines')
    .select(['hold_action as action', 'hold_message as message'])
    .where('id', '=', pipelineId)
    .executeTakeFirst();

/** All that is wrong, field by field, on one line. */
export const tellProblems = (problems: readonly MetadataProblem[]): string =>
  problems.map(({ field, message }) => `${field}: ${message}`).join('; ');

/** An answer that psql took unchecked: the question is asked again. */
export const noAnswer = (verb: string, { verbs }: Action): string =>
  `${verb} is no answer here, or its parameters are not right: decide ${Object.keys(verbs).join(', ')}`;
