/** Everything there is to tell of one batch. */
import { sql, type Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { isThere } from '../../files/existing.js';
import type { Settings } from '../../settings.js';
import { listPipelines, questionOf, type ObjectPipeline, type Question } from '../object-story.js';
import { listBatchEvents, type BatchEvent } from './batch-events.js';
import { listBatches, type ListedBatch } from './batch-list.js';
import { batchLinks, type BatchLinks } from './batch-links.js';
import { batchPlaces } from './batch-places.js';
import { batchObject, listBatchIssues, type Batch } from './batches.js';
import { listFlagged } from './flagged-issues.js';

export interface BatchIssue {
  id: number;
  key: string;
  titleName: string;
  workflowStep: string;
  pages: number;
  /** What quality control says is wrong with it. */
  flagged: { reason: string; by: string } | null;
}

export interface BatchStory {
  batch: Batch;
  /** As a list tells it: by what is to be done about it, and what its open pipeline does or asks. */
  listed: ListedBatch | null;
  issues: BatchIssue[];
  pages: number;
  /** Directories that are there. */
  places: { what: 'full batch' | 'live copy' | 'archive' | 'being built'; directory: string }[];
  links: BatchLinks;
  /** Oldest first. */
  pipelines: ObjectPipeline[];
  question: Question | null;
  /** Oldest first. */
  events: BatchEvent[];
}

export async function tellBatch(db: Kysely<DB>, batch: Batch, settings: Settings): Promise<BatchStory> {
  const object = batchObject(batch.id);
  const [{ batches }, issues, pipelines, question, events, places] = await Promise.all([
    listBatches(db, { id: batch.id, limit: 1 }),
    issuesOf(db, batch.id),
    listPipelines(db, object),
    questionOf(db, object),
    listBatchEvents(db, batch.id),
    placesOf(batch, settings),
  ]);
  const pages = issues.reduce((sum, issue) => sum + issue.pages, 0);
  const links = batchLinks(batch.fullName, settings);
  const listed = batches[0] ?? null;
  return { batch, listed, issues, pages, places, links, pipelines, question: question ?? null, events };
}

async function issuesOf(db: Kysely<DB>, batchId: number): Promise<BatchIssue[]> {
  const issues = await listBatchIssues(db, batchId);
  const flags = new Map((await listFlagged(db, batchId)).map((flag) => [flag.issueId, flag]));
  const { rows } = await sql<{ id: number; pages: number }>`
    select issue_id as id, count(*) as pages from newspapers.pages where issue_id = any(${issues.map(({ id }) => id)}) group by 1`.execute(
    db,
  );
  const pages = new Map(rows.map((row) => [row.id, row.pages]));
  return issues.map(({ id, key, titleName, workflowStep }) => {
    const flag = flags.get(id);
    const flagged = flag ? { reason: flag.reason, by: flag.flaggedBy } : null;
    return { id, key, titleName, workflowStep, pages: pages.get(id) ?? 0, flagged };
  });
}

async function placesOf({ fullName, location }: Batch, settings: Settings): Promise<BatchStory['places']> {
  const { building, output, live, livePart, archive } = batchPlaces(fullName, settings);
  const places: BatchStory['places'] = [...new Set([location ?? output, output])].map((directory) => ({
    what: 'full batch',
    directory,
  }));
  places.push({ what: 'live copy', directory: live }, { what: 'archive', directory: archive });
  for (const directory of [building, livePart]) places.push({ what: 'being built', directory });
  const there = await Promise.all(places.map(({ directory }) => isThere(directory).catch(() => false)));
  return places.filter((_place, index) => there[index]);
}
