import { InvalidArgumentError } from 'commander';
import { InvalidIssueKey, parseSearchKey, type SearchKey } from '../newspapers/issue-key.js';

/** The value of `--key`, for commander. */
export function searchKeyOption(text: string): SearchKey {
  try {
    return parseSearchKey(text);
  } catch (error) {
    if (error instanceof InvalidIssueKey) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
