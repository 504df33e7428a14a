/** Everything there is to tell of one issue: its pages, its pipelines, what it waits for, what happened to it. */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import type { ObjectEvent } from './events.js';
import { listIssueEvents } from './issue-events.js';
import { findIssueById, issueObject, NoSuchIssue, type Issue } from './issues.js';
import { needsOf } from './issue-needs.js';
import { readMetadata, type IssueMetadata } from './metadata/metadata.js';
import { listPipelines, questionOf, type ObjectPipeline, type Question } from './object-story.js';
import { listPages, type Page } from './pages.js';

export interface IssueStory {
  issue: Issue;
  pages: Page[];
  metadata: IssueMetadata;
  /** Oldest first. */
  pipelines: ObjectPipeline[];
  question: Question | null;
  /** What a person must do where it asks nothing, with the command: its pipeline failed, or was stopped. */
  needs: string | null;
  /** Oldest first. */
  events: ObjectEvent[];
}

/** @throws NoSuchIssue */
export async function tellIssue(db: Kysely<DB>, id: number): Promise<IssueStory> {
  const issue = await findIssueById(db, id);
  if (!issue) throw new NoSuchIssue(id);
  const [pages, metadata, pipelines, question, needs, events] = await Promise.all([
    listPages(db, id),
    readMetadata(db, id),
    listPipelines(db, issueObject(id)),
    questionOf(db, issueObject(id)),
    needsOf(db, [id]),
    listIssueEvents(db, id),
  ]);
  return { issue, pages, metadata, pipelines, question: question ?? null, needs: needs.get(id) ?? null, events };
}
