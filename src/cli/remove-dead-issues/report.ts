/** How `remove-dead-issues` tells what it did. */
import type { Alive, RemoveDeadEvent } from '../../newspapers/remove-dead-issues.js';
import { visible } from '../table.js';

/** Of issues that are not dead, so many of each kind are named one by one. */
const NAMED_OF_EACH = 20;

export interface Summary {
  /** Removed, or in a dry run to be. */
  dead: number;
  failed: number;
  notDead: number;
}

export class Tally {
  readonly summary: Summary = { dead: 0, failed: 0, notDead: 0 };
  readonly events: RemoveDeadEvent[] = [];
  /** Those that people are told of. */
  readonly told: RemoveDeadEvent[] = [];
  private readonly alive = new Map<Alive, number>();

  add(event: RemoveDeadEvent): void {
    this.events.push(event);
    if (event.event !== 'not dead') {
      this.summary[event.event === 'failed' ? 'failed' : 'dead']++;
      this.told.push(event);
      return;
    }
    this.summary.notDead++;
    const before = this.alive.get(event.is) ?? 0;
    this.alive.set(event.is, before + 1);
    if (before < NAMED_OF_EACH) this.told.push(event);
  }

  /** A line for each kind of which not all were named. */
  get more(): string[] {
    return [...this.alive]
      .filter(([, count]) => count > NAMED_OF_EACH)
      .map(([is, count]) => `Not dead: ${count - NAMED_OF_EACH} more are ${is}; --json names them`);
  }
}

export function eventText(event: RemoveDeadEvent): string {
  const { key, issueId, reason } = event;
  const issue = `${key} (issue ${issueId})`;
  switch (event.event) {
    case 'dead':
      return visible(`Would remove ${issue}: ${reason}`);
    case 'removing':
      return visible(`Removing ${issue}, pipeline ${event.pipelineId}: ${reason}`);
    case 'failed':
      return visible(`FAILED to remove ${issue}: ${reason}`);
    case 'not dead':
      return visible(`Not dead: ${issue} is ${event.is}: ${reason}`);
  }
}

export function report({ dead, failed, notDead }: Summary, dryRun: boolean): string {
  const what = dryRun ? 'would be removed' : dead === 1 ? 'is being removed' : 'are being removed';
  const trouble = failed > 0 ? `, ${failed} failed` : '';
  return `${dead === 1 ? '1 dead issue' : `${dead} dead issues`} ${what}${trouble}; ${notDead} not dead.`;
}
