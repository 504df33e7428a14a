/** When a folder of page review is ready to go on (newspapers spec 5.5, without the holes of W25). */
import { readdir } from 'node:fs/promises';
import { lastModified } from '../files/manifest.js';

export interface PageReviewRule {
  /** Pages that the split made. */
  pages: number;
  /** How many of them a person said were deleted on purpose. */
  deletedPages: number;
  /** Seconds the folder must have been left alone; 0: not at all, a person said that it is done. */
  quietSeconds: number;
}

/**
 * What is still to be done in a page-review folder, in words for the reviewer; undefined when it is ready.
 * Ready: every file is a purely numeric .pdf, as many as were split less those deleted on purpose, and nobody has touched it for the quiet time.
 */
export async function pageReviewProblem(directory: string, rule: PageReviewRule): Promise<string | undefined> {
  const entries = await readdir(directory).catch(ignoreMissing);
  if (entries === undefined) return `the folder ${directory} is not there: put it back, or mount its disk`;
  const names = entries.filter((name) => !name.startsWith('.') && name.toLowerCase() !== 'thumbs.db');
  const waiting = names.filter((name) => /^seq-\d{4}\.pdf$/i.test(name));
  const odd = names.filter((name) => !/^\d+\.pdf$/i.test(name) && !waiting.includes(name));
  if (odd.length > 0) return `rename or remove ${list(odd)}: only numbered pages such as 1.pdf may be here`;
  if (waiting.length > 0)
    return `${waiting.length} of ${names.length} pages still have the names of the split: rename them to 1.pdf, 2.pdf ... in reading order`;
  const expected = rule.pages - rule.deletedPages;
  if (names.length !== expected) {
    const deleted = rule.deletedPages > 0 ? ` less ${rule.deletedPages} deleted` : '';
    return `${names.length} pages are here, but the split made ${rule.pages}${deleted}: put back what is missing, or decide done with deletedPages=${Math.max(0, rule.pages - names.length)}`;
  }
  if (rule.quietSeconds <= 0) return undefined;
  const quietSince = await lastModified(directory);
  const left = rule.quietSeconds - (Date.now() - quietSince.getTime()) / 1000;
  return left <= 0
    ? undefined
    : `all pages are numbered; it goes on by itself when nobody touches the folder for ${Math.ceil(left / 60)} more min, or at once when you decide done`;
}

const list = (names: string[]): string =>
  names
    .slice(0, 5)
    .map((name) => JSON.stringify(name))
    .join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
