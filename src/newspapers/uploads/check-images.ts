/** The images inside the PDFs of a scan (newspapers spec 5.4 rows 18 to 20): of the one resolution that OCR positions count on. */
import { join } from 'node:path';
import { atOnce } from '../../files/at-once.js';
import type { DirectoryEntry } from '../../files/read-directory.js';
import { SourceRefused } from '../derivatives/source-refused.js';
import { pdfImages, type PdfImage } from '../pdf-images.js';
import { hasExtension } from './contents.js';
import { problem, type Problem } from './problem.js';

const FILES_AT_ONCE = 2;

/** Smaller ones, in samples, are specks and rules of the OCR program's: whatever their resolution, they carry no page. */
const SMALLEST_IMAGE = 1000;

/** How far a resolution may be off, in percent of SCANNED_PDF_DPI; the limits themselves are right. */
const TOLERANCE = 15;

/** Looks at every PDF of a scan's directory, one problem at most for each. */
export async function checkImages(
  directory: string,
  entries: readonly DirectoryEntry[],
  dpi: number,
  signal?: AbortSignal,
): Promise<Problem[]> {
  const pdfs = entries.filter(isPdf).map((entry) => entry.name);
  const problems = await atOnce(FILES_AT_ONCE, pdfs, (name, either) => checkPdf(directory, name, dpi, either), signal);
  return problems.filter((found) => found !== undefined);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isPdf = (entry: DirectoryEntry): boolean => !entry.name.startsWith('.') && hasExtension(entry, '.pdf');

async function checkPdf(
  directory: string,
  file: string,
  dpi: number,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const name = JSON.stringify(file);
  let images: PdfImage[];
  try {
    images = await pdfImages(join(directory, file), signal);
  } catch (error) {
    signal.throwIfAborted(); // we were told to stop: nothing is known of the file
    const why = error instanceof SourceRefused ? `${error.reason}; make it again from its TIFF` : messageOf(error);
    return problem('unreadable PDF', `${name}: unable to get image info: ${why}`, { file });
  }
  if (images.length === 0) {
    const remedy = 'make it again from its TIFF, with the page as an image';
    return problem('no images', `${name} contains no images or is not a valid PDF; ${remedy}`, { file });
  }
  const wrong = images.find((image) => !isRightImage(image, dpi));
  if (!wrong) return undefined;
  const { page, width, height } = wrong;
  const [x, y] = [Math.round(wrong.xDpi), Math.round(wrong.yDpi)];
  const right = `${Math.ceil((dpi * (100 - TOLERANCE)) / 100)} to ${Math.floor((dpi * (100 + TOLERANCE)) / 100)}`;
  return problem(
    'invalid images',
    `${name} contains one or more invalid images: that of ${width} x ${height} pixels on page ${page} has ${x} x ${y} dpi, not ${right}; make it again with images of ${dpi} dpi (setting SCANNED_PDF_DPI)`,
    { file },
  );
}

/** Resolutions count in whole dots, as pdfimages prints them and NCA reads them. */
function isRightImage({ width, height, xDpi, yDpi }: PdfImage, dpi: number): boolean {
  if (width * height < SMALLEST_IMAGE) return true;
  return [xDpi, yDpi].every((found) => Math.abs(Math.round(found) - dpi) * 100 <= dpi * TOLERANCE);
}
