import { PDFDocument } from 'pdf-lib';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../../src/files/programs.js';
import { makeBornDigitalIssue, type SampleIssue } from '../../../src/newspapers/samples/born-digital-issue.js';
import { ALDER_LANDING_BEACON, PORT_MERROW_LEDGER } from '../../../src/newspapers/samples/sample-titles.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { imagesOfPdf, renderPage, wordsOfPdf } from './read-back.js';

const issue = { title: ALDER_LANDING_BEACON, date: '2024-03-07', pages: 6, seed: 7 };

describe('a born-digital sample issue (newspapers 5.1)', () => {
  let directory: string;
  let made: SampleIssue;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pressmark-born-digital-'));
    made = await makeBornDigitalIssue({ ...issue, directory });
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is one PDF whose pages hold exactly the words that were drawn', async () => {
    expect(made.files.map((file) => basename(file))).toEqual(['2024-03-07.pdf']);
    const [file = ''] = made.files;
    expect((await PDFDocument.load(await readFile(file))).getPageCount()).toBe(6);

    const read = await wordsOfPdf(file);
    expect(made.words).toHaveLength(6);
    for (const [i, words] of made.words.entries()) {
      expect(read[i]?.map(({ text }) => text).sort()).toEqual([...words].sort());
      expect(words.length).toBeGreaterThan(900);
    }
  });

  it('reads as a newspaper: name, date, volume, page numbers, words broken at line ends', () => {
    const front = made.words[0]?.join(' ') ?? '';
    for (const text of ['The Alder Landing Beacon', 'Thursday, March 7, 2024', 'Volume 47, Number 10'])
      expect(front).toContain(text);
    made.words.slice(1).forEach((words, i) => expect(words).toContain(String(i + 2)));
    expect(made.words.flat().filter((word) => /^[a-z]{2,}-$/.test(word)).length).toBeGreaterThan(30);
  });

  it('can be one PDF a page', async () => {
    const apart = await temporaryDirectory();
    const paged = await makeBornDigitalIssue({ ...issue, directory: apart, pages: 3, layout: 'pdf-per-page' });
    expect((await readdir(apart)).sort()).toEqual(['2024-03-07-01.pdf', '2024-03-07-02.pdf', '2024-03-07-03.pdf']);
    expect(paged.files).toEqual((await readdir(apart)).sort().map((name) => join(apart, name)));
    for (const [i, file] of paged.files.entries()) {
      const [words = [], ...more] = await wordsOfPdf(file);
      expect(more).toEqual([]);
      expect(words.map(({ text }) => text).sort()).toEqual([...(paged.words[i] ?? [])].sort());
    }
  });

  it('is the same to the byte for the same seed, and another for another', async () => {
    const bytes = async (seed: number): Promise<Buffer> => {
      const { files } = await makeBornDigitalIssue({ ...issue, pages: 2, seed, directory: await temporaryDirectory() });
      return readFile(files[0] ?? '');
    };
    const first = await bytes(7);
    expect((await bytes(7)).equals(first)).toBe(true);
    expect((await bytes(8)).equals(first)).toBe(false);
  });

  it('has pictures, colour on its first, middle and last pages, and grey on the others', async () => {
    const [file = ''] = made.files;
    expect((await imagesOfPdf(file)).filter(({ encoding }) => encoding === 'jpeg').length).toBeGreaterThanOrEqual(6);
    const colourful: number[] = [];
    for (let page = 1; page <= 6; page++) {
      const { data, channels } = await renderPage(file, { dpi: 30, page, colour: true });
      for (let i = 0; i < data.length; i += channels) {
        if (Math.abs((data[i] ?? 0) - (data[i + 2] ?? 0)) < 24) continue;
        colourful.push(page);
        break;
      }
    }
    expect(colourful).toEqual([1, 3, 6]);
  });

  it('carries its fonts, so that it looks the same everywhere, and is a sound PDF', async () => {
    const { files } = await makeBornDigitalIssue({
      ...issue,
      title: PORT_MERROW_LEDGER,
      pages: 1,
      directory: await temporaryDirectory(),
    });
    const [file = ''] = files;
    const fonts = (await runProgram('pdffonts', [file], { timeoutSeconds: 60 })).stdout.trim().split('\n').slice(2);
    expect(fonts.length).toBeGreaterThanOrEqual(3);
    for (const line of fonts) expect(line).toMatch(/TrueType\s+WinAnsi\s+yes/);
    await runProgram('qpdf', ['--check', file], { timeoutSeconds: 60 });
  });
});
