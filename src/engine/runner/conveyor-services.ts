import type { Logger } from 'pino';
import type { Coordination } from '../../coordination/coordination.js';
import type { Database } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import type { Registry } from '../registry.js';
import type { RunnerObserver } from './observer.js';

/** What the way of pipelines through one runner needs. */
export interface ConveyorServices {
  database: Database;
  coordination: Coordination;
  registry: Registry;
  settings: Settings;
  log: Logger;
  runnerId: number;
  /** False while the lease is lost: nothing is claimed or recorded then. */
  leased: () => boolean;
  /** Called whenever a place becomes free. */
  onFree?: () => void;
  observer?: RunnerObserver | undefined;
}
