/** How what an agent was asked to do comes to nothing. */
import type { AgentAction } from './agent-requests.js';
import type { AgentJob } from './replies.js';
import type { AgentAddress } from './sites.js';

/** What an agent was at. */
interface AgentWork {
  agent: AgentAddress;
  action: AgentAction;
  /** The batch's full name. */
  batch: string;
  jobId: number;
}

const told = ({ agent, action, batch, jobId }: AgentWork): string =>
  `job ${jobId} of the ${agent.site} agent ${agent.name}, ${action} ${batch},`;

/** It ran and failed, or could not begin. */
export class AgentJobFailed extends Error {
  override name = 'AgentJobFailed';
  /** @param lines the last ones of its log */
  constructor(
    work: AgentWork,
    { status, error }: AgentJob,
    readonly lines: readonly string[],
  ) {
    const why = error ? ` (${error})` : '';
    super(
      `${told(work)} ${status === 'failed' ? 'failed' : 'could not start'}${why}; it is asked for again; "bin/agent --site ${work.agent.site} job-logs ${work.jobId}" tells all. Its last lines:\n${lines.join('\n')}`,
    );
  }
}

/** The agent does not know it: it was restarted meanwhile, and forgets its jobs then (newspapers spec W28). */
export class AgentJobLost extends Error {
  override name = 'AgentJobLost';
  constructor(work: AgentWork) {
    super(`${told(work)} is lost: the agent was restarted, or is another one now; it is asked for again`);
  }
}
