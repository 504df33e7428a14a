import { done, tryLater, type Outcome } from '../../engine/job.js';
import type { AgentJob } from './replies.js';

/** What a job that has asked an agent says: the number of the agent's job, or that another of its jobs must end first. */
export function askOutcome(asked: number | AgentJob): Outcome {
  if (typeof asked === 'number') return done({ result: { jobId: asked } });
  const { id, name, status } = asked;
  return tryLater({
    after: '30 s',
    deadline: '3 d',
    reason: `the agent's job ${id} (${name}) is ${status}: it must end first`,
  });
}
