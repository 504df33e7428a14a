/** Other issues of the same title, day and edition (newspapers spec 9, 5.4.3, W31). */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import type { IssueDate } from '../issue-date.js';
import type { Issue } from '../issues.js';
import { parseLccn } from '../lccn.js';
import { isLive } from '../oni/live-index.js';
import { STEP_RANK, type WorkflowStep } from '../workflow-step.js';

export interface Twins {
  /** Further on than the issue, or in the way of its key. */
  inWorkflow: { id: number; workflowStep: WorkflowStep }[];
  /** Where people see it already: the batch, or the address. */
  live: string | undefined;
  /** One in the workflow stands for the key, as does this issue: the database takes one such, unless a reason is given. */
  keyIsTaken: boolean;
}

/** Looks for them under the date and edition that the issue is to have. */
export async function findTwins(
  db: Kysely<DB>,
  issue: Issue,
  { date, edition }: { date: IssueDate; edition: number },
): Promise<Twins> {
  const rows = await db
    .selectFrom('newspapers.issues as i')
    .innerJoin('newspapers.issues as own', 'own.title_id', 'i.title_id')
    .where('own.id', '=', issue.id)
    .where('i.id', '!=', issue.id)
    .where('i.date', '=', date)
    .where('i.edition', '=', edition)
    .where((eb) => eb.or([eb('i.ignored', '=', false), eb('i.workflow_step', '=', 'InProduction')]))
    .select(['i.id', 'i.ignored', 'i.duplicate_reason as duplicateReason'])
    .select(sql<WorkflowStep>`i.workflow_step`.as('workflowStep')) // the check constraint holds exactly these words
    .orderBy('i.id')
    .execute();
  const standsForKey = (twin: { ignored: boolean; duplicateReason: string | null }) =>
    !twin.ignored && twin.duplicateReason === null && issue.duplicateReason === null;
  const inWorkflow = rows.filter(
    (twin) => !twin.ignored && (standsForKey(twin) || STEP_RANK[twin.workflowStep] > STEP_RANK[issue.workflowStep]),
  );
  const published = rows.find(({ workflowStep }) => workflowStep === 'InProduction');
  const seen = published ? undefined : await isLive(db, { lccn: parseLccn(issue.lccn), date, edition });
  const live = published ? `issue ${published.id}` : seen && `batch ${seen.batch}, ${seen.url}`;
  return { inWorkflow, live, keyIsTaken: inWorkflow.some(standsForKey) };
}
