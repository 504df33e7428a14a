import type { Logger } from 'pino';
import type { ClaimedJob } from '../statements/claim.js';
import { leaveToOthers } from '../statements/leave-to-others.js';
import type { Run } from '../statements/statement.js';

/**
 * Job types that another version of the program enqueued and this one does not know. The first of a kind is claimed, left to others,
 * and remembered: from then on claims pass such pipelines over, and they stay pending until a runner comes that knows them.
 */
export class UnknownTypes {
  private readonly seen = new Set<string>();

  constructor(
    private readonly run: Run,
    private readonly runnerId: number,
    private readonly log: Logger,
  ) {}

  /** What claims must pass over. */
  get types(): readonly string[] {
    return [...this.seen];
  }

  async leave(job: ClaimedJob): Promise<void> {
    const { type, pipelineId } = job;
    if (!this.seen.has(type))
      this.log.warn({ type, pipeline: pipelineId }, `this runner does not know the job type ${type}: left to others`);
    this.seen.add(type);
    await leaveToOthers(this.run, this.runnerId, job, `no runner that looked at it knows the job type ${type}`);
  }
}
