/** Queueing many uploads at once (newspapers spec 7.2): for trusted uploads. */
import type { Kysely } from 'kysely';
import type { Locks } from '../coordination/locks.js';
import type { DB } from '../database/database.js';
import type { Settings } from '../settings.js';
import { formatIssueKey, keyMatches, type SearchKey } from './issue-key.js';
import { queueUpload, type QueueOutcome } from './queue-upload.js';
import type { UploadClock } from './uploads/clock.js';
import { findUploads } from './uploads/find-uploads.js';
import { judge, type Judged } from './uploads/judge.js';
import { faultsTitle, isMajor, type Problem } from './uploads/problem.js';
import type { Finding, Obstacle, Upload } from './uploads/upload.js';
import { duplicateOf } from './uploads/validate.js';
import type { IssueKind } from './workflow-step.js';

export interface BulkQueueOptions {
  kind: IssueKind;
  /** Only these issues. Without it nothing is queued, only counted. */
  search: SearchKey | undefined;
  /** Say what would be queued, queue nothing. It does start the clock of an upload that nobody saw before. */
  dryRun: boolean;
  /** Queue also what may be too new (row 16). */
  allowNew?: boolean;
  /** Queue duplicates too, and keep why (W31). */
  duplicateReason?: string | undefined;
  actor: string;
  clock: UploadClock;
  locks?: Locks;
  now: () => Date;
  signal?: AbortSignal;
}

/** How many uploads lie in a title's directories. */
export interface TitleCount {
  /** Of an unknown title: its directory's name. */
  lccn: string;
  name: string | null;
  issues: number;
  /** Of them, those whose names and places show that they cannot be queued as they are. */
  withProblems: number;
}

export type BulkQueueEvent =
  { event: 'upload'; upload: Upload; outcome: QueueOutcome } | { event: 'obstacle'; obstacle: Obstacle };

/**
 * Scans one upload area and queues what a search key names, each issue in a transaction of its own; tells of each as it
 * goes. Any error and any warning keeps an upload out, unless the options say otherwise. A dry run judges by the very
 * same rules, so that what it promises is what is queued. What an error interrupts can be run again: what is queued is
 * skipped.
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
  const taken = new Map<string, string>();
  const { kind, search, actor, dryRun, duplicateReason, clock, locks, now, signal } = options;
  const queueing = {
    actor,
    dryRun,
    duplicateReason,
    keepsOut: (problem: Problem) => keepsOut(problem, options),
    ...(locks && { locks }),
  };
  const look = { settings, clock, now, ...(signal && { signal }) };
  const wanted = counting(findUploads(db, kind, settings), counts, search);
  for await (const found of judge(db, wanted, look, 'full')) {
    if (found.found === 'obstacle') {
      yield { event: 'obstacle', obstacle: found };
      continue;
    }
    const judged = asSecond(found, taken);
    const outcome = await queueUpload(db, judged, settings, queueing);
    if (judged.upload.key && (outcome.outcome === 'queued' || outcome.outcome === 'ready'))
      taken.set(formatIssueKey(judged.upload.key), judged.upload.directory);
    yield { event: 'upload', upload: judged.upload, outcome };
  }
  return [...counts.values()].sort((a, b) => (a.lccn < b.lccn ? -1 : 1));
}

/** A warning may be passed over when the options say so; row 17 is no matter of warnings here, but of the reason given. */
function keepsOut(problem: Problem, { allowNew, duplicateReason }: BulkQueueOptions): boolean {
  if (isMajor(problem)) return true;
  if (problem.rule === 'duplicate') return duplicateReason === undefined;
  return !(problem.rule === 'may be too new' && allowNew);
}

/** Of two directories of one issue the first is taken, and the second is its duplicate from then on. */
function asSecond(judged: Judged, taken: ReadonlyMap<string, string>): Judged {
  const { upload, problems } = judged;
  const first = upload.key && taken.get(formatIssueKey(upload.key));
  if (first === undefined || judged.twin || judged.intake) return judged;
  return { ...judged, problems: [...problems, duplicateOf(`the upload ${first}`, upload)] };
}

/** Counts everything and hands on what is wanted. */
async function* counting(
  findings: AsyncIterable<Finding>,
  counts: Map<string, TitleCount>,
  search: SearchKey | undefined,
): AsyncGenerator<Finding> {
  for await (const finding of findings) {
    if (finding.found === 'upload') count(counts, finding);
    if (finding.found === 'obstacle' || (search && isWanted(search, finding))) yield finding;
  }
}

/** An upload whose date cannot be read is meant by the key of its whole title: or nobody would be told what is wrong with it. */
function isWanted(search: SearchKey, { key, title, titleDirectory }: Upload): boolean {
  return key ? keyMatches(search, key) : search.year === undefined && search.lccn === (title?.lccn ?? titleDirectory);
}

function count(counts: Map<string, TitleCount>, { title, titleDirectory, problems }: Upload): void {
  const lccn = title?.lccn ?? titleDirectory;
  const so = counts.get(lccn) ?? { lccn, name: title?.name ?? null, issues: 0, withProblems: 0 };
  so.issues++;
  if (faultsTitle(problems)) so.withProblems++;
  counts.set(lccn, so);
}
