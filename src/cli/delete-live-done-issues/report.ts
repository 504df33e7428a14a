/** How `delete-live-done-issues` tells what it did. */
import type { DeleteLiveDoneEvent } from '../../newspapers/delete-live-done-issues.js';
import { visible } from '../table.js';

export interface Summary {
  /** Closed, or to be. */
  batches: number;
  /** Of which the files are deleted, or to be. */
  issues: number;
  bytes: number;
  /** Batches and issues that stay as they are. */
  skipped: number;
  /** Of all batches that are told of. */
  names: string[];
}

export class Tally {
  readonly summary: Summary = { batches: 0, issues: 0, bytes: 0, skipped: 0, names: [] };
  readonly events: DeleteLiveDoneEvent[] = [];

  add(event: DeleteLiveDoneEvent): void {
    const { summary } = this;
    this.events.push(event);
    if (!summary.names.includes(event.batch)) summary.names.push(event.batch);
    if (this.isSkipped(event)) summary.skipped++;
    if (event.event === 'batch done') summary.batches++;
    if (event.event !== 'issue') return;
    summary.issues++;
    summary.bytes += event.bytes;
  }

  isSkipped({ event }: DeleteLiveDoneEvent): boolean {
    return event === 'batch skipped' || event === 'issue skipped';
  }
}

export function eventLine(event: DeleteLiveDoneEvent, live: boolean): string {
  switch (event.event) {
    case 'batch done': {
      const since = event.archivedAt?.toISOString().slice(0, 10) ?? 'an unknown day';
      return visible(
        `${live ? 'Closed' : 'Would close'} ${event.batch}: archived since ${since}, issues: ${event.issues}`,
      );
    }
    case 'batch skipped':
      return visible(`SKIPPED ${event.batch}: ${event.reason}`);
    case 'issue': {
      const files = `${event.files} files, ${bytesText(event.bytes)}, in ${event.location ?? 'no place'}`;
      const pipeline = event.pipelineId === null ? '' : `; pipeline ${event.pipelineId}`;
      return visible(`${live ? 'Deleting' : 'Would delete'} the files of ${event.key}: ${files}${pipeline}`);
    }
    case 'issue skipped':
      return visible(`SKIPPED ${event.key} of ${event.batch}: ${event.reason}`);
  }
}

export function report({ batches, issues, bytes, skipped }: Summary, live: boolean): string {
  if (batches + issues + skipped === 0) return 'No batch has been archived for four weeks.';
  const closed = `${batches === 1 ? '1 batch' : `${batches} batches`} ${live ? 'closed' : 'would be closed'}`;
  const deleted = `the files of ${issues === 1 ? '1 issue' : `${issues} issues`} (${bytesText(bytes)}) ${live ? 'are being deleted' : 'would be deleted'}`;
  const hint = live || batches + issues === 0 ? '' : ' Nothing was changed: --live does it.';
  return `${closed}, ${deleted}, ${skipped} skipped.${hint}`;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? 'B'}`;
}
