import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeDerivatives, PagesFailed, PagesRefused } from '../../../src/newspapers/derivatives/derivatives.js';
import type { DerivativesOrder } from '../../../src/newspapers/derivatives/derivatives.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { stripes, writePdf } from './documents.js';
import { hangingProgram } from './hanging-program.js';
import { assertValidAlto, cannotValidate, readAltoFile } from './read-alto.js';
import { stub } from './stub-program.js';

let directory: string;
let progress: string[];
beforeEach(async () => {
  directory = join(await temporaryDirectory(), 'issue');
  await mkdir(directory);
  progress = [];
});
afterAll(() => closeThreads());

const silent = { info: () => undefined, warn: () => undefined };
const make = (more: Partial<DerivativesOrder> = {}) =>
  makeDerivatives({
    ...{ directory, kind: 'borndigital', dpi: 144, quality: 62.5, language: 'eng', log: silent },
    share: pLimit(2),
    progress: { report: (done, total, unit) => void progress.push(`${done}/${total} ${unit}`) },
    ...more,
  });
const names = async () => (await readdir(directory)).sort();
const writePages = async (count: number) => {
  for (let page = 1; page <= count; page++)
    await writePdf(join(directory, `000${page}.pdf`), { lines: [`Page ${page} of the news-`, 'paper'] });
};
const derivatives = async () => {
  const made = (await names()).filter((name) => /^[^.].*(?:jp2|xml)$/.test(name));
  return Promise.all(made.map(async (name) => [name, (await readFile(join(directory, name))).toString('base64')]));
};

/** Files bear the time of the system's last tick, some milliseconds ago: what is written after this bears a later one than that file. */
async function untilLaterThan(file: string): Promise<void> {
  const tick = `${directory}-tick`;
  const { mtimeMs } = await stat(file);
  do await writeFile(tick, '.');
  while ((await stat(tick)).mtimeMs <= mtimeMs);
}

describe('all pages of an issue', () => {
  test('get their JP2 and ALTO, side by side, with progress', async () => {
    await writePages(3);
    let running = 0;
    let most = 0;
    const limit = pLimit(2);
    const share = <T>(work: () => Promise<T>) =>
      limit(async () => {
        most = Math.max(most, ++running);
        return work().finally(() => running--);
      });
    const made = await make({ share });
    expect(
      made.map(({ page, name, jp2, alto }) => [page, name, jp2.width, jp2.height, alto.width, alto.height, alto.words]),
    ).toEqual([
      [1, '0001', 600, 800, 600, 800, 6],
      [2, '0002', 600, 800, 600, 800, 6],
      [3, '0003', 600, 800, 600, 800, 6],
    ]);
    expect(most).toBe(2);
    expect(progress).toEqual(['0/3 pages', '1/3 pages', '2/3 pages', '3/3 pages']);
    expect(await names()).toEqual(
      ['0001', '0002', '0003'].flatMap((page) => [`${page}.jp2`, `${page}.pdf`, `${page}.xml`]),
    );
    expect((await readAltoFile(join(directory, '0002.xml'))).xml).toContain('PHYSICAL_IMG_NR="2"');
  });

  test('of a scan: the picture is the TIFF, the words are the PDF, in the pixels of the TIFF', async () => {
    await writePdf(join(directory, '0001.pdf'), { width: 144, height: 192, lines: ['Stop press'] });
    await stripes(800, 1066).toColourspace('b-w').tiff({ compression: 'lzw' }).toFile(join(directory, '0001.tif'));
    const [page] = await make({ kind: 'scan', dpi: 150 });
    expect(page).toMatchObject({ jp2: { width: 800, height: 1066 }, alto: { width: 800, height: 1066, words: 2 } });
    if (cannotValidate === undefined) await assertValidAlto(join(directory, '0001.xml'));
  });

  test('are not made again when they are there; what is spoilt is', async () => {
    await writePages(3);
    await make();
    const before = await derivatives();
    const all = (await make()).map(({ jp2, alto }) => [jp2.built, alto.built]);
    expect(all).toEqual([
      [false, false],
      [false, false],
      [false, false],
    ]);

    await writeFile(join(directory, '0001.jp2'), 'spoilt');
    await rm(join(directory, '0003.xml'));
    const mended = (await make()).map(({ jp2, alto }) => [jp2.built, alto.built]);
    expect(mended).toEqual([
      [true, false],
      [false, false],
      [false, true],
    ]);
    expect(await derivatives()).toEqual(before);
  });

  test('are made again for a page that was replaced, though it has the same size', async () => {
    await writePages(2);
    await make();
    await untilLaterThan(join(directory, '0002.xml'));
    await writePdf(join(directory, '0002.pdf'), { lines: ['Another page altogether'] });
    const made = (await make()).map(({ jp2, alto }) => [jp2.built, alto.built]);
    expect(made).toEqual([
      [false, false],
      [true, true],
    ]);
    const words = (await readAltoFile(join(directory, '0002.xml'))).lines.flat().map(({ content }) => content);
    expect(words).toEqual(['Another', 'page', 'altogether']);
  });
});

describe('when pages fail', () => {
  test('the others are made, and one error tells of all that failed', async () => {
    await writePages(4);
    await writeFile(join(directory, '0001.pdf'), 'overwritten');
    await writePdf(join(directory, '0003.pdf'), {}, {});
    const failure = make();
    await expect(failure).rejects.toThrow(PagesRefused);
    await expect(failure).rejects.toThrow(FatalError);
    await expect(failure).rejects.toThrow(
      /^2 of 4 pages failed:\npage 0001: 0001.pdf: it cannot be read as a PDF .*\npage 0003: 0003.pdf: it has 2 pages;/,
    );
    expect(progress.at(-1)).toBe('2/4 pages');
    expect((await names()).filter((name) => name.endsWith('.xml') || name.endsWith('.jp2'))).toEqual([
      ...['0002.jp2', '0002.xml', '0004.jp2', '0004.xml'],
    ]);
    expect((await names()).some((name) => name.startsWith('.'))).toBe(false);
  });

  test('for what may pass, retrying is allowed', async () => {
    await writePages(2);
    await stub(directory.replace(/issue$/, ''), 'pdftoppm', 'echo "no memory left" >&2; exit 99');
    const failure = make();
    await expect(failure).rejects.toThrow(PagesFailed);
    await expect(failure).rejects.not.toThrow(FatalError);
    await expect(failure).rejects.toThrow(/2 of 2 pages failed:\npage 0001: pdftoppm .*no memory left/);
  });
});

test('an abort ends the programs that run, starts no other page, and leaves no litter', async () => {
  await writePages(4);
  const { started } = await hangingProgram(directory.replace(/issue$/, ''), 'opj_compress');
  const abort = new AbortController();
  const failure = make({ signal: abort.signal });
  failure.catch(() => undefined);
  await started();
  abort.abort(new Error('the job was cancelled'));
  await expect(failure).rejects.toThrow('the job was cancelled');
  expect(await names()).toEqual(['0001.pdf', '0002.pdf', '0003.pdf', '0004.pdf']);
});

describe('kill -9', { timeout: 300_000 }, () => {
  /**
   * Runs the derivatives in a process of its own and kills it at the nth change in the directory. The process waits for
   * that in the end: who kills may look away for longer than the last page takes.
   */
  async function killedAt(nthChange: number): Promise<boolean> {
    const watching = watch(directory);
    const script = join(import.meta.dirname, 'derivatives-process.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    let changes = 0;
    watching.on('change', () => ++changes === nthChange && child.kill('SIGKILL'));
    const [, signal] = await ended;
    watching.close();
    return signal === 'SIGKILL';
  }

  test('at any moment leaves no half file under its name, and a second run ends in the files of an undisturbed run (W7)', async () => {
    await writePages(3);
    const sources = await temporaryDirectory();
    for (const name of await names()) await copyFile(join(directory, name), join(sources, name));
    await make();
    const undisturbed = await derivatives();
    expect(undisturbed).toHaveLength(6);

    for (const moment of [1, 2, 4, 7, 11, 16]) {
      await rm(directory, { recursive: true });
      await mkdir(directory);
      for (const name of await readdir(sources)) await copyFile(join(sources, name), join(directory, name));
      expect(await killedAt(moment)).toBe(true);
      for (const made of await derivatives()) expect(undisturbed).toContainEqual(made); // no half file has its name
      await make();
      expect(await derivatives()).toEqual(undisturbed);
      expect(await names()).toHaveLength(9); // nothing else is left
    }
  });
});
