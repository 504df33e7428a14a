/** The picture of a page as an uncompressed 8-bit TIFF, grey or sRGB: what opj_compress reads best (design 12). */
import { join, resolve } from 'node:path';
import { inThread } from '../../files/threads.js';
import { runProgram } from '../../files/programs.js';
import { asRefusal, readPdfPage } from './pdf-page.js';
import type { ProgramLimits } from './program-limits.js';
import { inspectScan, MOST_PIXELS, writeScanRaster } from './scan-raster.js';
import { SourceRefused } from './source-refused.js';

export interface PixelSize {
  width: number;
  height: number;
}

export interface Raster {
  /** Path of the TIFF. */
  file: string;
  colour: boolean;
  /** It came in colour channels that are all equal, and was reduced to one. */
  reduced: boolean;
}

/** A page source whose size is known and whose pixels can be had. */
export interface RasterSource {
  size: PixelSize;
  /** Writes the raster into the directory. Nobody else may use the directory. */
  rasterise: (directory: string) => Promise<Raster>;
}

/**
 * Looks at a page's source without reading its pixels yet.
 *
 * @param dpi what a PDF is rendered at; a TIFF has its own pixels
 * @throws {SourceRefused} when it cannot become a picture
 */
export async function openSource(source: string, dpi: number, limits: ProgramLimits): Promise<RasterSource> {
  const opened = /\.pdf$/i.test(source) ? await openPdf(source, dpi, limits) : await openScan(source, limits);
  const { width, height } = opened.size;
  if (width * height > MOST_PIXELS)
    throw new SourceRefused(
      source,
      `its picture would be ${width} x ${height} pixels`,
      `at most ${MOST_PIXELS / 1e6} million pixels are made; check the page size`,
    );
  return opened;
}

async function openPdf(pdf: string, dpi: number, limits: ProgramLimits): Promise<RasterSource> {
  const page = await readPdfPage(pdf, limits);
  return {
    size: pixelsOf(page, dpi),
    rasterise: async (directory) => {
      const root = join(resolve(directory), 'page');
      const format = ['-tiff', '-tiffcompression', 'none', '-singlefile'];
      const args = ['-cropbox', '-r', String(dpi), ...format, resolve(pdf), root];
      await runProgram('pdftoppm', args, limits).catch((error: unknown) => {
        throw asRefusal(pdf, error);
      });
      return withoutIdleColour(`${root}.tif`, directory, limits);
    },
  };
}

/** Pixels of a page of that size in points: whole ones, the last may be cut (as pdftoppm counts). */
export function pixelsOf(page: { width: number; height: number }, dpi: number): PixelSize {
  return { width: Math.ceil((page.width * dpi) / 72), height: Math.ceil((page.height * dpi) / 72) };
}

async function openScan(tiff: string, limits: ProgramLimits): Promise<RasterSource> {
  const scan = await inspectScan(tiff);
  return {
    size: scan.size,
    rasterise: async (directory) => {
      const file = await writeScanRaster(scan, directory, limits.signal);
      if (scan.colour) return withoutIdleColour(file, directory, limits);
      return { file, colour: false, reduced: false };
    },
  };
}

/** Three equal channels hold no colour: one is enough, takes a third of the memory and less than half of the time. */
async function withoutIdleColour(file: string, directory: string, { signal }: ProgramLimits): Promise<Raster> {
  const grey = join(directory, 'grey.tif');
  const thread = new URL('./grey-thread.js', import.meta.url);
  const reduced = await inThread<boolean>(thread, 'reduceToGrey', { source: file, target: grey }, signal);
  return reduced ? { file: grey, colour: false, reduced } : { file, colour: true, reduced };
}
