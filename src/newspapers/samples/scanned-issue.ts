/**
 * A sample issue as a digitisation vendor delivers it: per page a TIFF and a PDF that holds a JPEG of SCANNED_PDF_DPI
 * under the text of the OCR (newspapers 5.1, scans).
 */
import pLimit from 'p-limit';
import sharp from 'sharp';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../files/programs.js';
import type { SampleIssue } from './born-digital-issue.js';
import { composeIssue } from './compose.js';
import type { Faces } from './fonts/faces.js';
import { issuePdf } from './issue-pdf.js';
import type { PageCanvas } from './layout/canvas.js';
import { ocrPdf } from './ocr-pdf.js';
import { renderPicture } from './pictures/render.js';
import { seededRandom } from './random.js';
import { PORT_MERROW_LEDGER, type SampleTitle } from './sample-titles.js';
import { bedOperators, layOnBed, scan, type Lay, type Pixels } from './scanner.js';

export interface ScannedRequest {
  /** Made if it is missing. */
  directory: string;
  pages: number;
  seed: string | number;
  title?: SampleTitle;
  /** YYYY-MM-DD. */
  date?: string;
  /** Of the TIFF; vendors deliver 300 or 400 (default). Small ones make quick tests. */
  dpi?: number;
  /** 1 (default): black and white, CCITT G4. 8: grey, LZW. 24: colour, LZW. */
  bits?: 1 | 8 | 24;
  /** Of the JPEG in the PDF: the setting SCANNED_PDF_DPI. */
  pdfDpi?: number;
}

const POINTS_PER_INCH = 72;
const MM_PER_INCH = 25.4;

/**
 * Writes `0001.tif`, `0001.pdf`, `0002.tif` ...; `files` lists them in this order. Needs `pdftoppm`. The same request
 * gives the same bytes.
 *
 * @throws ProgramFailed when pdftoppm does
 */
export async function makeScannedIssue(request: ScannedRequest): Promise<SampleIssue> {
  const { directory, pages, seed, title = PORT_MERROW_LEDGER, date = '1911-03-10' } = request;
  const issue = await composeIssue({ title, date, pages, seed });
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'pressmark-samples-'));
  try {
    const atOnce = pLimit(availableParallelism());
    const files = await Promise.all(
      issue.pages.map((canvas, i) =>
        atOnce(() =>
          scanPage(
            canvas,
            issue.faces,
            join(work, String(i + 1)),
            join(directory, String(i + 1).padStart(4, '0')),
            request,
          ),
        ),
      ),
    );
    return { files: files.flat(), pages, words: issue.pages.map(({ words }) => words.map(({ text }) => text)) };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Makes the two files of one page; `base` is their path without the extension. */
async function scanPage(
  canvas: PageCanvas,
  faces: Faces,
  work: string,
  base: string,
  request: ScannedRequest,
): Promise<string[]> {
  const { dpi = 400, bits = 1, pdfDpi = 150 } = request;
  const random = seededRandom(`${request.seed}/scan of ${base.slice(-4)}`);
  const lay = layOnBed(canvas, random.fork('lay'));
  const clean = await renderOnBed(canvas, faces, lay, work, dpi);
  const { data, width, height, channels } = scan(clean, bits, dpi, random);

  const raw = { raw: { width, height, channels } };
  const resolution = dpi / MM_PER_INCH;
  const fax = { compression: 'ccittfax4', bitdepth: 1, miniswhite: true } as const;
  const lzw = { compression: 'lzw', predictor: 'horizontal' } as const;
  const image = channels === 1 ? sharp(data, raw).toColourspace('b-w') : sharp(data, raw);
  const tiff = image
    .tiff({ ...(bits === 1 ? fax : lzw), xres: resolution, yres: resolution, resolutionUnit: 'inch' })
    .toFile(`${base}.tif`);
  const picture = await jpegOf({ data, width, height, channels }, pdfDpi / dpi);
  const size = { width: (width * POINTS_PER_INCH) / dpi, height: (height * POINTS_PER_INCH) / dpi };
  await writeFile(`${base}.pdf`, await ocrPdf(picture, size, canvas, lay));
  await tiff;
  return [`${base}.tif`, `${base}.pdf`];
}

/** The page as it lies on the scanner, rendered in grey: age and colour come after. */
async function renderOnBed(canvas: PageCanvas, faces: Faces, lay: Lay, work: string, dpi: number): Promise<Pixels> {
  const pictures = await Promise.all(canvas.pictures.map((picture) => renderPicture({ ...picture, colour: false })));
  const bed = { width: lay.width, height: lay.height, before: bedOperators(lay, canvas) };
  await writeFile(`${work}.pdf`, await issuePdf([{ canvas, pictures, bed }], faces));
  await runProgram('pdftoppm', ['-r', String(dpi), '-gray', '-singlefile', `${work}.pdf`, work], {
    timeoutSeconds: 120,
  });
  const pixels = readPgm(await readFile(`${work}.pgm`));
  await rm(`${work}.pgm`);
  return pixels;
}

/** A binary PGM of 8 bits, as pdftoppm writes it: no comments. */
function readPgm(file: Buffer): Pixels {
  const header = /^P5\s(\d+)\s(\d+)\s255\s/.exec(file.toString('latin1', 0, 64));
  if (header === null) throw new Error('pdftoppm wrote no 8-bit PGM: is it the poppler one?');
  return { data: file.subarray(header[0].length), width: Number(header[1]), height: Number(header[2]), channels: 1 };
}

async function jpegOf({ data, width, height, channels }: Pixels, scale: number): ReturnType<typeof renderPicture> {
  const image = sharp(data, { raw: { width, height, channels } }).resize(
    Math.round(width * scale),
    Math.round(height * scale),
    { kernel: 'linear' },
  );
  const jpeg = await (channels === 1 ? image.toColourspace('b-w') : image)
    .jpeg({ quality: 62 })
    .toBuffer({ resolveWithObject: true });
  return {
    width: jpeg.info.width,
    height: jpeg.info.height,
    colour: channels === 3,
    bits: 8,
    filter: 'DCTDecode',
    data: jpeg.data,
  };
}
