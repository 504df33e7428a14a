import { sql, type Kysely } from 'kysely';
import { z } from 'zod';
import type { DB } from '../../database/database.js';
import { defineJob, FatalError } from '../../engine/job.js';
import { theBatch } from '../batches/batches.js';
import { AgentRefused } from '../oni/agent-errors.js';
import { openAgent } from '../oni/agent-client.js';
import { askAgent } from '../oni/ask-agent.js';
import { askOutcome } from '../oni/ask-outcome.js';
import { SITES } from '../oni/sites.js';

/** A definite no may be a mount that is away for a moment; after so many a person is told (newspapers spec W10). */
const REFUSALS = 3;

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
  async run({ args: { batchId, site }, db, settings, signal, log, pipelineId, sequence }) {
    const batch = await theBatch(db, batchId);
    const agent = openAgent(db, settings, site, { signal });
    try {
      return askOutcome(
        await askAgent({ db, agent, batch, action: 'load', pipelineId, log }, async () => {
          await agent.ensureAwardee(batch.orgCode, batch.orgName);
        }),
      );
    } catch (error) {
      if (!(error instanceof AgentRefused)) throw error;
      const refusals = (await refusalsBefore(db, pipelineId, sequence)) + 1;
      if (refusals < REFUSALS) throw error;
      throw new FatalError(`${error.message}; it refused ${refusals} times; then "bin/run-jobs requeue ${pipelineId}"`);
    }
  },
});

/** How often this job was refused since it began, or a person let it begin anew; that it was put off, or the agent away, is no refusal. */
async function refusalsBefore(db: Kysely<DB>, pipelineId: number, sequence: number): Promise<number> {
  const query = sql<{ refusals: number }>`
    select count(*)::int as refusals from events
    where pipeline_id = ${pipelineId} and sequence = ${sequence} and kind = 'failed_attempt'
      and detail -> 'error' ->> 'name' = 'AgentRefused'
      and id > coalesce((select max(id) from events where pipeline_id = ${pipelineId} and kind in ('requeued', 'goto')), 0)`;
  const { rows } = await query.execute(db);
  return rows[0]?.refusals ?? 0;
}
