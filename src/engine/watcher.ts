/** A watcher looks at the world at intervals; it runs once however many runners there are. */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DB } from '../database/database.js';
import type { Settings } from '../settings.js';
import type { Duration } from './duration.js';

export interface Watcher {
  name: string;
  every: Duration;
  /** A run longer than this is aborted, and another runner may start the next. */
  timeout: Duration;
  run: (context: { db: Kysely<DB>; settings: Settings; log: Logger; signal: AbortSignal }) => Promise<void>;
}

/** Defines a watcher. */
export const defineWatcher = (watcher: Watcher): Watcher => watcher;
