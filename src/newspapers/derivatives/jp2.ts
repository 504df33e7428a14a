/** The JP2 of a page: what image servers show and what is preserved (newspapers 6.2). */
import { dirname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { assertFreeSpace } from '../../files/free-space.js';
import { landFile } from '../../files/land.js';
import { quoted } from '../../files/quoted.js';
import { FileTrouble } from '../../files/trouble.js';
import { ProgramFailed, runProgram } from '../../files/programs.js';
import { compressionRate, greyRate } from './compression-rate.js';
import { InvalidJp2, readJp2, type Jp2 } from './jp2-file.js';
import { PROGRAM_TIMEOUT_SECONDS, type ProgramLimits } from './program-limits.js';
import { openSource, type PixelSize, type Raster } from './raster.js';
import { withScratch } from './scratch.js';

export interface Jp2Order {
  /** A one-page PDF or a TIFF. */
  source: string;
  target: string;
  /** PDFs are rendered at this resolution; a TIFF keeps its pixels. */
  dpi: number;
  /** The setting QUALITY, see `compressionRate`. */
  quality: number;
  signal?: AbortSignal;
  /** For each outside program. */
  timeoutSeconds?: number;
}

export interface Jp2Made extends Jp2 {
  /** False: it was there already, whole, and of the right size. */
  built: boolean;
}

/**
 * Makes the JP2 of one page: 8-bit grey when the source is grey, 1-bit, or has no colour in any pixel, else sRGB; tiles
 * of 1024 x 1024, six resolutions. It is decoded before it counts and lands by rename with mode 0644, so a reader never
 * sees half of one. One that is there, decodes and has the size of the source is left as it is.
 *
 * Compression is a single thread's work: two pages side by side take less time than one with two threads (design 12).
 *
 * @throws {SourceRefused} when the source cannot become a picture
 * @throws {InvalidJp2} when what the encoder made cannot be decoded, twice
 * @throws {ProgramFailed} when a program fails otherwise
 */
export async function makeJp2(order: Jp2Order): Promise<Jp2Made> {
  const { source, target, dpi, quality, signal, timeoutSeconds = PROGRAM_TIMEOUT_SECONDS } = order;
  const limits = { timeoutSeconds, ...(signal && { signal }) };
  const page = await openSource(source, dpi, limits);
  return withScratch({ target, signal }, async (scratch) => {
    const existing = await proven(target, page.size, scratch, limits);
    if (existing) return { ...existing, built: false };
    await assertFreeSpace(dirname(target), page.size.width * page.size.height * 4); // in colour and in grey
    const raster = await page.rasterise(scratch);
    const made = join(scratch, 'page.jp2');
    const rate = compressionRate(quality);
    const jp2 = await inItsTurn(page.size, raster, () => encode(raster, made, page.size, rate, scratch, limits));
    await landFile(made, target); // 0644: the image server is another user
    return { ...jp2, built: true };
  });
}

/** Whether the file is a JP2 that can be decoded, by the means of `makeJp2`. */
export async function isValidJp2(path: string, limits?: Partial<ProgramLimits>): Promise<boolean> {
  const programLimits = { timeoutSeconds: PROGRAM_TIMEOUT_SECONDS, ...limits };
  const place = { target: path, signal: limits?.signal };
  return withScratch(place, async (scratch) => (await proven(path, undefined, scratch, programLimits)) !== undefined);
}

async function proven(path: string, size: PixelSize | undefined, scratch: string, limits: ProgramLimits) {
  try {
    return await prove(path, size, scratch, limits);
  } catch (error) {
    if (error instanceof InvalidJp2 || isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The cheapest honest proof: all of its structure is walked over, and every tile is decoded at a sixteenth of its size
 * (some 20 ms for 69 million pixels; decoding everything takes a second, and the format has no checksum that it would
 * be measured against).
 */
async function prove(path: string, size: PixelSize | undefined, scratch: string, limits: ProgramLimits): Promise<Jp2> {
  const jp2 = await readJp2(path);
  if (size && (Math.abs(jp2.width - size.width) > 1 || Math.abs(jp2.height - size.height) > 1))
    throw new InvalidJp2(`it has ${jp2.width} x ${jp2.height} pixels, its page ${size.width} x ${size.height}`);
  const sample = join(resolve(scratch), jp2.components === 1 ? 'sample.pgm' : 'sample.ppm');
  const args = ['-i', resolve(path), '-r', '4', '-o', sample];
  await runProgram('opj_decompress', args, limits).catch((error: unknown) => {
    if (error instanceof ProgramFailed && /failed to open .* for writing/.test(error.stderr))
      throw unwritten('opj_decompress', sample, '');
    if (error instanceof ProgramFailed && (error.exitCode !== null || isCrash(error.signal)))
      throw new InvalidJp2('it cannot be decoded', { cause: error });
    throw error; // that it was killed, for time or for memory, says nothing about the file
  });
  return jp2;
}

/** Encodes and proves; the second try is with the irreversible wavelet, as NCA does. */
async function encode(
  raster: Raster,
  made: string,
  size: PixelSize,
  fullRate: number,
  scratch: string,
  limits: ProgramLimits,
): Promise<Jp2> {
  const rate = raster.reduced ? greyRate(fullRate) : fullRate;
  const args = ['-i', resolve(raster.file), '-o', resolve(made), '-r', rate.toFixed(3), ...SHAPE];
  try {
    return await encodeOnce(args, made, size, scratch, limits);
  } catch (error) {
    if (!(error instanceof InvalidJp2)) throw error;
  }
  try {
    return await encodeOnce([...args, '-I'], made, size, scratch, limits);
  } catch (error) {
    if (!(error instanceof InvalidJp2)) throw error;
    throw new InvalidJp2(
      `opj_compress made no valid JP2 of ${size.width} x ${size.height} pixels, with neither wavelet: ${error.message}; look at its log with the same arguments, or try another version of it`,
      { cause: error },
    );
  }
}

/**
 * An encoder holds the whole picture, each sample in four bytes: 1.8 GB for 125 million pixels in colour, 0.6 GB in grey
 * (measured). So of pages that large only one is encoded at a time.
 */
const LARGE_SAMPLES = 250e6;
const oneAtATime = pLimit(1);

function inItsTurn<T>({ width, height }: PixelSize, { colour }: Raster, work: () => Promise<T>): Promise<T> {
  return width * height * (colour ? 3 : 1) > LARGE_SAMPLES ? oneAtATime(work) : work();
}

/**
 * `-n 6`: from full size to a thirty-second. `-M 1`: the bits that matter least are stored raw, as the National Digital
 * Newspaper Program's own JP2 profile has it: a fifth less time, 0.02 dB.
 */
const SHAPE = ['-t', '1024,1024', '-n', '6', '-M', '1', '-threads', '1'];

async function encodeOnce(args: string[], made: string, size: PixelSize, scratch: string, limits: ProgramLimits) {
  // Its exit code is no proof (newspapers 6.2): decoding is.
  const { exitCode, stdout, stderr } = await runProgram('opj_compress', args, { ...limits, okExitCodes: [0, 1] });
  return prove(made, size, scratch, limits).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    if (exitCode !== 0 && isOfTheDisk(stdout)) throw unwritten('opj_compress', made, stderr);
    throw new InvalidJp2(`there is no file (${stderr.trim()})`);
  });
}

/**
 * Whether the encoder failed at writing: it says so when the disk is full, and nothing at all when it cannot make the file.
 * That is no reason for the other wavelet: a page would be another one because of what the disk was at that moment.
 */
const isOfTheDisk = (stdout: string): boolean =>
  /Failed to seek in the stream|Error on writing stream/.test(stdout) || !/\[ERROR\]/.test(stdout);

const unwritten = (program: string, path: string, stderr: string): FileTrouble =>
  new FileTrouble(
    `${program} could not write ${quoted(path)}${stderr.trim() === '' ? '' : ` (${stderr.trim()})`}: is the disk full? Make room; the job will try again`,
  );

function isCrash(signal: NodeJS.Signals | null): boolean {
  return signal === 'SIGSEGV' || signal === 'SIGABRT' || signal === 'SIGBUS' || signal === 'SIGFPE';
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
