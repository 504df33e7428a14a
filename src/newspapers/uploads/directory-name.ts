/** What the name of an issue's directory says (newspapers spec 5.1, 5.4 rows 4 to 6, W35). */
import { parseIssueDate, type IssueDate } from '../issue-date.js';
import { problem, type Problem } from './problem.js';

export interface NamedIssue {
  date: IssueDate | undefined;
  edition: number | undefined;
  problems: Problem[];
}

/**
 * Reads `YYYY-MM-DD`, or `YYYY-MM-DD_EE` of an edition other than the first. A name of 13 characters is one with an edition,
 * whatever its 11th is. A trailing `-error` is how people flag an upload by hand.
 */
export function parseDirectoryName(name: string): NamedIssue {
  const problems: Problem[] = [];
  const flagged = name.endsWith('-error');
  if (flagged) {
    const remedy = 'take "-error" off its name once it is in order';
    problems.push(problem('flagged by hand', `invalid folder name: manually flagged issue; ${remedy}`));
  }
  const bare = flagged ? name.slice(0, -'-error'.length) : name;
  const withEdition = bare.length === 13;
  const date = parseIssueDate(withEdition ? bare.slice(0, 10) : bare);
  if (!date) {
    const remedy = 'name it YYYY-MM-DD, or YYYY-MM-DD_EE for a further edition';
    problems.push(problem('bad date', `invalid folder name: bad date format; ${remedy}`));
  }
  const digits = withEdition ? bare.slice(11) : '01';
  const edition = /^\d\d$/.test(digits) ? Number(digits) : undefined;
  if (edition === undefined) {
    problems.push(problem('bad edition', 'invalid folder name: non-numeric edition value; name it YYYY-MM-DD_EE'));
  } else if (edition === 0) {
    const remedy = 'count from _01';
    problems.push(problem('bad edition', `invalid folder name: edition must be 1 or greater; ${remedy}`));
  }
  return { date, edition: edition === 0 ? undefined : edition, problems };
}
