/** Everything a runner knows how to do: job types, watchers, actions. Made once at the edge and handed in. */
import type { Action } from './action.js';
import type { Job, JobDefinition } from './job.js';
import type { Watcher } from './watcher.js';

export interface Registry {
  jobs: ReadonlyMap<string, JobDefinition>;
  watchers: readonly Watcher[];
  actions: ReadonlyMap<string, Action>;
}

/** Builds a registry. @throws Error when two definitions share a name: rows could not tell them apart. */
export function createRegistry(parts: {
  jobs: readonly Job[];
  watchers?: readonly Watcher[];
  actions?: readonly Action[];
}): Registry {
  return {
    jobs: unique(
      'job type',
      parts.jobs.map((job) => [job.definition.type, job.definition]),
    ),
    watchers: [
      ...unique(
        'watcher',
        (parts.watchers ?? []).map((w) => [w.name, w]),
      ).values(),
    ],
    actions: unique(
      'action',
      (parts.actions ?? []).map((action) => [action.name, action]),
    ),
  };
}

function unique<T>(what: string, entries: [string, T][]): Map<string, T> {
  const map = new Map<string, T>();
  for (const [name, value] of entries) {
    if (map.has(name)) throw new Error(`${what} ${name} is defined twice`);
    map.set(name, value);
  }
  return map;
}
