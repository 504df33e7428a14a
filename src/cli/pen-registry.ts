/** What the holding pen needs to know of all domains: its questions, objects and roles. The jobs, which take long to load, stay out. */
import { createRegistry } from '../engine/registry.js';
import { newspaperActions } from '../newspapers/actions.js';
import { newspaperObjects } from '../newspapers/issue-facts.js';
import { newspaperRoles } from '../newspapers/roles.js';

export const penRegistry = createRegistry({
  jobs: [],
  actions: newspaperActions,
  objects: newspaperObjects,
  roles: newspaperRoles,
});
