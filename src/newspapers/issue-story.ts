/** Everything there is to tell of one issue: its pages, its pipelines, what it waits for, what happened to it. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { DB } from '../database/database.js';
import { listIssueEvents, type IssueEvent } from './issue-events.js';
import { findIssueById, ISSUE_OBJECT, NoSuchIssue, type Issue } from './issues.js';
import { listPages, type Page } from './pages.js';

export interface IssuePipeline {
  id: number;
  name: string;
  status: string;
  createdAt: Date;
  completedAt: Date | null;
  jobsDone: number;
  jobs: number;
  /** Type of the job it stands at; null once closed. */
  job: string | null;
}

/** What an issue waits for a person to say. */
export interface Question {
  pipelineId: number;
  action: string;
  role: string | null;
  message: string | null;
  since: Date | null;
  dueAt: Date | null;
}

export interface IssueStory {
  issue: Issue;
  pages: Page[];
  /** Oldest first. */
  pipelines: IssuePipeline[];
  question: Question | null;
  /** Oldest first. */
  events: IssueEvent[];
}

/** @throws NoSuchIssue */
export async function tellIssue(db: Kysely<DB>, id: number): Promise<IssueStory> {
  const issue = await findIssueById(db, id);
  if (!issue) throw new NoSuchIssue(id);
  const [pages, pipelines, question, events] = await Promise.all([
    listPages(db, id),
    pipelinesOf(db, id),
    questionOf(db, id),
    listIssueEvents(db, id),
  ]);
  return { issue, pages, pipelines, question: question ?? null, events };
}

async function pipelinesOf(db: Kysely<DB>, issueId: number): Promise<IssuePipeline[]> {
  const jobsOf = (which: RawBuilder<boolean>) =>
    sql<number>`(select count(*) from jobs j where j.pipeline_id = p.id and ${which})`;
  return db
    .selectFrom('pipelines as p')
    .where('p.object_type', '=', ISSUE_OBJECT)
    .where('p.object_id', '=', issueId)
    .select(['p.id', 'p.name', 'p.status', 'p.created_at as createdAt', 'p.completed_at as completedAt'])
    .select([
      jobsOf(sql<boolean>`j.status in ('success', 'skipped')`).as('jobsDone'),
      jobsOf(sql<boolean>`true`).as('jobs'),
    ])
    .select(
      sql<
        string | null
      >`(select j.type from jobs j where j.pipeline_id = p.id and j.sequence = p.next_sequence and p.completed_at is null)`.as(
        'job',
      ),
    )
    .orderBy('p.id')
    .execute();
}

async function questionOf(db: Kysely<DB>, issueId: number): Promise<Question | undefined> {
  return db
    .selectFrom('pipelines as p')
    .where('p.object_type', '=', ISSUE_OBJECT)
    .where('p.object_id', '=', issueId)
    .where('p.status', '=', 'held')
    .where('p.hold_action', 'is not', null)
    .select([
      'p.id as pipelineId',
      'p.hold_role as role',
      'p.hold_message as message',
      'p.held_at as since',
      'p.due_at as dueAt',
    ])
    .select(sql<string>`p.hold_action`.as('action'))
    .executeTakeFirst();
}
