/** Scanned pages: TIFFs as digitisation vendors deliver them. */
import { copyFile, open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metadata, Sharp } from 'sharp';
import { inThread } from '../../files/threads.js';
import { SourceRefused } from './source-refused.js';
import { readTiffHead, UnreadableTiff, type TiffDirectory } from './tiff-head.js';

export interface Scan {
  file: string;
  /** As it is to be looked at: the orientation tag is obeyed. */
  size: { width: number; height: number };
  /** False for grey and 1-bit scans. */
  colour: boolean;
  /** It holds Lab colours of 8 bits: where that is written in it. */
  lab?: TiffDirectory['photometricAt'];
}

/** A double broadsheet page at 600 dpi has 311 million pixels; up to four bytes each are what the programs hold in memory. */
export const MOST_PIXELS = 500e6;

/** How a TIFF may be compressed: by the number in its tag. */
const COMPRESSIONS: Record<number, string> = {
  ...{ 1: 'none', 2: 'CCITT modified Huffman', 3: 'CCITT G3', 4: 'CCITT G4', 5: 'LZW', 7: 'JPEG', 8: 'deflate' },
  ...{ 32773: 'PackBits', 32946: 'deflate' },
};
const OLD_JPEG = 6;
const RGB = 2;
const CIE_LAB = 8;
/** What libvips calls the colours that become grey, and those that become sRGB. */
const GREY = new Set(['b-w', 'grey16', 'multiband']);
const COLOUR = new Set(['srgb', 'rgb', 'rgb16', 'cmyk', 'lab', 'labs', 'labq']);
const LAB = new Set(['lab', 'labs', 'labq']);
const SAVE_AGAIN =
  'save it as a one-page TIFF, grey or RGB with 8 or 16 bits or 1-bit, with LZW or G4 compression or none';
const SCAN_AGAIN = 'replace it by a sound copy';

/**
 * Reads what kind of TIFF it is: 1-bit, grey, RGB, CMYK, Lab or palette, 8 or 16 bits, in strips, tiles or planes, of
 * either byte order, BigTIFF too.
 *
 * Further pages are let pass when they are marked as smaller versions of the first (thumbnails, pyramids); a TIFF of
 * several real pages is refused, since nobody could say which of them the page's PDF belongs to.
 *
 * @throws {SourceRefused} when it is broken or cut off, too large, or of a kind that cannot be kept faithfully
 */
export async function inspectScan(file: string): Promise<Scan> {
  const { directories, bytes } = await readTiffHead(file).catch((error: unknown) => {
    if (error instanceof UnreadableTiff) throw new SourceRefused(file, error.message, SCAN_AGAIN);
    throw error;
  });
  const [first, ...further] = directories;
  if (!first) throw new SourceRefused(file, 'there is no picture in it', SCAN_AGAIN); // readTiffHead has seen to that
  assertOnePage(file, first, further);
  assertSize(file, first);
  assertWhole(file, first, bytes);
  if (first.photometric === CIE_LAB && first.bits === 8 && first.samples === 3)
    return { file, size: upright(first), colour: true, lab: first.photometricAt };
  const found = await (await open(file)).metadata().catch((error: unknown) => {
    throw broken(file, error);
  });
  if (found.format !== 'tiff') throw new SourceRefused(file, `it is no TIFF but ${found.format}`, SAVE_AGAIN);
  assertKept(file, found);
  return { file, size: found.autoOrient, colour: COLOUR.has(found.space) };
}

function upright({ width, height, orientation }: TiffDirectory): Scan['size'] {
  return orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height };
}

function assertOnePage(file: string, first: TiffDirectory, further: readonly TiffDirectory[]): void {
  const pages = 1 + further.filter(({ reduced, width }) => !reduced || width >= first.width).length;
  if (pages === 1 && !first.reduced) return;
  const reason = pages === 1 ? 'its first picture is only a thumbnail' : `it has ${pages} pages`;
  throw new SourceRefused(file, reason, 'deliver each page as a TIFF of its own, in full size');
}

function assertSize(file: string, { width, height }: TiffDirectory): void {
  if (width * height <= MOST_PIXELS) return;
  throw new SourceRefused(
    file,
    `its picture would be ${width} x ${height} pixels`,
    `at most ${MOST_PIXELS / 1e6} million pixels are made: if the size is right scan it at a lower resolution, else ${SCAN_AGAIN}`,
  );
}

/** A file that was cut, or whose header asks for more than there is, before anybody takes memory for it. */
function assertWhole(file: string, directory: TiffDirectory, bytes: number): void {
  const { width, height, bits, samples, compression, pieces, expectedPieces } = directory;
  if (compression === OLD_JPEG)
    throw new SourceRefused(
      file,
      'it has JPEG compression of the old style (6), which no two readers agree on',
      SAVE_AGAIN,
    );
  if (COMPRESSIONS[compression] === undefined)
    throw new SourceRefused(file, `its compression (${compression}) is not one that is kept for long`, SAVE_AGAIN);
  const end = pieces.reduce((most, piece) => Math.max(most, piece.offset + piece.bytes), 0);
  if (end > bytes)
    throw new SourceRefused(file, `it is cut off: its pixels go to byte ${end}, it ends at byte ${bytes}`, SCAN_AGAIN);
  if (pieces.length < expectedPieces)
    throw new SourceRefused(file, `it has ${pieces.length} of ${expectedPieces} strips or tiles`, SCAN_AGAIN);
  const held = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  if (compression === 1 && held > 0 && held * 8 < width * height * bits * samples)
    throw new SourceRefused(file, `it holds ${held} bytes for ${width} x ${height} pixels`, SCAN_AGAIN);
}

function assertKept(file: string, { space, depth }: Metadata): void {
  if (!GREY.has(space) && !COLOUR.has(space)) throw new SourceRefused(file, `its colour space is ${space}`, SAVE_AGAIN);
  if (depth !== 'uchar' && depth !== 'ushort' && !LAB.has(space))
    throw new SourceRefused(file, `its samples are ${depth}, not 8 or 16 bits`, SAVE_AGAIN);
}

/**
 * Writes the scan's pixels uncompressed, 8 bits each: an embedded colour profile is applied (sRGB comes out),
 * transparency is laid on white, the orientation tag is obeyed. libvips works in threads of its own, piece by piece:
 * memory does not grow with the page.
 *
 * @returns the path of the picture, in the directory
 * @throws {SourceRefused} when its pixels cannot all be read
 */
export async function writeScanRaster(scan: Scan, directory: string, signal?: AbortSignal): Promise<string> {
  const target = join(directory, 'page.tif');
  if (!scan.lab) {
    await write(scan, scan.file, target);
    return target;
  }
  const disguised = join(directory, 'lab.tif');
  await copyFile(scan.file, disguised);
  await callRgb(disguised, scan.lab);
  await write(scan, disguised, target);
  await inThread(new URL('./lab-thread.js', import.meta.url), 'labToSrgb', { file: target }, signal);
  return target;
}

/** libvips unpacks three samples as they are when they are called red, green and blue. */
async function callRgb(file: string, { byte, little }: NonNullable<Scan['lab']>): Promise<void> {
  const tiff = await openFile(file, 'r+');
  try {
    await tiff.write(Buffer.from(little ? [RGB, 0] : [0, RGB]), 0, 2, byte);
  } finally {
    await tiff.close();
  }
}

async function write(scan: Scan, source: string, target: string): Promise<void> {
  const picture = (await open(source))
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
  return sharp(file, { failOn: 'error', limitInputPixels: MOST_PIXELS, sequentialRead: true });
}

function broken(file: string, error: unknown): SourceRefused {
  const reason = error instanceof Error ? error.message.trim().replaceAll(/\s*\n\s*/g, '; ') : String(error);
  return new SourceRefused(file, `it cannot be read as a picture (${reason})`, SCAN_AGAIN);
}
