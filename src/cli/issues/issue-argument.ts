import { InvalidArgumentError } from 'commander';
import type { Database } from '../../database/database.js';
import { formatIssueKey, InvalidIssueKey, parseIssueKey, type IssueKey } from '../../newspapers/issue-key.js';
import { positiveInteger } from '../program.js';

/** How people name an issue: by its key, LCCN/YYYYMMDDEE, or by its number. */
export type IssueArgument = number | IssueKey;

/** The argument `<issue>`, for commander. */
export function issueArgument(text: string): IssueArgument {
  if (/^\d{1,9}$/.test(text)) return positiveInteger(text);
  try {
    return parseIssueKey(text);
  } catch (error) {
    if (error instanceof InvalidIssueKey) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

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
