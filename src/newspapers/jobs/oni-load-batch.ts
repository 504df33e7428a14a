import { z } from 'zod';
import { defineJob, done } from '../../engine/job.js';
import { theBatch } from '../batches/batches.js';
import { openAgent } from '../oni/agent-client.js';
import { askAgent } from '../oni/ask-agent.js';
import { SITES } from '../oni/sites.js';

/**
 * Has the agent of a site load a batch, its awardee first (newspapers spec 3.3, 33). The agent queues it; `oniWaitForJob`
 * waits. Run again after a kill it asks only when the agent is not at it already.
 */
export const oniLoadBatch = defineJob({
  type: 'oni_load_batch',
  queue: 'fast',
  timeout: '10 min',
  maxAttempts: 14, // a day and a half: an agent that is away over night is waited for
  args: z.object({ batchId: z.number().int(), site: z.enum(SITES) }),
  async run({ args: { batchId, site }, db, settings, signal, log, pipelineId }) {
    const batch = await theBatch(db, batchId);
    const agent = openAgent(db, settings, site, { signal });
    const jobId = await askAgent({ db, agent, batch, action: 'load', pipelineId, log }, async () => {
      await agent.ensureAwardee(batch.orgCode, batch.orgName);
    });
    return done({ result: { jobId } });
  },
});
