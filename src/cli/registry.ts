/** Everything this program knows how to do: the jobs, actions and watchers of all domains. */
import { createRegistry } from '../engine/registry.js';
import { fileJobs } from '../files/jobs.js';
import { newspaperActions, newspaperJobs, newspaperObjects, newspaperWatchers } from '../newspapers/registration.js';
import { newspaperRoles } from '../newspapers/roles.js';
import { engineWatchers } from '../engine/watchers/forget-runners.js';

export const registry = createRegistry({
  jobs: [...fileJobs, ...newspaperJobs],
  actions: newspaperActions,
  objects: newspaperObjects,
  roles: newspaperRoles,
  watchers: [...engineWatchers, ...newspaperWatchers],
});
