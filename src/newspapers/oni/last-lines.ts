import type { Agent } from './agent-client.js';

const LINES = 15;

/** The last lines that a job of an agent wrote; where they cannot be had, why. */
export async function lastLines(agent: Agent, jobId: number): Promise<string[]> {
  try {
    return (await agent.jobLogs(jobId)).slice(-LINES);
  } catch (error) {
    return [`(its log could not be read: ${(error as Error).message})`];
  }
}
