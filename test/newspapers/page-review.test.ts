import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { pageReviewProblem } from '../../src/newspapers/page-review.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryDirectory();
});

const given = (...names: string[]) => Promise.all(names.map((name) => writeFile(join(folder, name), 'a page')));
const rule = { pages: 3, deletedPages: 0, quietSeconds: 0 };

describe('a page-review folder', () => {
  test('is ready when every page has a number, whatever the numbers and the case of .pdf', async () => {
    await given('1.pdf', '0002.PDF', '17.pdf');
    expect(await pageReviewProblem(folder, rule)).toBeUndefined();
  });

  test('is not ready while pages have the names of the split, and says how many', async () => {
    await given('1.pdf', 'seq-0002.pdf', 'seq-0003.pdf');
    expect(await pageReviewProblem(folder, rule)).toContain('2 of 3 pages still have the names of the split');
  });

  test.each(['1.pdf.bak', '0001xpdf', 'cover.pdf', 'x1.pdf', '1.tif'])(
    'is not ready with a file called %s (W25: the names are matched whole)',
    async (odd) => {
      await given('2.pdf', '3.pdf', odd);
      expect(await pageReviewProblem(folder, rule)).toContain(JSON.stringify(odd));
    },
  );

  test('is never ready when it is empty (W25)', async () => {
    expect(await pageReviewProblem(folder, rule)).toContain('0 pages are here');
  });

  test('is not ready when a page is missing, unless a person said that it was deleted on purpose (W25)', async () => {
    await given('1.pdf', '2.pdf');
    expect(await pageReviewProblem(folder, rule)).toContain('deletedPages=1');
    expect(await pageReviewProblem(folder, { ...rule, deletedPages: 1 })).toBeUndefined();
    expect(await pageReviewProblem(folder, { ...rule, deletedPages: 2 })).toContain('less 2 deleted');
  });

  test('is not ready when there are more pages than the split made', async () => {
    await given('1.pdf', '2.pdf', '3.pdf', '4.pdf');
    expect(await pageReviewProblem(folder, rule)).toContain('4 pages are here, but the split made 3');
  });

  test('that is not there is a question, not an error that retries for days', async () => {
    await rm(folder, { recursive: true });
    expect(await pageReviewProblem(folder, rule)).toBe(
      `the folder ${folder} is not there: put it back, or mount its disk`,
    );
  });

  test('hidden files and thumbs.db count for nothing', async () => {
    await given('1.pdf', '2.pdf', '3.pdf', '.DS_Store', 'Thumbs.db');
    expect(await pageReviewProblem(folder, rule)).toBeUndefined();
  });

  test('goes on by itself only after the quiet time, counted from the first sight of its last state', async () => {
    await given('1.pdf', '2.pdf', '3.pdf');
    const long = new Date(Date.now() - 10 * 3600_000);
    for (const name of ['1.pdf', '2.pdf', '3.pdf']) await utimes(join(folder, name), long, long); // a copy that kept old times
    const quiet = { ...rule, quietSeconds: 3600 };
    expect(await pageReviewProblem(folder, quiet)).toContain('for 60 more min');
    expect(await pageReviewProblem(folder, quiet)).toContain('more min'); // looking does not restart the clock, nor end it
    expect(await pageReviewProblem(folder, { ...rule, quietSeconds: 0 })).toBeUndefined();
    await rm(join(folder, '3.pdf'));
    expect(await pageReviewProblem(folder, { ...quiet, pages: 2 })).toContain('more min');
  });
});
