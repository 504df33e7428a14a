/** How many pages issues have whose pages NCA has not counted: what lies in their directories says it (newspapers spec W20). */
import { sql } from 'kysely';
import { existing } from '../../files/existing.js';
import { readDirectory } from '../../files/read-directory.js';
import { setPageCount } from '../pages.js';
import type { ImportWork } from './import-work.js';

/** Counts the pages of issues in the workflow that have no labels yet; a page review without its folder cannot go on. */
export async function countPages({ trx, bad, signal }: ImportWork): Promise<void> {
  const { rows } = await sql<{ id: number; location: string; inReview: boolean }>`
    select i.id, i.location, i.workflow_step = 'AwaitingPageReview' as "inReview" from newspapers.issues i
    where not i.ignored and i.location is not null and not exists (select from newspapers.pages p where p.issue_id = i.id)
    order by i.id`.execute(trx);
  for (const { id, location, inReview } of rows) {
    signal?.throwIfAborted();
    if (await existing(location, 'directory')) {
      const names = (await readDirectory(location)).map(({ name }) => name);
      await setPageCount(
        trx,
        id,
        inReview ? pagesOfSplit(names) : names.filter((name) => /^\d{4}\.jp2$/i.test(name)).length,
      );
    } else if (inReview)
      bad.add({
        table: 'issues',
        id: String(id),
        column: 'location',
        value: location,
        reason:
          'its page-review folder is not here: mount the disk, or take the issue out of NCA (page-review-issue-fixer)',
      });
  }
}

/** Reviewers may have deleted pages already: the split numbered them all. */
function pagesOfSplit(names: readonly string[]): number {
  const pages = names.filter((name) => /^[^.].*\.pdf$/i.test(name));
  const numbers = pages.map((name) => Number(/^seq-(\d{4})\.pdf$/i.exec(name)?.[1] ?? 0));
  return Math.max(pages.length, ...numbers);
}
