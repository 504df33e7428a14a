/** Splits an upload's PDFs into one PDF per page (newspapers 3.2.17, 6.1). */
import { chmod, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { FatalError } from '../../engine/job.js';
import { assertFreeSpace } from '../../files/free-space.js';
import { askedOfDisk } from '../../files/full-disk.js';
import { syncDirectory } from '../../files/land.js';
import { PROGRAM_TIMEOUT_SECONDS, type ProgramLimits } from './program-limits.js';
import { leftoversOf, removeLeftovers } from './scratch.js';
import { makePdfA } from './pdf-a.js';
import { preparePdf, type PreparedPdf } from './prepare-pdf.js';
import { assertWhole, assertWritten, runQpdf } from './sound-pdf.js';

export interface SplitOrder {
  /** PDFs in the order of their pages. */
  sources: readonly string[];
  /** Made by this call, holding nothing but `seq-0001.pdf` and so on. */
  outputDirectory: string;
  minimumPages: number;
  /** What the pages will be rendered at: pages that would become too large pictures are refused at once. */
  dpi?: number;
  /** Make PDF/A-2b of the pages that can become it (the setting PDF_A). */
  pdfA?: boolean;
  log: Pick<Logger, 'info' | 'warn'>;
  signal?: AbortSignal;
  /** For each run of qpdf. */
  timeoutSeconds?: number;
}

const PAGE_NAME = /^seq-\d{4}\.pdf$/;
const MOST_PAGES = 9999;
const pageName = (page: number) => `seq-${String(page).padStart(4, '0')}.pdf`;

/**
 * Splits all PDFs of an upload, one after the other, into `seq-0001.pdf`, `seq-0002.pdf` and so on. Fonts, text,
 * images and boxes stay as they are; what becomes of everything else is told in `prepare-pdf.ts`. The same sources
 * give the same bytes. All files are looked over before the first is split.
 *
 * Everything is built in a fresh directory beside the output, which appears by rename: it is whole or not there. One
 * that is there already is done and left alone. What killed runs left is removed.
 *
 * @throws {SourceRefused} naming the file that cannot be split, and why
 * @throws {FatalError} when there are no sources, fewer than `minimumPages` pages, or the output directory holds something else
 */
export async function splitPdfs(order: SplitOrder): Promise<{ pages: number }> {
  const { sources, minimumPages, dpi, pdfA, log, signal, timeoutSeconds = PROGRAM_TIMEOUT_SECONDS } = order;
  const limits = { timeoutSeconds, ...(signal && { signal }) };
  const output = resolve(order.outputDirectory);
  const done = await pagesIn(output);
  if (done !== undefined) return { pages: done };
  if (sources.length === 0) throw new FatalError('There is no PDF to split; upload the issue again');
  await assertRoom(sources, output);

  const prefix = leftoversOf(output);
  await removeLeftovers(dirname(output), prefix);
  const building = await mkdtemp(join(dirname(output), prefix));
  const scratch = await mkdtemp(join(dirname(output), prefix));
  try {
    const prepared: PreparedPdf[] = [];
    for (const [index, source] of sources.entries())
      prepared.push(await preparePdf(source, index, { scratch, dpi, log, limits }));
    const expected = prepared.reduce((sum, pdf) => sum + pdf.pages, 0);
    if (expected > MOST_PAGES)
      throw new FatalError(
        `The upload has ${expected} pages, at most ${MOST_PAGES} are taken; divide it into several issues`,
      );
    if (expected < minimumPages) throw tooFewPages(expected, minimumPages, sources);
    let pages = 0;
    for (const pdf of prepared) {
      const made = pdf.keepsLayers
        ? await splitWithLayers(pdf, building, pages, limits)
        : await splitOne(pdf, building, pages, log, limits);
      if (made !== pdf.pages)
        throw new FatalError(`${basename(pdf.source)}: ${made} of its ${pdf.pages} pages came out; make the PDF again`);
      pages += made;
    }
    if (pdfA === true)
      for (let page = 1; page <= pages; page++)
        await makePdfA(join(building, pageName(page)), { scratch, log, limits });
    await rm(scratch, { recursive: true }); // before: what is published needs no more cleaning up
    await publish(building, output);
    log.info({ pages, files: sources.length }, 'split the upload into pages');
    return { pages };
  } catch (error) {
    throw signal?.aborted ? error : await askedOfDisk(dirname(output), error);
  } finally {
    await rm(building, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}

/** How many pages a former run made; undefined when there is no such directory. */
async function pagesIn(output: string): Promise<number | undefined> {
  const names = await readdir(output).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (names === undefined) return undefined;
  const foreign = names.find((name) => !PAGE_NAME.test(name));
  if (names.length === 0 || foreign !== undefined || !names.includes(pageName(names.length)))
    throw new FatalError(
      `${output} is to hold the split pages but ${foreign === undefined ? 'is not a full set of them' : `holds ${foreign}`}; move it away and requeue`,
    );
  return names.length;
}

async function assertRoom(sources: readonly string[], output: string): Promise<void> {
  const sizes = await Promise.all(sources.map(async (source) => (await stat(source)).size));
  await assertFreeSpace(
    dirname(output),
    sizes.reduce((sum, size) => sum + size, 0),
  );
}

const KEEPING = ['--decrypt', '--deterministic-id', '--remove-unreferenced-resources=yes'];

/** @returns the number of pages made */
async function splitOne(
  { source, path }: PreparedPdf,
  building: string,
  before: number,
  log: SplitOrder['log'],
  limits: ProgramLimits,
): Promise<number> {
  const args = [...KEEPING, '--split-pages', path, 'page-%d.pdf']; // a %d in the path of the directory would be taken for the number
  const { exitCode, stderr } = await runQpdf(source, args, { ...limits, cwd: building });
  if (exitCode === 3) {
    await assertWhole(source, stderr);
    log.warn({ file: basename(source), said: stderr.trim() }, 'qpdf repaired a PDF; look at its pages');
  }
  const made = await readdir(building);
  const numbers = made.flatMap((name) => /^page-(\d+)\.pdf$/.exec(name)?.[1] ?? []); // zero-padded: 01 to 12
  numbers.sort((a, b) => Number(a) - Number(b));
  for (const [index, number] of numbers.entries()) {
    const page = join(building, `page-${number}.pdf`);
    await assertWritten(page);
    await rename(page, join(building, pageName(before + index + 1)));
  }
  return numbers.length;
}

/**
 * `--split-pages` drops the catalog, and with it which layers are hidden: such pages are taken out one by one. As each
 * run reads the whole file, they come by way of parts of it.
 */
async function splitWithLayers(
  { source, path, pages }: PreparedPdf,
  building: string,
  before: number,
  limits: ProgramLimits,
): Promise<number> {
  const take = async (from: string, range: string, to: string) => {
    const args = [...KEEPING, from, '--pages', '.', range, '--', to];
    await runQpdf(source, args, { ...limits, cwd: building });
    await assertWritten(join(building, to));
  };
  const size = Math.ceil(Math.sqrt(pages));
  for (let first = 1; first <= pages; first += size) {
    const last = Math.min(pages, first + size - 1);
    await take(path, `${first}-${last}`, 'part.pdf');
    for (let page = first; page <= last; page++)
      await take('part.pdf', String(page - first + 1), pageName(before + page));
    await rm(join(building, 'part.pdf'));
  }
  return pages;
}

function tooFewPages(pages: number, minimumPages: number, sources: readonly string[]): FatalError {
  const files = sources.map((source) => basename(source)).join(', ');
  return new FatalError(
    `The upload has ${pages} ${pages === 1 ? 'page' : 'pages'} (${files}), an issue has at least ${minimumPages}; ` +
      'upload the whole issue, or lower MINIMUM_ISSUE_PAGES',
  );
}

/** Makes the directory durable, gives it its name, and makes that durable. */
async function publish(building: string, output: string): Promise<void> {
  for (const name of await readdir(building)) {
    const file = await open(join(building, name), 'r+');
    try {
      await file.chmod(0o644);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await chmod(building, 0o755);
  await syncDirectory(building);
  await rename(building, output);
  await syncDirectory(dirname(output));
}
