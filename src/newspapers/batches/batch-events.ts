/** What happened to a batch. */
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';
import { listEvents, recordEvent, type NewEvent, type ObjectEvent } from '../events.js';
import { batchObject } from './batch-object.js';

export type BatchEvent = ObjectEvent;

/** Writes one down, in the transaction of what it tells of. */
export const recordBatchEvent = (db: Kysely<DB>, batchId: number, event: NewEvent): Promise<void> =>
  recordEvent(db, batchObject(batchId), event);

/** All of them, oldest first. */
export const listBatchEvents = (db: Kysely<DB>, batchId: number): Promise<BatchEvent[]> =>
  listEvents(db, batchObject(batchId));
