import { z } from 'zod';
import { defineJob, done, FatalError, tryLater, type Outcome } from '../../engine/job.js';
import { theBatch } from '../batches/batches.js';
import { openAgent, type Agent } from '../oni/agent-client.js';
import { AgentRefused } from '../oni/agent-errors.js';
import { AgentJobFailed, AgentJobLost } from '../oni/agent-job-errors.js';
import {
  ACTIONS,
  endRequest,
  isBoundJob,
  latestRequest,
  NOTHING_TO_DO,
  type AgentRequest,
} from '../oni/agent-requests.js';
import { lastLines } from '../oni/last-lines.js';
import type { AgentJob } from '../oni/replies.js';
import { SITES } from '../oni/sites.js';

/**
 * Waits until the agent has done what it was asked for (newspapers spec 3.3, 35). When its job failed, or it does not
 * know that job any more, this fails, and the entwined request is made anew (8.5, W28).
 */
export const oniWaitForJob = defineJob({
  type: 'oni_wait_for_job',
  queue: 'fast',
  timeout: '10 min',
  maxAttempts: 8, // what fails to load eight times in an hour needs a person
  args: z.object({ batchId: z.number().int(), site: z.enum(SITES), action: z.enum(ACTIONS) }),
  async run({ args: { batchId, site, action }, db, settings, signal, log }): Promise<Outcome> {
    const batch = await theBatch(db, batchId);
    const request = await latestRequest(db, { batchId, site, action });
    if (request?.jobId == null)
      throw new FatalError(
        `the ${site} agent was never asked to ${action} ${batch.fullName}; move this pipeline back to its oni_${action}_batch with "bin/run-jobs goto"`,
      );
    if (request.status === 'successful') return done({ result: { jobId: request.jobId } });
    if (request.jobId === NOTHING_TO_DO) {
      await endRequest(db, request.id, 'successful');
      log.info(`the ${site} agent says that there is nothing to do`);
      return done({ result: { jobId: request.jobId } });
    }
    const agent = openAgent(db, settings, site, { signal });
    const what = { agent: agent.address, action, batch: batch.fullName, jobId: request.jobId };
    const job = await ownJob(agent, request);
    if (!job) {
      await endRequest(db, request.id, 'lost');
      throw new AgentJobLost(what);
    }
    switch (job.status) {
      case 'pending':
      case 'started':
        return tryLater({
          // Purging takes a second, loading minutes or hours: looked at twice as seldom as it has taken so far, and once a minute at least.
          after: `${Math.round(Math.min(60, Math.max(2, request.ageSeconds)))} s`,
          deadline: '3 d',
          reason: `job ${job.id} of the ${site} agent, ${action} ${batch.fullName}, is ${job.status}`,
        });
      case 'successful':
        await endRequest(db, request.id, 'successful');
        return done({ result: { jobId: job.id } });
      case 'failed':
      case "couldn't start":
        await endRequest(db, request.id, 'failed');
        throw new AgentJobFailed(what, job, await lastLines(agent, job.id));
    }
  },
});

/** What the agent says of the job, if that is still ours. */
async function ownJob(agent: Agent, request: AgentRequest): Promise<AgentJob | undefined> {
  if (request.agent !== agent.address.name || request.jobId === null) return undefined;
  try {
    const job = await agent.jobStatus(request.jobId);
    return isBoundJob(request, job) ? job : undefined;
  } catch (error) {
    if (error instanceof AgentRefused && /not found/i.test(error.said)) return undefined;
    throw error;
  }
}
