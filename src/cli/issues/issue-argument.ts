import type { Database } from '../../database/database.js';
import { formatIssueKey, type IssueKey } from '../../newspapers/issue-key.js';
import { issueKeyOption } from '../key-option.js';
import { positiveInteger } from '../program.js';

/** How people name an issue: by its key, LCCN/YYYYMMDDEE, or by its number. */
export type IssueArgument = number | IssueKey;

/** The argument `<issue>`, for commander. */
export const issueArgument = (text: string): IssueArgument =>
  /^\d{1,9}$/.test(text) ? positiveInteger(text) : issueKeyOption(text);

/**
 * The number of an issue.
 *
 * @param orIgnored also one that left the workflow, when none of that key is in it
 * @throws NoSuchIssue when no issue has that key
 */
export async function issueId(database: Database, issue: IssueArgument, { orIgnored = false } = {}): Promise<number> {
  if (typeof issue === 'number') return issue;
  const { findIssue, NoSuchIssue } = await import('../../newspapers/issues.js');
  const found = await findIssue(database.kysely, issue, { orIgnored });
  if (!found) throw new NoSuchIssue(formatIssueKey(issue));
  return found.id;
}
