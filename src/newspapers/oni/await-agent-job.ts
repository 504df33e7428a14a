/** Waits for a job of an agent while somebody looks on; pipelines use `oniWaitForJob`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from './agent-client.js';
import type { AgentJob } from './replies.js';

/** The agent was restarted meanwhile: the job of that number is another one now. */
export class JobOfAnother extends Error {
  override name = 'JobOfAnother';
  constructor(agent: string, id: number) {
    super(`job ${id} of the agent ${agent} is another one now: the agent was restarted and forgot ours; ask it again`);
  }
}

export const hasEnded = ({ status }: AgentJob): boolean => status !== 'pending' && status !== 'started';

/**
 * Looks every second until the job has ended, however it did.
 *
 * @param told is called when its status changed
 */
export async function awaitAgentJob(
  agent: Agent,
  id: number,
  { signal, told }: { signal: AbortSignal; told: (job: AgentJob) => void },
): Promise<AgentJob> {
  let before: AgentJob | undefined;
  for (;;) {
    const job = await agent.jobStatus(id);
    if (before && (job.name !== before.name || job.queued !== before.queued))
      throw new JobOfAnother(agent.address.name, id);
    if (job.status !== before?.status) told(job);
    if (hasEnded(job)) return job;
    before = job;
    await sleep(1000, undefined, { signal });
  }
}
