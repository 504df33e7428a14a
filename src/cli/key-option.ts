import { InvalidArgumentError } from 'commander';
import { InvalidIssueKey, parseIssueKey, parseSearchKey } from '../newspapers/issue-key.js';

const keyOption =
  <Key>(parse: (text: string) => Key) =>
  (text: string): Key => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof InvalidIssueKey) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };

/** A key to search by, which may stop after the LCCN, the year, the month or the day; for commander. */
export const searchKeyOption = keyOption(parseSearchKey);

/** A full key, LCCN/YYYYMMDDEE; for commander. */
export const issueKeyOption = keyOption(parseIssueKey);
