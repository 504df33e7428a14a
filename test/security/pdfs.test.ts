/** PDFs as attackers: what they ask for is bounded, and each is refused by name, or taken, and nothing else stops. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/files/programs.js';
import { closeThreads } from '../../src/files/threads.js';
import { makeAlto } from '../../src/newspapers/derivatives/alto.js';
import { asRefusal } from '../../src/newspapers/derivatives/pdf-page.js';
import { SourceRefused } from '../../src/newspapers/derivatives/source-refused.js';
import { splitPdfs } from '../../src/newspapers/derivatives/split.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { contentBomb, FONT, formBomb, manyObjects, onePage, packed, treeBomb } from './hostile-pdfs.js';

let root: string;
let pdf: string;
const warnings: string[] = [];
const tell = (fields: unknown, message?: string) => void warnings.push(`${message} ${JSON.stringify(fields)}`);
const log = { info: tell, warn: tell };
beforeEach(async () => {
  root = await temporaryDirectory();
  await mkdir(join(root, 'in'));
  pdf = join(root, 'in', 'hostile.pdf');
  warnings.length = 0;
});
afterAll(closeThreads);

const split = () => splitPdfs({ sources: [pdf], outputDirectory: join(root, 'out'), minimumPages: 1, dpi: 72, log });
const alto = () => makeAlto({ pdf, target: join(root, 'page.xml'), dpi: 72, pageNumber: 1, language: 'eng', log });
const failureOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => error as Error,
  );

describe('an uploaded PDF', () => {
  test('of a million objects is split', { timeout: 180_000 }, async () => {
    await writeFile(pdf, manyObjects(1_000_000));
    expect(await split()).toEqual({ pages: 1 });
    expect((await stat(join(root, 'out', 'seq-0001.pdf'))).size).toBeLessThan(10_000); // what no page needs is left behind
  });

  test('whose content unpacks a thousand to one is refused, and no page of it is made', async () => {
    await writeFile(pdf, contentBomb(260));
    const failure = await failureOf(split());
    expect(failure).toBeInstanceOf(SourceRefused);
    expect(failure.message).toMatch(/^hostile\.pdf: .*a stream unpacks to more than 256 MB; make the PDF again/);
    expect(await readdir(root)).toEqual(['in']);
  });

  test('whose tables of pages hold each other without end is refused', async () => {
    await writeFile(pdf, treeBomb(12));
    const failure = await failureOf(split());
    expect(failure).toBeInstanceOf(SourceRefused);
    expect(failure.message).toMatch(/^hostile\.pdf: .*its table of pages was made to harm; make the PDF again/);
  });
});

describe('a page, as a vendor may deliver it beside a scan,', () => {
  test('whose content unpacks a thousand to one has an ALTO, without styles', async () => {
    await writeFile(pdf, contentBomb(66));
    expect(await alto()).toMatchObject({ words: 0, built: true });
  });

  test('whose form unpacks a thousand to one has an ALTO, without styles', async () => {
    const words = 'BT /F 12 Tf 50 50 Td (words) Tj ET /X Do';
    const form = { head: '/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter /FlateDecode', body: packed(66) };
    await writeFile(
      pdf,
      onePage(words, '/Font << /F 5 0 R >> /XObject << /X 6 0 R >>', { 5: { head: FONT }, 6: form }),
    );
    expect(await alto()).toMatchObject({ words: 1, built: true });
    expect(warnings.join()).toMatch(/its ALTO has no styles .*a stream unpacks to more than 64 MB/);
  });

  test('whose forms draw each other has an ALTO, without styles', async () => {
    await writeFile(pdf, formBomb(30, 2));
    expect(await alto()).toMatchObject({ words: 1, built: true });
    expect(warnings.join()).toMatch(/its ALTO has no styles .*it draws more than 20000 forms/);
  });

  test('of more words than memory is for is refused', async () => {
    await writeFile(pdf, onePage('BT /F 9 Tf 50 50 Td (words) Tj ET', '/Font << /F 5 0 R >>', { 5: { head: FONT } }));
    const limits = { fileMegabytes: 0.0001 };
    const args = ['-bbox-layout', pdf, join(root, 'text.html')];
    const refusal = asRefusal(pdf, await failureOf(runProgram('pdftotext', args, { timeoutSeconds: 60, limits })));
    expect(refusal).toBeInstanceOf(SourceRefused);
    expect((refusal as Error).message).toMatch(/pdftotext wrote a file of more than 0\.0001 MB for it; save the PDF/);
  });

  test('that takes a processor for ever is refused: no other try would end sooner', async () => {
    await writeFile(pdf, formBomb(10, 12));
    const args = ['-r', '72', '-singlefile', pdf, join(root, 'page')];
    const failure = await failureOf(runProgram('pdftoppm', args, { timeoutSeconds: 60, limits: { cpuSeconds: 1 } }));
    const refusal = asRefusal(pdf, failure) as Error;
    expect(refusal).toBeInstanceOf(SourceRefused);
    expect(refusal.message).toMatch(/hostile\.pdf: pdftoppm used more than 1 s of a processor for it; save the PDF/);
  });
});
