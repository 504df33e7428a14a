/** The ALTO of a page: its words and where they stand on its picture (newspapers 6.3). */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { assertFreeSpace } from '../../files/free-space.js';
import { landFile } from '../../files/land.js';
import { runProgram } from '../../files/programs.js';
import { inThread } from '../../files/threads.js';
import type { AltoPage } from './alto-document.js';
import type { AltoFacts, BuildOrder, Built } from './alto-thread.js';
import { asRefusal, readPdfPage, type PdfPage } from './pdf-page.js';
import { PROGRAM_TIMEOUT_SECONDS, type ProgramLimits } from './program-limits.js';
import { pixelsOf, type PixelSize } from './raster.js';
import { withScratch } from './scratch.js';
import { SourceRefused } from './source-refused.js';

export interface AltoOrder {
  /** A one-page PDF with the text. */
  pdf: string;
  target: string;
  /** The resolution at which the page has the pixels that are meant, when `image` does not say. */
  dpi: number;
  /** Its place in the issue, from 1. */
  pageNumber: number;
  /** ISO 639-2, three letters; anything else becomes "eng". */
  language: string;
  /** The picture that the coordinates are for. A scan's has the resolution of its TIFF, whatever that of the PDF. */
  image?: PixelSize & { name: string };
  log?: Pick<Logger, 'info' | 'warn'>;
  signal?: AbortSignal;
  /** For each outside program. */
  timeoutSeconds?: number;
}

export interface AltoMade {
  width: number;
  height: number;
  words: number;
  /** False: it was there already and is about this page. */
  built: boolean;
}

const THREAD = new URL('./alto-thread.js', import.meta.url);
/** Above this the picture and the PDF differ in shape by more than rounding and trimming do. */
const WORTH_A_WARNING = 0.01;
/** Above this every word would stand beside its ink. */
const NOT_THE_SAME_PAGE = 0.1;

/**
 * Makes the ALTO of one page from the text in its PDF. All coordinates are pixels of the page's picture. A page
 * without text gives an ALTO without blocks. It lands by rename; one that is there and parses, with the right page,
 * picture size and file name, is left as it is.
 *
 * @throws {SourceRefused} when the PDF cannot be read, has not one page, or is not the page of the picture
 */
export async function makeAlto(order: AltoOrder): Promise<AltoMade> {
  const { pdf, target, signal, timeoutSeconds = PROGRAM_TIMEOUT_SECONDS } = order;
  const limits = { timeoutSeconds, ...(signal && { signal }) };
  const page = await describePage(order, limits);
  return withScratch({ target, signal }, async (scratch) => {
    const there = await inThread<AltoFacts | undefined>(THREAD, 'readAlto', { path: target }, signal);
    if (there && isAbout(page, there)) return { ...page.size, words: there.words, built: false };
    const made = join(scratch, 'page.xml');
    const built = await build(page.alto, { pdf, scratch: resolve(scratch), signal, limits });
    if ('refused' in built) {
      await assertFreeSpace(scratch, 0); // pdftotext ends well on a full disk, and its output is cut
      throw new SourceRefused(pdf, built.refused, 'make the page PDF again and requeue');
    }
    tell(built, basename(pdf), order.log);
    await landFile(made, target);
    return { ...page.size, words: built.words, built: true };
  });
}

interface BuildPlace {
  pdf: string;
  scratch: string;
  signal: AbortSignal | undefined;
  limits: ProgramLimits;
}

/** Into `page.xml` in the scratch directory; a second time when the first found that the fonts could be mended. */
async function build(
  page: AltoPage,
  { pdf, scratch, signal, limits }: BuildPlace,
): Promise<Exclude<Built, { mended: string }>> {
  const text = join(scratch, 'text.html');
  const read = async (source: string) => {
    const args = ['-bbox-layout', '-cropbox', '-enc', 'UTF-8', source, text];
    await runProgram('pdftotext', args, limits).catch((error: unknown) => {
      throw asRefusal(pdf, error);
    });
  };
  const order: BuildOrder = { pdf: resolve(pdf), text, target: join(scratch, 'page.xml'), page };
  await read(order.pdf);
  const built = await inThread<Built>(THREAD, 'buildAlto', { ...order, mended: join(scratch, 'mended.pdf') }, signal);
  if (!('mended' in built)) return built;
  await read(built.mended);
  const again = await inThread<Built>(THREAD, 'buildAlto', { ...order, pdf: built.mended }, signal);
  if ('mended' in again) throw new Error(`${pdf}: its fonts were mended twice`); // no second copy was asked for
  return again;
}

/** What is not in the ALTO, and why. */
function tell(
  built: Exclude<Built, { refused: string } | { mended: string }>,
  file: string,
  log: AltoOrder['log'],
): void {
  if (built.unseen > 0) log?.warn({ file, words: built.unseen }, 'left out words beyond the edges of the page');
  if (built.askew > 0) log?.warn({ file, words: built.askew }, 'left out pieces of words that stand at an angle');
  if (built.repeated > 0)
    log?.info({ file, words: built.repeated }, 'left out words that are printed twice at one place');
  if (built.withoutStyles !== undefined)
    log?.warn({ file, reason: built.withoutStyles }, 'the fonts of the page could not be read: its ALTO has no styles');
}

async function describePage(order: AltoOrder, limits: ProgramLimits): Promise<{ size: PixelSize; alto: AltoPage }> {
  const { pdf, dpi, pageNumber } = order;
  const points = await readPdfPage(pdf, limits);
  const { width, height } = order.image ?? pixelsOf(points, dpi);
  const name = basename(pdf);
  const alto: AltoPage = {
    number: pageNumber,
    ...{ width, height },
    scale: scaleOf(points, { width, height }, order),
    language: /^[a-z]{3}$/.test(order.language) ? order.language : 'eng',
    fileName: name,
    imageName: order.image?.name ?? name.replace(/\.pdf$/i, '.jp2'),
    software: await software(limits),
  };
  return { size: { width, height }, alto };
}

/** Pixels per point: exactly those of the resolution when the picture was made with it, else by the picture's size. */
function scaleOf(points: PdfPage, image: PixelSize, { pdf, dpi, image: named, log }: AltoOrder): AltoPage['scale'] {
  const rendered = pixelsOf(points, dpi);
  if (Math.abs(rendered.width - image.width) <= 1 && Math.abs(rendered.height - image.height) <= 1)
    return { x: dpi / 72, y: dpi / 72 };
  const scale = { x: image.width / points.width, y: image.height / points.height };
  const skew = Math.abs(scale.x / scale.y - 1);
  const shapes = `its page has ${points.width} x ${points.height} points, ${named?.name ?? 'its picture'} ${image.width} x ${image.height} pixels`;
  if (skew > NOT_THE_SAME_PAGE)
    throw new SourceRefused(pdf, shapes, 'that is not the same page: deliver the PDF that belongs to the TIFF');
  if (skew > WORTH_A_WARNING)
    log?.warn({ file: basename(pdf) }, `${shapes}: shapes differ, so words may stand beside their ink`);
  return scale;
}

function isAbout({ alto }: { alto: AltoPage }, there: AltoFacts): boolean {
  return (
    there.number === alto.number &&
    there.width === alto.width &&
    there.height === alto.height &&
    there.fileName === alto.fileName
  );
}

let versions: Promise<AltoPage['software']> | undefined;

/** Asked once; when asking fails the next page asks again. */
function software(limits: ProgramLimits): Promise<AltoPage['software']> {
  versions ??= readVersions(limits).catch((error: unknown) => {
    versions = undefined;
    throw error;
  });
  return versions;
}

async function readVersions({ timeoutSeconds }: ProgramLimits): Promise<AltoPage['software']> {
  const { stderr } = await runProgram('pdftotext', ['-v'], { timeoutSeconds, okExitCodes: [0, 99] });
  const pdftotext = /version ([\w.]+)/.exec(stderr)?.[1] ?? 'unknown';
  const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string }; // our own package.json
  return { pdftotext, pressmark: version };
}
