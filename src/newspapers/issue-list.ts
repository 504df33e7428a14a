/** Lists of issues, for people. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { needsOf } from './issue-needs.js';
import { searchDates, type SearchKey } from './issue-key.js';
import { ISSUE_OBJECT, selectIssues, withKey, type Issue } from './issues.js';
import type { IssueKind, WorkflowStep } from './workflow-step.js';

export interface IssueFilter {
  search?: SearchKey;
  step?: WorkflowStep;
  kind?: IssueKind;
  /** Also those that left the workflow: live, or removed. Without it they are hidden (newspapers spec 11.3, queries). */
  withIgnored?: boolean;
  limit: number;
}

/** An issue in a list, with what its open pipeline does or asks. */
export type ListedIssue = Issue & {
  pages: number;
  pipelineId: number | null;
  pipeline: string | null;
  pipelineStatus: string | null;
  /** The open question, e.g. "page_review". */
  question: string | null;
  /** What a person must do where it asks nothing, with the command: its pipeline failed, or was stopped. */
  needs: string | null;
};

/** The first `limit` of the issues that a filter names, by title, date and edition; and how many there are. */
export async function listIssues(
  db: Kysely<DB>,
  filter: IssueFilter,
): Promise<{ issues: ListedIssue[]; total: number }> {
  const { search, step, kind } = filter;
  const dates = search && searchDates(search);
  const matching = selectIssues(db)
    .$if(!filter.withIgnored, (query) => query.where('i.ignored', '=', false))
    .$if(step !== undefined, (query) => query.where('i.workflow_step', '=', step ?? ''))
    .$if(kind !== undefined, (query) => query.where('i.kind', '=', kind ?? ''))
    .$if(search !== undefined, (query) => query.where('t.lccn', '=', search?.lccn ?? ''))
    .$if(dates !== undefined, (query) =>
      query.where('i.date', '>=', dates?.from ?? '').where('i.date', '<=', dates?.to ?? ''),
    )
    .$if(search?.edition !== undefined, (query) => query.where('i.edition', '=', search?.edition ?? 0));
  const { total } = await matching
    .clearSelect()
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await matching
    .leftJoin('pipelines as p', (join) =>
      join
        .onRef('p.object_id', '=', 'i.id')
        .on('p.object_type', '=', ISSUE_OBJECT)
        .on('p.status', 'not in', ['success', 'cancelled']),
    )
    .select(sql<number>`(select count(*) from newspapers.pages page where page.issue_id = i.id)`.as('pages'))
    .select(['p.id as pipelineId', 'p.name as pipeline', 'p.status as pipelineStatus', 'p.hold_action as question'])
    .orderBy('t.lccn')
    .orderBy('i.date')
    .orderBy('i.edition')
    .orderBy('i.id')
    .limit(filter.limit)
    .execute();
  const stopped = rows.filter(({ pipelineStatus }) => pipelineStatus === null || pipelineStatus === 'failed');
  const needs = await needsOf(
    db,
    stopped.map(({ id }) => id),
  );
  return { issues: rows.map((row) => ({ ...withKey(row), needs: needs.get(row.id) ?? null })), total };
}
