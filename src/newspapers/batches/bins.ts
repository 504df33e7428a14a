/** Which ready issues go into which batch: pure rules over what the database says (newspapers spec 7.1, 11.3 "Batching"). */
import { InvalidEmbargo, liftDate, parseEmbargo, type EmbargoPeriod } from '../embargo.js';
import type { IssueDate } from '../issue-date.js';
import { isOrgForOni } from './batch-name.js';

/** Issues that have waited so many days make a batch of whatever size. */
export const STALE_DAYS = 30;

/** An issue that is ready for batching, with what decides about it. */
export interface Candidate {
  id: number;
  key: string;
  date: IssueDate;
  pages: number;
  /** Null: nobody knows that title. */
  title: { isValidated: boolean; embargo: string | null } | null;
  /** When its metadata was approved. */
  approvedAt: Date;
  location: string | null;
  /** The sums of its files are in the database. */
  isRecorded: boolean;
  hasMets: boolean;
  /** A batch under way that has another issue of this key. */
  elsewhere: string | null;
}

export interface ReadyIssue {
  id: number;
  key: string;
  pages: number;
  /** Whole days that it could have been in a batch, and was not. */
  staleDays: number;
}

export interface EmbargoedIssue {
  id: number;
  key: string;
  pages: number;
  /** From then on it may be published. */
  until: Date;
}

export interface RejectedIssue {
  id: number;
  key: string;
  /** What is wrong, and what mends it. */
  reason: string;
}

export interface Sorted {
  ready: ReadyIssue[];
  embargoed: EmbargoedIssue[];
  rejected: RejectedIssue[];
}

/** The issues of one batch to be. */
export interface Bin {
  issues: ReadyIssue[];
  pages: number;
}

/** Too few pages for a batch, and none of them waits for long. */
export interface TooSmall extends Bin {
  /** Of the issue that waits longest. */
  staleDays: number;
}

/**
 * Sorts the issues of one organisation by whether they can be published; each that cannot says why (W30). Of two issues
 * of one key the second is rejected.
 */
export function sortCandidates(orgCode: string, candidates: readonly Candidate[], now: Date): Sorted {
  const sorted: Sorted = { ready: [], embargoed: [], rejected: [] };
  const seen = new Map<string, number>();
  for (const candidate of candidates) {
    const { id, key, pages } = candidate;
    const embargo = embargoOf(candidate);
    const reason = typeof embargo === 'string' ? embargo : whatKeepsOut(orgCode, candidate, seen.get(key));
    if (reason !== undefined || typeof embargo === 'string') {
      sorted.rejected.push({ id, key, reason: reason ?? '' });
      continue;
    }
    seen.set(key, id);
    const lifted = liftDate(candidate.date, embargo);
    if (lifted && lifted > now) sorted.embargoed.push({ id, key, pages, until: lifted });
    else sorted.ready.push({ id, key, pages, staleDays: staleDays(candidate.approvedAt, lifted, now) });
  }
  return sorted;
}

/** The embargo of an issue's title, or why it cannot be told. */
function embargoOf({ key, title }: Candidate): EmbargoPeriod | string {
  if (!title) return `its title is unknown: add it with "bin/titles add --marc FILE"`;
  try {
    return parseEmbargo(title.embargo ?? '');
  } catch (error) {
    if (!(error instanceof InvalidEmbargo)) throw error;
    return `the embargo of its title: ${error.message}; set it with "bin/titles set ${lccnOf(key)} --embargo"`;
  }
}

function whatKeepsOut(orgCode: string, issue: Candidate, twin: number | undefined): string | undefined {
  const { id, key, title, pages, location, isRecorded, hasMets, elsewhere } = issue;
  if (!isOrgForOni(orgCode))
    return `Open ONI cannot read the organisation code ${JSON.stringify(orgCode)} in a batch's name: only letters and digits may be in it; add the organisation under the code that Open ONI has ("bin/orgs add"), and bring the issue in under that`;
  if (title?.isValidated !== true)
    return `its title is not validated: Open ONI needs its MARC record, with place; "bin/titles add --marc FILE" brings it`;
  if (location === null)
    return `it has no location: nobody knows where its files are; "bin/issues show ${id}" tells what happened: its upload must come in anew`;
  if (pages === 0) return `it has no pages; "bin/issues show ${id}" tells more`;
  if (!isRecorded)
    return `the sums of its files are not recorded: look at them, then "bin/issues verify ${key} --accept REASON"`;
  if (!hasMets) return `it has no METS: it was never finalized here; ${toManagers(key)}`;
  if (elsewhere !== null) return `another issue of this key is in ${elsewhere} already, which is under way`;
  if (twin !== undefined) return `issue ${twin} has the same key: let that go live first; or ${toManagers(String(id))}`;
  return undefined;
}

const toManagers = (issue: string): string =>
  `have the issue managers asked about it: set its workflow_step to UnfixableMetadataError (psql), then "bin/issues resume ${issue}"`;

const lccnOf = (key: string): string => key.split('/')[0] ?? key;

const DAY_MS = 86_400_000;

/** Days since it was both approved and free. */
function staleDays(approvedAt: Date, lifted: Date | undefined, now: Date): number {
  const since = Math.max(approvedAt.getTime(), lifted?.getTime() ?? -Infinity);
  return Math.max(0, Math.floor((now.getTime() - since) / DAY_MS));
}

/**
 * The batches to be made of one organisation's ready issues.
 *
 * @param sizes in pages; `max` may be exceeded a little, as the bins are even and issues are never split
 */
export function planBins(
  ready: readonly ReadyIssue[],
  { min, max }: { min: number; max: number },
): { bins: Bin[] } | { tooSmall: TooSmall } | undefined {
  if (ready.length === 0) return undefined;
  const pages = pagesOf(ready);
  const stale = Math.max(...ready.map((issue) => issue.staleDays));
  if (pages < min && stale < STALE_DAYS) return { tooSmall: { issues: [...ready], pages, staleDays: stale } };
  return { bins: splitIntoBins(ready, max) };
}

/** Spreads issues evenly over as few bins as hold them: the largest first, each into the smallest bin. */
export function splitIntoBins(issues: readonly ReadyIssue[], max: number): Bin[] {
  const bins: Bin[] = Array.from({ length: Math.ceil(pagesOf(issues) / max) }, () => ({ issues: [], pages: 0 }));
  for (const issue of [...issues].sort((a, b) => b.pages - a.pages)) {
    const smallest = bins.reduce((least, bin) => (bin.pages < least.pages ? bin : least));
    smallest.issues.push(issue);
    smallest.pages += issue.pages;
  }
  return bins.filter((bin) => bin.issues.length > 0);
}

const pagesOf = (issues: readonly { pages: number }[]): number => issues.reduce((sum, issue) => sum + issue.pages, 0);
