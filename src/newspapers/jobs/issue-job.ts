import { FatalError } from '../../engine/job.js';
import { findIssueById, type Issue } from '../issues.js';
import type { Kysely } from 'kysely';
import type { DB } from '../../database/database.js';

/** The issue a job is about. @throws FatalError when there is none: no retry brings it back. */
export async function theIssue(db: Kysely<DB>, id: number): Promise<Issue> {
  const issue = await findIssueById(db, id);
  if (issue === undefined) throw new FatalError(`there is no issue ${id}; cancel this pipeline`);
  return issue;
}
