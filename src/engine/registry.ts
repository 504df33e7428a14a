/** Everything a runner knows how to do: job types, watchers, actions. Made once at the edge and handed in. */
import type { Action } from './action.js';
import type { Job, JobDefinition } from './job.js';
import type { ObjectFacts } from './pen/object-facts.js';
import { runnerDied } from './pen/runner-died.js';
import { Roles, type Role } from './roles.js';
import type { Watcher } from './watcher.js';

export interface Registry {
  jobs: ReadonlyMap<string, JobDefinition>;
  watchers: readonly Watcher[];
  actions: ReadonlyMap<string, Action>;
  /** What lists say of the objects that pipelines are about, by object type. */
  objects: ReadonlyMap<string, ObjectFacts>;
  roles: Roles;
}

/** Builds a registry. @throws Error when two definitions share a name: rows could not tell them apart; when an action asks for what no role may. */
export function createRegistry(parts: {
  jobs: readonly Job[];
  watchers?: readonly Watcher[];
  actions?: readonly Action[];
  objects?: readonly ObjectFacts[];
  roles?: readonly Role[];
}): Registry {
  const roles = new Roles(parts.roles ?? []);
  checkPrivileges(roles, parts.actions ?? []);
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
      [runnerDied, ...(parts.actions ?? [])].map((action) => [action.name, action]),
    ),
    objects: unique(
      'object type',
      (parts.objects ?? []).map((object) => [object.type, object]),
    ),
    roles,
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

/** A mistyped privilege would lock everybody out. */
function checkPrivileges(roles: Roles, actions: readonly Action[]): void {
  if (roles.all.length === 0) return;
  for (const { name, privilege, fourEyes, verbPrivileges = {} } of actions)
    for (const asked of [privilege, fourEyes?.unless, ...Object.values(verbPrivileges)])
      if (asked !== undefined && roles.givers(asked).length === 0)
        throw new Error(`action ${name} asks for the privilege "${asked}", which no role gives`);
}
