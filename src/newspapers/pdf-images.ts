/** The pictures in a PDF and their resolution, without rendering a page (newspapers 5.4 rows 18 to 20, 5.4.2). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ProgramLimits } from './derivatives/program-limits.js';
import { assertPdf, assertWritten, runQpdf } from './derivatives/sound-pdf.js';
import { SourceRefused } from './derivatives/source-refused.js';
import { readPdf, type PdfReader } from './pdf/read-pdf.js';

export interface PdfImage {
  /** From 1. */
  page: number;
  /** Samples. */
  width: number;
  height: number;
  /** Samples per inch of paper along the picture's own sides, as it is placed on the page: whole numbers from 1. */
  xDpi: number;
  yDpi: number;
}

const TIMEOUT_SECONDS = 5 * 60;
const PAINTED_IMAGES: PdfReader = {
  module: new URL('./pdf/painted-images.js', import.meta.url),
  exportName: 'listPaintedImages',
};

/**
 * Lists the pictures that a PDF's pages paint, each as often as it is painted: pictures by name or inline, stencils,
 * those in forms within forms and in what annotations look like. Masks of another picture are no pictures of their
 * own; what patterns and glyphs paint is none.
 *
 * So says `pdfimages -list`, too, but for three things. A resolution here is that of the picture's own sides, however
 * the page turns it (`pdfimages` mixes up the sides of a picture that is turned by a quarter). Pictures in layers that
 * are switched off count, pictures in the group of a soft mask do not.
 *
 * Only the objects that say what is painted are read, never a picture's bytes: 1 ms for a scanned page. A PDF that is
 * encrypted, repaired or of an unusual make goes through qpdf first.
 *
 * @throws {SourceRefused} saying why the file cannot be read, and what to do
 */
export async function pdfImages(path: string, signal?: AbortSignal): Promise<PdfImage[]> {
  const limits = { timeoutSeconds: TIMEOUT_SECONDS, ...(signal && { signal }) };
  const read = await readPdf<PdfImage[]>(PAINTED_IMAGES, path, { path: resolve(path), lenient: false }, limits);
  if ('found' in read) return read.found;
  return read.hopeless ? refused(path, read.unclear) : throughQpdf(path, limits);
}

function refused(path: string, reason: string): never {
  throw new SourceRefused(path, `its pictures cannot be listed: ${reason}`, 'make the PDF again');
}

async function throughQpdf(path: string, limits: ProgramLimits): Promise<PdfImage[]> {
  await assertPdf(path);
  const scratch = await mkdtemp(join(tmpdir(), 'pressmark-pdf-'));
  try {
    const plain = join(scratch, 'plain.pdf');
    const args = ['--decrypt', '--object-streams=disable', resolve(path), plain];
    await runQpdf(path, args, limits);
    await assertWritten(plain);
    const read = await readPdf<PdfImage[]>(PAINTED_IMAGES, path, { path: plain, lenient: true }, limits);
    return 'found' in read ? read.found : refused(path, read.unclear);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
