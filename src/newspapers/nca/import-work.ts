/** What every part of an import works with. */
import type { Transaction } from 'kysely';
import type { DB } from '../../database/database.js';
import type { Settings } from '../../settings.js';
import type { BadRows } from './bad-rows.js';
import type { RowCounts, Stage } from './stage.js';

/** What the summary says beside the counts: nothing is wrong, but somebody should know. */
export type Notice = string;

export interface ImportWork {
  /** Everything is written in it: nothing is half imported. */
  trx: Transaction<DB>;
  stage: Stage;
  bad: BadRows;
  settings: Settings;
  /** Who imports. */
  actor: string;
  notices: Notice[];
  /** How many rows of each of NCA's tables became ours. */
  written: RowCounts;
  signal: AbortSignal | undefined;
  /** Told what is being done, for people who wait. */
  tell: (what: string) => void;
}
