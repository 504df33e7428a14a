import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeAlto, type AltoOrder } from '../../../src/newspapers/derivatives/alto.js';
import { makeJp2 } from '../../../src/newspapers/derivatives/jp2.js';
import { SourceRefused } from '../../../src/newspapers/derivatives/source-refused.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { decode } from './decode.js';
import { writePdf, type PagePlan } from './documents.js';
import { hangingProgram, stoppedTimeLimits } from './hanging-program.js';
import { stub } from './stub-program.js';
import { assertValidAlto, cannotValidate, readAltoFile } from './read-alto.js';

let directory: string;
let target: string;
let warnings: string[];
const log = { info: () => undefined, warn: (...said: unknown[]) => void warnings.push(String(said.at(-1))) };
beforeEach(async () => {
  directory = await temporaryDirectory();
  target = join(directory, '0001.xml');
  warnings = [];
});
afterAll(() => closeThreads());

const make = (pdf: string, more: Partial<AltoOrder> = {}) =>
  makeAlto({ pdf, target, dpi: 144, pageNumber: 1, language: 'eng', log, ...more });
const pdf = (...pages: PagePlan[]) => writePdf(join(directory, '0001.pdf'), ...pages);
const news = ['Fire on the water-', 'front: "R&D" <burns>'];
const hidden = async () => (await readdir(directory)).filter((name) => name.startsWith('.'));

describe('the ALTO of a page', () => {
  test('has its words in order, in pixels of its picture', async () => {
    const made = await make(await pdf({ lines: news }));
    const alto = await readAltoFile(target);
    expect(made).toEqual({ width: 600, height: 800, words: 7, built: true });
    expect(alto).toMatchObject({ width: 600, height: 800, unit: 'pixel', languages: ['eng'] });
    expect(alto.lines.map((line) => line.map(({ content }) => content))).toEqual([
      ['Fire', 'on', 'the', 'water'],
      ['front:', '"R&D"', '<burns>'],
    ]);
    expect(alto.shapes[0]).toEqual(['String', 'SP', 'String', 'SP', 'String', 'SP', 'String', 'HYP']);
    expect(alto.lines[0]?.[3]).toMatchObject({ part: 'HypPart1', whole: 'waterfront:' });
    const [first] = alto.lines[0] ?? [];
    expect(first?.left).toBeCloseTo(80, 0); // 40 points at 144 dpi
    expect((await stat(target)).mode & 0o777).toBe(0o644);
    expect(await hidden()).toEqual([]);
  });

  test('tells nobody where the server keeps its files (W14)', async () => {
    await make(await pdf({ lines: news }));
    expect(await readFile(target, 'utf8')).not.toContain(directory);
  });

  test.skipIf(cannotValidate)('validates against the schema it names', async () => {
    await make(await pdf({ lines: news }));
    await assertValidAlto(target);
  });

  test.skipIf(cannotValidate)('without any text is legal and empty', async () => {
    expect(await make(await pdf({}))).toEqual({ width: 600, height: 800, words: 0, built: true });
    await assertValidAlto(target);
    expect((await readAltoFile(target)).lines).toEqual([]);
  });

  test('takes the language of the title, or "eng" when that is none', async () => {
    await make(await pdf({ lines: news }), { language: 'spa' });
    expect((await readAltoFile(target)).languages).toEqual(['spa']);
    await make(await pdf({ lines: news }), { language: '   ', pageNumber: 2 });
    expect((await readAltoFile(target)).languages).toEqual(['eng']);
  });

  test('gives the same bytes each time', async () => {
    const source = await pdf({ lines: news });
    await make(source);
    const bytes = await readFile(target);
    await truncate(target);
    await make(source);
    expect(await readFile(target)).toEqual(bytes);
  });
});

describe.each([
  ['upright', {}],
  ['turned by 90 degrees', { rotation: 90 }],
  ['turned by 180 degrees', { rotation: 180 }],
  ['turned by 270 degrees and cropped', { rotation: 270, cropBox: [20, 30, 260, 350.3] }],
  ['cropped to fractions of a point', { cropBox: [20.4, 30.7, 250.13, 360.99] }],
] as [string, PagePlan][])('of a page %s', (_, plan) => {
  test('has the size of the JP2, and its words stand on its ink and nowhere else', async () => {
    const source = await pdf({ lines: ['HUMMING MACHINES', 'WWW'], ...plan });
    const jp2 = await makeJp2({ source, target: join(directory, '0001.jp2'), dpi: 150, quality: 100 });
    const image = { name: '0001.jp2', width: jp2.width, height: jp2.height };
    await make(source, { dpi: 150, image });

    const alto = await readAltoFile(target);
    const picture = await decode(join(directory, '0001.jp2'));
    expect([alto.width, alto.height]).toEqual([picture.width, picture.height]);
    expect(alto.lines.flat().map(({ content }) => content)).toEqual(['HUMMING', 'MACHINES', 'WWW']);
    let inked = 0;
    for (const { left, top, width, height } of alto.lines.flat()) {
      const [x, y] = [Math.floor(left), Math.floor(top)];
      const [wide, high] = [Math.ceil(left + width) - x, Math.ceil(top + height) - y];
      expect(picture.ink(x, y, wide, high)).toBeGreaterThan(0.1);
      inked += picture.ink(x, y, wide, high) * wide * high;
    }
    const all = picture.ink(0, 0, picture.width, picture.height) * picture.width * picture.height;
    expect(inked / all).toBeGreaterThan(0.9);
  });
});

describe('beside a scan', () => {
  test('has the pixels of the TIFF, whatever the resolution of the PDF', async () => {
    const source = await pdf({ lines: news });
    await make(source, { dpi: 150, image: { name: '0001.jp2', width: 1667, height: 2222 } }); // 400 dpi
    const alto = await readAltoFile(target);
    expect([alto.width, alto.height]).toEqual([1667, 2222]);
    expect(alto.lines[0]?.[0]?.left).toBeCloseTo((40 / 300) * 1667, 0);
    expect(warnings).toEqual([]);
  });

  test('of nearly the same shape is made, with a warning', async () => {
    await make(await pdf({ lines: news }), { image: { name: '0001.jp2', width: 1667, height: 2290 } });
    expect(warnings).toEqual([expect.stringContaining('words may stand beside their ink')]);
  });

  test('of another shape is refused: it is not the same page', async () => {
    const failure = make(await pdf({ lines: news }), { image: { name: '0001.jp2', width: 2222, height: 1667 } });
    await expect(failure).rejects.toThrow(SourceRefused);
    await expect(failure).rejects.toThrow(/300 x 400 points, 0001.jp2 2222 x 1667 pixels; that is not the same page/);
  });
});

describe('an ALTO that is there already', () => {
  const sources = async () => pdf({ lines: news });
  test('and about this page is not made again', async () => {
    const source = await sources();
    await make(source);
    const { ino } = await stat(target);
    expect(await make(source)).toEqual({ width: 600, height: 800, words: 7, built: false });
    expect((await stat(target)).ino).toBe(ino);
  });

  test.each([
    ['of another page', { pageNumber: 2 }],
    ['of another resolution', { dpi: 200 }],
    ['of another picture', { image: { name: '0001.jp2', width: 601, height: 800 } }],
  ] as [string, Partial<AltoOrder>][])('but %s is made again', async (_, more) => {
    const source = await sources();
    await make(source, more);
    expect(await make(source)).toMatchObject({ built: true });
  });

  test.each([
    ['cut off', async () => truncate(target, 700)],
    ['empty', () => truncate(target)],
    ['another XML', () => writeFile(target, '<mets/>')],
  ] as [string, () => Promise<void>][])('but %s is made again', async (_, spoil) => {
    const source = await sources();
    await make(source);
    const sound = await readFile(target);
    await spoil();
    expect(await make(source)).toMatchObject({ built: true });
    expect(await readFile(target)).toEqual(sound);
  });
});

describe('a page that cannot have one is refused, and retrying is not tried', () => {
  const refused = async (source: string, reason: RegExp) => {
    const failure = make(source);
    await expect(failure).rejects.toThrow(SourceRefused);
    await expect(failure).rejects.toThrow(FatalError);
    await expect(failure).rejects.toThrow(reason);
    expect(await hidden()).toEqual([]);
  };
  test('a PDF that is none', async () => {
    await writeFile(join(directory, '0001.pdf'), 'overwritten with text');
    await refused(join(directory, '0001.pdf'), /^0001.pdf: it cannot be read as a PDF/);
  });
  test('a PDF of two pages', async () => refused(await pdf({}, {}), /it has 2 pages/));
  test('a pdftotext that prints no document (W14)', async () => {
    const source = await pdf({ lines: news });
    await stub(directory, 'pdftotext', 'for last; do :; done; echo "<html></html>" > "$last"');
    await refused(source, /^0001.pdf: pdftotext's output cannot be read: there is no <doc>/);
  });
});

test('a pdftotext that does not end is killed at its time limit (W39)', async () => {
  const source = await pdf({ lines: news });
  await make(source, { pageNumber: 9 }); // the version is known by now
  const { started } = await hangingProgram(directory, 'pdftotext');
  const limits = stoppedTimeLimits();
  const failure = make(source, { timeoutSeconds: 600 });
  failure.catch(() => undefined);
  await started();
  await limits.pass(600);
  await expect(failure).rejects.toThrow(/^pdftotext .*ran longer than 600 s and was killed/);
  await expect(failure).rejects.not.toThrow(FatalError);
  expect(await hidden()).toEqual([]);
});
