/** A watcher looks at the world at intervals; it runs once however many runners there are, under the lock `watcherLock(name)`. */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Locks } from '../coordination/locks.js';
import type { DB } from '../database/database.js';
import type { Settings } from '../settings.js';
import type { Duration } from './duration.js';

export interface Watcher {
  name: string;
  every: Duration;
  /** A run longer than this is aborted, and another runner may start the next. */
  timeout: Duration;
  run: (context: {
    db: Kysely<DB>;
    /** For what it touches, e.g. each upload directory. */
    locks: Locks;
    settings: Settings;
    log: Logger;
    signal: AbortSignal;
  }) => Promise<void>;
}

/** Defines a watcher. */
export const defineWatcher = (watcher: Watcher): Watcher => watcher;
