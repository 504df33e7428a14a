/** Asks an agent to load or purge a batch, once however often the job that asks is killed and run again (newspapers spec 8.5, W28). */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DB } from '../../database/database.js';
import type { Batch } from '../batches/batches.js';
import type { Agent } from './agent-client.js';
import { AgentRefused } from './agent-errors.js';
import { AgentJobLost } from './agent-job-errors.js';
import {
  beginRequest,
  bindJob,
  endRequest,
  isAbout,
  isAboutAnother,
  isBoundJob,
  latestRequest,
  NOTHING_TO_DO,
  type AgentAction,
  type AgentRequest,
} from './agent-requests.js';
import type { AgentJob } from './replies.js';

export interface AskContext {
  db: Kysely<DB>;
  agent: Agent;
  batch: Batch;
  action: AgentAction;
  pipelineId: number;
  log: Logger;
}

/**
 * Asks, unless the agent is at it already, and binds the job that it gives.
 *
 * @param prepare what must be done right before it is asked
 * @returns the id of the agent's job, -1: there is nothing to do; or the job of the opposite action on the same batch that
 *   must end first: what it does now would be undone, or taken for the new, when it ends
 */
export async function askAgent(context: AskContext, prepare: () => Promise<void>): Promise<number | AgentJob> {
  const { db, agent, batch, action, pipelineId, log } = context;
  const purpose = { batchId: batch.id, site: agent.address.site, action };
  const former = await latestRequest(db, purpose);
  const known = await agent.listJobs().catch(noneIfRefused);
  const opposite = known.find((job) => isUnderWay(job) && isAbout(job, batch, action === 'load' ? 'purge' : 'load'));
  if (opposite) return opposite;
  const jobs = known.filter((job) => isAbout(job, batch, action));
  const open = former && (former.status === 'asking' || former.status === 'queued') ? former : undefined;
  const running = open && jobOf(open, jobs, context);
  if (open && running) {
    if (open.status === 'asking') await bindJob(db, open.id, running, { ...purpose, pipelineId });
    log.info(`the ${purpose.site} agent is at it already: job ${running.id}`);
    return running.id;
  }
  if (open) await endRequest(db, open.id, open.pipelineId === pipelineId ? 'lost' : 'superseded');
  await prepare();
  const requestId = await beginRequest(db, purpose, { agent: agent.address.name, pipelineId, before: jobs });
  const atWork = jobs.find(isUnderWay); // somebody else asked for the same
  const job = atWork ?? (await asked(context));
  await bindJob(db, requestId, job, { ...purpose, pipelineId });
  return job.id;
}

/** The job of a request that was interrupted, if the agent still knows it and nothing has to be done anew. */
function jobOf(open: AgentRequest, jobs: readonly AgentJob[], { agent, pipelineId }: AskContext) {
  if (open.agent !== agent.address.name) return undefined;
  if (open.jobId === NOTHING_TO_DO && open.pipelineId === pipelineId)
    return { id: NOTHING_TO_DO, name: open.jobName ?? '', queued: open.jobQueued ?? '' };
  const isNew = ({ id, queued }: AgentJob) => !open.jobsBefore.some((old) => old.id === id && old.queued === queued);
  const job = jobs.findLast((each) => (open.status === 'queued' ? isBoundJob(open, each) : isNew(each)));
  if (!job) return undefined;
  // What another pipeline had done may have been undone since.
  return isUnderWay(job) || (job.status === 'successful' && open.pipelineId === pipelineId) ? job : undefined;
}

const isUnderWay = ({ status }: AgentJob): boolean => status === 'pending' || status === 'started';

/** Asks, and learns what the job is called: that and its time tell it from another of the same number. */
async function asked({ agent, batch, action }: AskContext): Promise<Pick<AgentJob, 'id' | 'name' | 'queued'>> {
  const id = await (action === 'load' ? agent.loadBatch(batch.fullName) : agent.purgeBatch(batch.fullName));
  if (id === NOTHING_TO_DO) return { id, name: '', queued: '' };
  const job = await agent.jobStatus(id);
  if (isAboutAnother(job, batch))
    throw new AgentJobLost({ agent: agent.address, action, batch: batch.fullName, jobId: id });
  return job;
}

/** An agent that does not know the command: then a job asked for twice does no harm, it finds nothing to do. */
function noneIfRefused(error: unknown): AgentJob[] {
  if (error instanceof AgentRefused) return [];
  throw error;
}
