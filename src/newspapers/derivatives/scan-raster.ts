/** Scanned pages: TIFFs as digitisation vendors deliver them. */
import type { Sharp } from 'sharp';
import { SourceRefused } from './source-refused.js';

export interface Scan {
  file: string;
  /** As it is to be looked at: the orientation tag is obeyed. */
  size: { width: number; height: number };
  /** False for grey and 1-bit scans. */
  colour: boolean;
}

/** Pixels in a scan that sharp is to open at all; how many are worth it is the caller's business. */
const LIMIT_PIXELS = 2 ** 31;

/**
 * Reads what kind of TIFF it is.
 *
 * @throws {SourceRefused} when it is broken, or has several pages, more than 8 bits or a colour space that cannot be kept faithfully yet
 */
export async function inspectScan(file: string): Promise<Scan> {
  const found = await (await open(file)).metadata().catch((error: unknown) => {
    throw broken(file, error);
  });
  const remedy = 'save it as a one-page, 8-bit grey or RGB, or 1-bit TIFF';
  if (found.format !== 'tiff') throw new SourceRefused(file, `it is no TIFF but ${found.format}`, remedy);
  if ((found.pages ?? 1) !== 1) throw new SourceRefused(file, `it has ${found.pages ?? 0} pages`, remedy);
  if (found.depth !== 'uchar') throw new SourceRefused(file, `its samples are ${found.depth}, not 8 bits`, remedy);
  if (found.space !== 'b-w' && found.space !== 'srgb')
    throw new SourceRefused(file, `its colour space is ${found.space}`, remedy);
  return { file, size: found.autoOrient, colour: found.space === 'srgb' };
}

/**
 * Writes the scan's pixels uncompressed: 1-bit becomes 8-bit grey, an embedded colour profile is applied (sRGB comes
 * out), transparency is laid on white, the orientation tag is obeyed. libvips works in threads of its own, piece by
 * piece: memory does not grow with the page.
 *
 * @throws {SourceRefused} when its pixels cannot all be read
 */
export async function writeScanRaster(scan: Scan, target: string): Promise<void> {
  const picture = (await open(scan.file))
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace(scan.colour ? 'srgb' : 'b-w')
    .tiff({ compression: 'none' });
  await picture.toFile(target).catch((error: unknown) => {
    if (/no space|quota|write error/i.test(String(error))) throw error;
    throw broken(scan.file, error);
  });
}

async function open(file: string): Promise<Sharp> {
  const { default: sharp } = await import('sharp'); // lazily: it loads a library of 20 MB
  sharp.cache(false); // no page is read twice
  sharp.concurrency(1); // pages run side by side, as many as the queue is wide
  // Broken pixels are errors; warnings are not, they also come from private tags that scanners write.
  return sharp(file, { failOn: 'error', limitInputPixels: LIMIT_PIXELS, sequentialRead: true });
}

function broken(file: string, error: unknown): SourceRefused {
  const reason = error instanceof Error ? error.message.trim().replaceAll(/\s*\n\s*/g, '; ') : String(error);
  return new SourceRefused(file, `it cannot be read as a picture (${reason})`, 'replace it by a sound copy');
}
