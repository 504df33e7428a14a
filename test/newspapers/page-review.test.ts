import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { KeptRecord } from '../../src/files/fixity/file-records.js';
import { closeThreads } from '../../src/files/threads.js';
import { examinePages, type PageReviewRule } from '../../src/newspapers/page-review.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

afterAll(() => closeThreads());

let folder: string;
beforeEach(async () => {
  folder = join(await temporaryDirectory(), 'sn1-1856051001-7');
  await mkdir(folder);
});

/** Files by name; the content of each tells which page of the split it is. */
const given = (...names: string[]) => Promise.all(names.map((name) => writeFile(join(folder, name), `page ${name}`)));
const rule: PageReviewRule = { pages: 3, deletedPages: 0, acceptChanged: false, quietSeconds: 0, recorded: undefined };

/** What is still to be done; "ready" or "gone" otherwise. */
const state = async (more: Partial<PageReviewRule> = {}) => {
  const review = await examinePages(folder, { ...rule, ...more });
  return review.is === 'open' ? review.problem : review.is;
};

describe('a page-review folder', () => {
  test('is ready when every page has a number, whatever the numbers and the case of .pdf; gaps are fine', async () => {
    await given('1.pdf', '0002.PDF', '17.pdf');
    expect(await state()).toBe('ready');
  });

  test('is not ready while pages have the names of the split, and says how many', async () => {
    await given('1.pdf', 'seq-0002.pdf', 'SEQ-0003.PDF');
    expect(await state()).toContain('2 of 3 pages still have the names of the split');
  });

  test.each([
    '1.pdf.bak',
    '0001xpdf',
    'cover.pdf',
    'x1.pdf',
    '1.tif',
    '1.pdf\n',
    '١.pdf',
    ' 1.pdf',
    '-1.pdf',
    'seq-00002.pdf',
  ])('is not ready with a file called %j (W25: the names are matched whole)', async (odd) => {
    await given('2.pdf', '3.pdf', odd);
    expect(await state()).toContain(`remove ${JSON.stringify(odd)}`);
  });

  test('is never ready when it is empty (W25), also when all pages are said to be deleted', async () => {
    expect(await state()).toContain('0 pages are here');
    expect(await state({ deletedPages: 3 })).toMatch(/0 pages are here.*decide redo .* or remove/);
    expect(await state({ pages: 0 })).toContain('0 pages are here');
    await given('.DS_Store', 'thumbs.db');
    expect(await state({ deletedPages: 3 })).toContain('0 pages are here');
  });

  test('is not ready when a page is missing, unless a person said that it was deleted on purpose (W25)', async () => {
    await given('1.pdf', '2.pdf');
    expect(await state()).toContain('deletedPages=1');
    expect(await state({ deletedPages: 1 })).toBe('ready');
    expect(await state({ deletedPages: 2 })).toContain('less 2 deleted');
  });

  test('is not ready when there are more pages than the split made', async () => {
    await given('1.pdf', '2.pdf', '3.pdf', '4.pdf');
    expect(await state()).toContain('4 pages are here, but the split made 3');
  });

  test.each([
    ['1.pdf', '01.pdf'],
    ['1.pdf', '1.PDF'],
    ['0.pdf', '000.pdf'],
  ])('is not ready when %s and %s have the same number', async (one, other) => {
    await given(one, other, '2.pdf');
    expect(await state()).toMatch(/^".*" and ".*" have the same number: rename one/);
  });

  test('hidden files and thumbs.db count for nothing', async () => {
    await given('1.pdf', '2.pdf', '3.pdf', '.DS_Store', 'Thumbs.db');
    await mkdir(join(folder, '.snapshot'));
    expect(await state()).toBe('ready');
  });

  test('goes on by itself only after the quiet time, counted from the first sight of its last state', async () => {
    await given('1.pdf', '2.pdf', '3.pdf');
    const long = new Date(Date.now() - 10 * 3600_000);
    for (const name of ['1.pdf', '2.pdf', '3.pdf']) await utimes(join(folder, name), long, long); // a copy that kept old times
    const quiet = { quietSeconds: 3600 };
    expect(await state(quiet)).toContain('for 60 more min');
    expect(await state(quiet)).toContain('more min'); // looking does not restart the clock, nor end it
    expect(await state()).toBe('ready');
    await rm(join(folder, '3.pdf'));
    expect(await state({ ...quiet, pages: 2 })).toContain('more min');
  });
});

describe('what lies there and is no page', () => {
  const odd = {
    'a symlink': (path: string) => symlink('/etc/passwd', path),
    'a directory': (path: string) => mkdir(path),
    'a special file': (path: string) => Promise.resolve(void execFileSync('mkfifo', [path])),
  };
  test.each(Object.entries(odd))('%s is named to the reviewer, not followed and no failure', async (kind, make) => {
    await given('1.pdf', '2.pdf');
    await make(join(folder, '3.pdf'));
    expect(await state()).toContain(`rename or remove "3.pdf" (${kind})`);
  });

  test('a name that is no text is named, too', async () => {
    await given('1.pdf', '2.pdf');
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xe9]), Buffer.from('.pdf')]), '');
    expect(await state()).toMatch(/^rename or remove .*\(name is not UTF-8\)$/);
  });
});

describe('a folder that is not there', () => {
  test('although its parent is, was taken away: a question, not an error that retries for days', async () => {
    await rm(folder, { recursive: true });
    expect(await state()).toBe('gone');
  });

  test('nor its parent, is on a disk that is not mounted: nobody need do anything about the issue', async () => {
    await rm(join(folder, '..'), { recursive: true });
    expect(await state()).toMatch(
      /^the page-review area .* is not there: is its disk mounted\? It is looked for again$/,
    );
  });

  test('or is a file, says so', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    expect(await state()).toMatch(/cannot be read \(ENOTDIR/);
    await chmod(folder, 0o600);
  });
});

describe('pages and their sums', () => {
  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  const page = (path: string, text: string): KeptRecord => {
    return { path, size: text.length, sha256: sum(text), recordedAt: new Date(0), pipelineId: 4 };
  };
  const split = [page('seq-0001.pdf', 'one'), page('seq-0002.pdf', 'blank'), page('seq-0003.pdf', 'blank')];
  const write = (files: Record<string, string>) =>
    Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));

  test('are those of the split under any name, and bring their records along; two blank pages are two', async () => {
    await write({ '3.pdf': 'one', '1.pdf': 'blank', '2.pdf': 'blank' });
    const review = await examinePages(folder, { ...rule, recorded: split });
    expect(review).toMatchObject({ is: 'ready', changed: [] });
    expect(review.is === 'ready' && review.files).toEqual(
      expect.arrayContaining([{ ...page('3.pdf', 'one') }, page('1.pdf', 'blank'), page('2.pdf', 'blank')]),
    );
  });

  test('that the split did not make are named, and go on only when a person says that they are right', async () => {
    await write({ '1.pdf': 'one', '2.pdf': 'blank', '3.pdf': 'bLank' });
    expect(await state({ recorded: split })).toBe(
      '"3.pdf" (no page that the split made): put the pages of the split back, or, if this is on purpose, decide done with acceptChanged=true',
    );
    expect(await examinePages(folder, { ...rule, recorded: split, acceptChanged: true })).toMatchObject({
      is: 'ready',
      changed: ['3.pdf'],
    });
  });

  test('a second copy of a page in the place of another is no page of the split, nor is an empty file', async () => {
    await write({ '1.pdf': 'one', '2.pdf': 'one', '3.pdf': '' });
    expect(await state({ recorded: split })).toMatch(
      /^"2.pdf" \(a second copy of another page\), "3.pdf" \(empty\): put the pages/,
    );
  });

  test('a page renamed after it was deleted elsewhere still counts: sums say which pages are left', async () => {
    await write({ '1.pdf': 'blank', '2.pdf': 'one' });
    expect(await state({ recorded: split, deletedPages: 1 })).toBe('ready');
  });
});
