import { z } from 'zod';
import { defineJob } from '../../engine/job.js';
import { theBatch } from '../batches/batches.js';
import { openAgent } from '../oni/agent-client.js';
import { askAgent } from '../oni/ask-agent.js';
import { askOutcome } from '../oni/ask-outcome.js';
import { SITES } from '../oni/sites.js';

/** Has the agent of a site take a batch off it (newspapers spec 3.3, 34). Run again after a kill it asks only when the agent is not at it already. */
export const oniPurgeBatch = defineJob({
  type: 'oni_purge_batch',
  queue: 'fast',
  timeout: '10 min',
  maxAttempts: 14,
  args: z.object({ batchId: z.number().int(), site: z.enum(SITES) }),
  async run({ args: { batchId, site }, db, settings, signal, log, pipelineId }) {
    const batch = await theBatch(db, batchId);
    const agent = openAgent(db, settings, site, { signal });
    return askOutcome(await askAgent({ db, agent, batch, action: 'purge', pipelineId, log }, () => Promise.resolve()));
  },
});
