/** How `queue-batches` tells what it did. */
import type { QueueBatchesEvent } from '../../newspapers/batches/queue-batches.js';
import { visible } from '../table.js';

export interface Summary {
  /** Made, or in a dry run to be made. */
  batches: number;
  failed: number;
  issues: number;
  pages: number;
  embargoed: number;
  /** Issues of organisations that have too few. */
  tooSmall: number;
  rejected: number;
}

/** Counts as it goes. */
export class Tally {
  readonly summary: Summary = { batches: 0, failed: 0, issues: 0, pages: 0, embargoed: 0, tooSmall: 0, rejected: 0 };

  add(event: QueueBatchesEvent): void {
    if (event.event === 'embargoed') this.summary.embargoed++;
    else if (event.event === 'rejected') this.summary.rejected++;
    else if (event.event === 'too small') this.summary.tooSmall += event.issues.length;
    else if (event.event === 'failed') this.summary.failed++;
    else {
      this.summary.batches++;
      this.summary.issues += event.issues.length;
      this.summary.pages += event.pages;
    }
  }
}

/** One line about a part, for people. */
export function eventLine(event: QueueBatchesEvent): string {
  const { org } = event;
  switch (event.event) {
    case 'bin':
      return visible(`Would make a batch of ${org}: ${size(event)}, ${span(event.issues)}`);
    case 'batch':
      return visible(
        `Made ${event.batch.fullName}: ${size(event)}, ${span(event.issues)}; pipeline ${event.pipelineId}`,
      );
    case 'failed':
      return visible(`FAILED to make a batch of ${org}, ${size(event)}, ${span(event.issues)}: ${event.reason}`);
    case 'too small':
      return visible(
        `Too small: ${org} has ${size(event)}; the oldest of them waits for ${days(event.staleDays)} (30 make a batch of any size)`,
      );
    case 'embargoed':
      return visible(`Embargoed ${event.issue.key} (${org}): until ${event.issue.until.toISOString().slice(0, 10)}`);
    case 'rejected':
      return visible(`WARN Rejected ${event.issue.key} (${org}): ${event.issue.reason}`);
  }
}

/** One part, for machines. */
export function eventValue(event: QueueBatchesEvent): object {
  if (event.event === 'batch') {
    const { batch, ...rest } = event;
    return { ...rest, batch: batch.fullName, batchId: batch.id };
  }
  return event;
}

/** What it came to, for people. */
export function report(
  { batches, failed, issues, pages, embargoed, tooSmall, rejected }: Summary,
  dryRun: boolean,
): string {
  if (batches + failed + embargoed + tooSmall + rejected === 0) return 'No issue is ready for batching.';
  const made = dryRun
    ? `${number(batches, 'batch', 'batches')} would be made`
    : `${number(batches, 'batch', 'batches')} made`;
  const left = [
    ...(failed > 0 ? [`${number(failed, 'batch', 'batches')} failed`] : []),
    `${embargoed} embargoed`,
    `${tooSmall} too few`,
    `${rejected} rejected`,
  ];
  return `${made} of ${size({ issues: { length: issues }, pages })}; ${left.join(', ')}.`;
}

const number = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
const days = (count: number) => number(count, 'day', 'days');
const size = ({ issues, pages }: { issues: { length: number }; pages: number }) =>
  `${number(issues.length, 'issue', 'issues')} with ${number(pages, 'page', 'pages')}`;

/** The first and the last of them, by key. */
function span(issues: readonly { key: string }[]): string {
  const keys = issues.map(({ key }) => key).sort();
  const [first = '', last = ''] = [keys[0], keys.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}
