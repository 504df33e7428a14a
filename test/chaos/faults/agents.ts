/** Faults of the ONI agents beside the sites. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** A load is waited for this long. */
const LOAD_WITHIN_MS = 10_000;

/** Its service is restarted: it forgets its jobs, numbers begin at 1 again. */
export const restartAgents: Fault = {
  name: 'restart-agents',
  async strike({ agents }) {
    await agents.kill('SIGTERM');
    return { what: 'the agents and sites are restarted', heal: () => agents.start() };
  },
};

/** kill -9 while it loads or purges. */
export const killAgents: Fault = {
  name: 'kill-agents',
  async strike({ agents }) {
    for (const until = performance.now() + LOAD_WITHIN_MS; (await agents.busy()) === 0;) {
      if (performance.now() > until) return undefined;
      await sleep(20);
    }
    const jobs = await agents.busy();
    await agents.kill('SIGKILL');
    return {
      what: `kill -9 of the agents and sites in the middle of ${jobs} of their jobs`,
      heal: () => agents.start(),
    };
  },
};
