/** Pages that were made, or have happened, to bring programs down. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { findProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeDerivatives, PagesRefused } from '../../../src/newspapers/derivatives/derivatives.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { writePdf } from './documents.js';
import { handmadePdf } from './handmade-pdf.js';
import { stub } from './stub-program.js';

let root: string;
let directory: string;
beforeEach(async () => {
  root = await temporaryDirectory();
  directory = join(root, 'issue');
  await mkdir(directory);
});
afterAll(closeThreads);

const make = () =>
  makeDerivatives({
    ...{ directory, kind: 'borndigital', dpi: 72, quality: 62.5, language: 'eng' },
    ...{ share: (work) => work(), progress: { report: () => undefined } },
    log: { info: () => undefined, warn: () => undefined },
  });
const isRefused = async (reason: RegExp) => {
  const failure = make();
  await expect(failure).rejects.toThrow(PagesRefused);
  await expect(failure).rejects.toThrow(FatalError);
  await expect(failure).rejects.toThrow(reason);
};

test.each(['SEGV', 'ABRT', 'FPE'])(
  'a page that crashes the renderer (SIG%s) is refused; the others are made',
  async (signal) => {
    await writePdf(join(directory, '0001.pdf'), { lines: ['harmless'] });
    await writePdf(join(directory, '0002.pdf'), { lines: ['harmful'] });
    const real = (await findProgram('pdftoppm')) ?? '';
    await stub(root, 'pdftoppm', `case "$*" in *0002.pdf*) kill -${signal} $$;; *) exec ${real} "$@";; esac`);
    await isRefused(
      new RegExp(`page 0002: 0002.pdf: pdftoppm crashes on it \\(SIG${signal}\\); save the PDF with another`),
    );
    expect((await readdir(directory)).sort()).toEqual(['0001.jp2', '0001.pdf', '0001.xml', '0002.pdf']);
  },
);

test.skipIf(process.platform !== 'linux')(
  'a picture that the renderer leaves out for want of memory is noticed, though it ends well',
  async () => {
    await writePdf(join(directory, '0001.pdf'), { lines: ['text'] });
    await stub(root, 'pdftoppm', 'echo "Syntax Error: Size of tile data exceeds system limits" >&2; exit 0');
    await isRefused(/0001.pdf: pdftoppm needs more memory for it than it may have; save the PDF with another/);
  },
);

test('a picture of 30,000 x 30,000 pixels becomes a page', { timeout: 120_000 }, async () => {
  const [side, row] = [30_000, 30_000 / 8];
  await writeFile(
    join(directory, '0001.pdf'),
    handmadePdf({
      1: { head: '/Type /Catalog /Pages 2 0 R' },
      2: { head: '/Type /Pages /Kids [3 0 R] /Count 1' },
      3: {
        head: '/Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R /Resources << /XObject << /P 5 0 R >> >>',
      },
      4: { head: '', body: '300 0 0 300 0 0 cm /P Do' },
      5: {
        head: `/Type /XObject /Subtype /Image /Width ${side} /Height ${side} /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode`,
        body: deflateSync(Buffer.alloc(row * side, 0b10101010)),
      },
    }),
  );
  const [page] = await make();
  expect(page?.jp2).toMatchObject({ width: 300, height: 300 });
});

test('a renderer that finds no room on the disk does not blame the page', async () => {
  await writePdf(join(directory, '0001.pdf'), { lines: ['text'] });
  await stub(root, 'pdftoppm', 'echo "Could not write image to page.tif; exiting" >&2; exit 1');
  await expect(make()).rejects.not.toThrow(FatalError);
});
