/** What happened to an issue. */
import type { Kysely } from 'kysely';
import type { DB } from '../database/database.js';
import { listEvents, recordEvent, recordEvents, type NewEvent, type ObjectEvent } from './events.js';
import { ISSUE_OBJECT, issueObject } from './issue-object.js';

/** Writes one down, in the transaction of what it tells of. */
export const recordIssueEvent = (db: Kysely<DB>, issueId: number, event: NewEvent): Promise<void> =>
  recordEvent(db, issueObject(issueId), event);

/** Writes the same down for many issues. */
export const recordIssueEvents = (db: Kysely<DB>, issueIds: readonly number[], event: NewEvent): Promise<void> =>
  recordEvents(db, ISSUE_OBJECT, issueIds, event);

/** All of them, oldest first. */
export const listIssueEvents = (db: Kysely<DB>, issueId: number): Promise<ObjectEvent[]> =>
  listEvents(db, issueObject(issueId));
