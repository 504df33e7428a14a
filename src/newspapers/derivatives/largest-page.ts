/** How large a page may be: what is larger is refused before anything is made of it. */
import { MOST_PIXELS } from './scan-raster.js';
import { SourceRefused } from './source-refused.js';

const POINTS_PER_INCH = 72;
const MILLIMETRES_PER_INCH = 25.4;

/**
 * A page at the limit of 500 million pixels (2.8 m square at 200 dpi) takes opj_compress 2.4 GB of memory when it is
 * grey and 7.3 GB in colour (measured: 12 bytes for each coloured pixel, beside the raster), pdftoppm 1.5 GB, and half
 * a minute or a whole one of a core.
 *
 * @param page points
 * @throws {SourceRefused} when its picture would have more than {@link MOST_PIXELS}, or none
 */
export function assertPageSize(
  file: string,
  number: number,
  { width, height }: { width: number; height: number },
  dpi: number,
): void {
  const inMillimetres = (points: number) => Math.round((points / POINTS_PER_INCH) * MILLIMETRES_PER_INCH);
  const inPixels = (points: number) => Math.ceil((points * dpi) / POINTS_PER_INCH);
  if (!(width > 0 && height > 0)) throw new SourceRefused(file, `page ${number} has no size`, 'make the PDF again');
  if (inPixels(width) * inPixels(height) <= MOST_PIXELS) return;
  throw new SourceRefused(
    file,
    `page ${number} is ${inMillimetres(width)} x ${inMillimetres(height)} mm: at ${dpi} dpi (DPI) its picture would be ` +
      `${inPixels(width)} x ${inPixels(height)} pixels`,
    `at most ${MOST_PIXELS / 1e6} million pixels are made; give the page its printed size, or lower DPI`,
  );
}
