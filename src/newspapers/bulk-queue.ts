/** Queueing many uploads at once (newspapers spec 7.2): for trusted uploads. */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import type { Settings } from '../settings.js';
import { keyMatches, type SearchKey } from './issue-key.js';
import { queueUpload, type QueueOutcome } from './queue-upload.js';
import { findUploads } from './uploads/find-uploads.js';
import type { Obstacle, Upload } from './uploads/upload.js';
import type { IssueKind } from './workflow-step.js';

export interface BulkQueueOptions {
  kind: IssueKind;
  /** Only these issues. Without it nothing is queued, only counted. */
  search: SearchKey | undefined;
  /** Say what would be queued, change nothing. */
  dryRun: boolean;
  actor: string;
  now: () => Date;
}

/** How many uploads lie in a title's directories. */
export interface TitleCount {
  /** Of an unknown title: its directory's name. */
  lccn: string;
  name: string | null;
  issues: number;
  /** Of them, those that cannot be queued as they are. */
  withProblems: number;
}

export type BulkQueueEvent =
  { event: 'upload'; upload: Upload; outcome: QueueOutcome } | { event: 'obstacle'; obstacle: Obstacle };

/**
 * Scans one upload area and queues what a search key names, each issue in a transaction of its own; tells of each as it
 * goes. What an error interrupts can be run again: what is queued is skipped.
 *
 * @returns the counts per title of all that was found, whatever the search key
 * @throws UploadAreaMissing
 */
export async function* bulkQueue(
  db: Kysely<DB>,
  settings: Settings,
  options: BulkQueueOptions,
): AsyncGenerator<BulkQueueEvent, TitleCount[]> {
  const counts = new Map<string, TitleCount>();
  for await (const finding of findUploads(db, options.kind, settings)) {
    if (finding.found === 'obstacle') {
      yield { event: 'obstacle', obstacle: finding };
      continue;
    }
    count(counts, finding);
    if (options.search && isWanted(options.search, finding)) {
      yield { event: 'upload', upload: finding, outcome: await queueUpload(db, finding, settings, options) };
    }
  }
  return [...counts.values()].sort((a, b) => (a.lccn < b.lccn ? -1 : 1));
}

/** An upload whose date cannot be read is meant by the key of its whole title: or nobody would be told what is wrong with it. */
function isWanted(search: SearchKey, { key, title, titleDirectory }: Upload): boolean {
  return key ? keyMatches(search, key) : search.year === undefined && search.lccn === (title?.lccn ?? titleDirectory);
}

function count(counts: Map<string, TitleCount>, { title, titleDirectory, problems }: Upload): void {
  const lccn = title?.lccn ?? titleDirectory;
  const so = counts.get(lccn) ?? { lccn, name: title?.name ?? null, issues: 0, withProblems: 0 };
  so.issues++;
  if (problems.length > 0) so.withProblems++;
  counts.set(lccn, so);
}
