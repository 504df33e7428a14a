import type { Load, Step } from '../daemons/protocol.js';

/**
 * The jobs of a load, for queues that take jobs, not pipelines. `pipelines`: as pipelines come, all jobs of the first, then
 * of the second. `ranks`: all first jobs, then all second ones: kind to queues that keep the order of insertion at best.
 */
export type Insertion = 'pipelines' | 'ranks';

export function stepsOf(load: Load, insertion: Insertion): Step[] {
  const { pipelines, depth } = load.kind === 'singles' ? { pipelines: load.count, depth: 1 } : load;
  return Array.from({ length: pipelines * depth }, (_, i) =>
    insertion === 'ranks'
      ? { pipeline: i % pipelines, job: Math.floor(i / pipelines) + 1 }
      : { pipeline: Math.floor(i / depth), job: (i % depth) + 1 },
  );
}

/** In parts of so many. */
export function* inParts<T>(things: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < things.length; from += size) yield things.slice(from, from + size);
}
