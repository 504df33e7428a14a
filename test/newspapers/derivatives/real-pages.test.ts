import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, test, describe } from 'vitest';
import { runProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeDerivatives, type PageDerivatives } from '../../../src/newspapers/derivatives/derivatives.js';
import { splitPdfs } from '../../../src/newspapers/derivatives/split.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { decode, picture } from './decode.js';
import { assertValidAlto, cannotValidate, readAltoFile } from './read-alto.js';

const DATA = join(import.meta.dirname, '../../../../shared/data/newspapers');
const missing = !existsSync(DATA) || cannotValidate !== undefined;
if (missing) console.warn('real pages are not tested: ../shared/data or xmllint is not there');

const silent = { info: () => undefined, warn: () => undefined };
const make = (directory: string, kind: 'borndigital' | 'scan') =>
  makeDerivatives({
    ...{ directory, kind, dpi: kind === 'scan' ? 150 : 200, quality: 62.5, language: 'eng', log: silent },
    ...{ share: pLimit(2), progress: { report: () => undefined } },
  });

afterAll(() => closeThreads());

/** The share of words that stand on ink. */
async function onInk(jp2: string, xml: string): Promise<number> {
  const page = await decode(jp2);
  const words = (await readAltoFile(xml)).lines.flat().filter(({ width, height }) => width >= 4 && height >= 4);
  const inked = words.filter(
    ({ left, top, width, height }) =>
      page.ink(Math.floor(left), Math.floor(top), Math.ceil(width), Math.ceil(height)) > 0.01,
  );
  return inked.length / words.length;
}

describe.skipIf(missing)('the Weekly Journal of 1856', { timeout: 300_000 }, () => {
  test('born digital, with recognised text: split, pictures, and words on their ink', async () => {
    const directory = await temporaryDirectory();
    const source = join(DATA, 'born-digital/sn93059126/1856-05-10/weekly-journal.pdf');
    const split = { sources: [source], outputDirectory: join(directory, 'split'), minimumPages: 2, log: silent };
    expect(await splitPdfs(split)).toEqual({ pages: 4 });
    const before = await runProgram('pdftotext', [source, '-'], { timeoutSeconds: 60 });
    const after: string[] = [];
    for (const page of ['1', '2', '3', '4']) {
      const file = join(directory, 'split', `seq-000${page}.pdf`);
      after.push((await runProgram('pdftotext', [file, '-'], { timeoutSeconds: 60 })).stdout);
    }
    expect(after.join('')).toBe(before.stdout); // no letter is lost

    const issue = join(directory, 'issue');
    await mkdir(issue);
    await copyFile(join(directory, 'split/seq-0001.pdf'), join(issue, '0001.pdf'));
    const [page] = await make(issue, 'borndigital');
    expect(page?.jp2).toMatchObject({ width: 3600, height: 4800, colour: 'grey', components: 1, resolutions: 6 });
    expect(page?.alto).toMatchObject({ width: 3600, height: 4800 });
    expect(page?.alto.words).toBeGreaterThan(4500);
    await assertValidAlto(join(issue, '0001.xml'));
    expect(await onInk(join(issue, '0001.jp2'), join(issue, '0001.xml'))).toBeGreaterThan(0.95);
  });

  test('born digital, pictures only: an ALTO without words', async () => {
    const directory = await temporaryDirectory();
    const source = join(DATA, 'born-digital/sn93059126/1856-05-03/1856050301.pdf');
    const issue = join(directory, 'issue');
    await mkdir(issue);
    const pages = ['--pages', source, '1', '--', join(issue, '0001.pdf')];
    await runProgram('qpdf', ['--empty', ...pages], { timeoutSeconds: 60 });
    const [page] = await make(issue, 'borndigital');
    expect(page).toMatchObject({ jp2: { width: 3600, height: 4800, colour: 'grey' }, alto: { words: 0 } });
    await assertValidAlto(join(issue, '0001.xml'));
  });

  test('scanned: the TIFF with all its pixels, and the words of the PDF on their ink', async () => {
    const issue = await temporaryDirectory();
    const scan = join(DATA, 'scans/mwa/sn93059126/1856-05-10');
    for (const name of ['0001.pdf', '0001.tif']) await copyFile(join(scan, name), join(issue, name));
    const [page] = await make(issue, 'scan');
    expect(page?.jp2).toMatchObject({ width: 7200, height: 9600, colour: 'grey', bitDepth: 8 });
    expect(page?.alto).toMatchObject({ width: 7200, height: 9600 });
    await assertValidAlto(join(issue, '0001.xml'));
    expect(await onInk(join(issue, '0001.jp2'), join(issue, '0001.xml'))).toBeGreaterThan(0.95);

    const original = await picture(join(issue, '0001.tif'));
    const stored = await decode(join(issue, '0001.jp2'));
    const share = (from: typeof original) => from.ink(2000, 4000, 1500, 1500);
    expect(Math.abs(share(stored) / share(original) - 1)).toBeLessThan(0.05);
  });
});

describe.skipIf(missing)('a New-York Tribune of 1903 whose words and places are known', { timeout: 300_000 }, () => {
  let issue: string;
  let pages: PageDerivatives[];
  beforeAll(async () => {
    issue = await mkdtemp(join(tmpdir(), 'tribune-'));
    await copyFile(join(DATA, 'alto/tribune-1903.pdf'), join(issue, '0001.pdf'));
    pages = await make(issue, 'borndigital');
  });
  afterAll(() => rm(issue, { recursive: true }));

  test('every word stands where it stood', async () => {
    const known = await readAltoFile(join(DATA, 'alto/ocr.xml'));
    const ours = (await readAltoFile(join(issue, '0001.xml'))).lines.flat();
    const scale = 200 / 1200; // inch1200 to pixels at 200 dpi
    const found = known.lines
      .flat()
      .filter(({ content, left, top, height }) =>
        ours.some(
          (word) =>
            word.content === content &&
            Math.abs(word.left - left * scale) < 12 &&
            Math.abs(word.top + word.height - (top + height) * scale) < 25,
        ),
      );
    expect(found.length / known.lines.flat().length).toBeGreaterThan(0.995);
    expect(pages[0]?.alto).toMatchObject({ width: 3260, height: 4449 });
  });

  test('the words of a line are in order', async () => {
    const ours = await readAltoFile(join(issue, '0001.xml'));
    const text = ours.lines.map((line) => line.map(({ content }) => content).join(' ')).join('\n');
    expect(text).toContain('Independent Towing Companies');
    expect(text).toContain('threatened for the last two or');
    const backwards = ours.lines.flatMap((line) =>
      line.filter((word, index) => word.left < (line[index - 1]?.left ?? 0)),
    );
    expect(backwards).toEqual([]);
  });

  test('is valid, and all of it stands on ink', async () => {
    await assertValidAlto(join(issue, '0001.xml'));
    expect(await onInk(join(issue, '0001.jp2'), join(issue, '0001.xml'))).toBeGreaterThan(0.999);
  });
});
