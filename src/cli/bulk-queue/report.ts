/** How `bulk-queue` tells what it did. */
import type { BulkQueueEvent, TitleCount } from '../../newspapers/bulk-queue.js';
import { formatIssueKey } from '../../newspapers/issue-key.js';
import type { Problem } from '../../newspapers/uploads/problem.js';
import type { Upload } from '../../newspapers/uploads/upload.js';
import { visible } from '../table.js';

export interface Summary {
  queued: number;
  /** Would be queued: a dry run. */
  ready: number;
  /** Or being worked on at this moment. */
  alreadyQueued: number;
  /** Taken in before, and it did not come through. */
  intakeFailed: number;
  withProblems: number;
}

/** Counts as it goes. */
export class Tally {
  readonly summary: Summary = { queued: 0, ready: 0, alreadyQueued: 0, intakeFailed: 0, withProblems: 0 };

  add(event: BulkQueueEvent): void {
    if (event.event === 'obstacle') return;
    const { outcome } = event;
    if (outcome.outcome === 'queued') this.summary.queued++;
    else if (outcome.outcome === 'ready') this.summary.ready++;
    else if (outcome.why === 'already queued' || outcome.why === 'busy') this.summary.alreadyQueued++;
    else if (outcome.why === 'intake failed') this.summary.intakeFailed++;
    else this.summary.withProblems++;
  }
}

/** One upload or obstacle, for people. */
export function eventLine(event: BulkQueueEvent): string {
  if (event.event === 'obstacle') return visible(`WARN ${event.obstacle.path}: ${event.obstacle.problem.message}`);
  const { upload, outcome } = event;
  const name = visible(nameOf(upload));
  if (outcome.outcome === 'queued') return `Queued ${name}: issue ${outcome.issue.id}, pipeline ${outcome.pipelineId}`;
  if (outcome.outcome === 'ready') return `Ready ${name}: would be queued`;
  if (outcome.why !== 'problems') {
    const warn = outcome.why === 'already queued' ? '' : 'WARN ';
    return `${warn}Skipping ${name}: ${visible(outcome.message)}`;
  }
  const reasons = outcome.problems.map(problemLine).join('');
  return `WARN Skipping ${name} (${visible(upload.directory)}):${reasons}`;
}

const problemLine = ({ level, message }: Problem): string =>
  `\n  - ${level === 'minor' ? 'warning: ' : ''}${visible(message)}`;

/** One upload or obstacle, for machines. */
export function eventValue(event: BulkQueueEvent): object {
  if (event.event === 'obstacle') return { outcome: 'obstacle', path: event.obstacle.path, ...event.obstacle.problem };
  const { upload, outcome } = event;
  const common = {
    key: upload.key ? formatIssueKey(upload.key) : null,
    directory: upload.directory,
    kind: upload.kind,
  };
  return { ...common, ...outcome };
}

/** What it came to, for people. */
export function report({ summary }: Tally, counts: readonly TitleCount[], searched: boolean): string {
  const { queued, ready, alreadyQueued, intakeFailed, withProblems } = summary;
  const matched = queued + ready + alreadyQueued + intakeFailed + withProblems;
  if (matched > 0) {
    const first = ready > 0 ? `${ready} would be queued` : `${queued} queued`;
    const failed = intakeFailed > 0 ? `${intakeFailed} whose intake failed, ` : '';
    return `${first}, ${alreadyQueued} already queued, ${failed}${withProblems} skipped for problems.`;
  }
  const lines = counts.map(({ lccn, name, issues, withProblems: bad }) => {
    const title = name === null ? 'unknown title' : name;
    return visible(`${lccn} (${title}), ${issues} issue(s) found${bad > 0 ? `, ${bad} with problems` : ''}`);
  });
  if (counts.length === 0) return 'No uploads found.';
  return [...(searched ? ['Nothing found for that key. There are:'] : []), ...lines].join('\n');
}

const nameOf = (upload: Upload): string => (upload.key ? formatIssueKey(upload.key) : upload.directory);
