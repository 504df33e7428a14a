import type { Load, Step } from '../daemons/protocol.js';

/**
 * The jobs of a load by rank: all first jobs, then all second ones. For queues that take jobs, not pipelines: their order
 * within a pipeline is that of insertion, and of one bulk insert pg-boss keeps none.
 */
export function stepsInRanks(load: Load): Step[][] {
  const { pipelines, depth } = load.kind === 'singles' ? { pipelines: load.count, depth: 1 } : load;
  return Array.from({ length: depth }, (_, rank) =>
    Array.from({ length: pipelines }, (_, pipeline) => ({ pipeline, job: rank + 1 })),
  );
}
