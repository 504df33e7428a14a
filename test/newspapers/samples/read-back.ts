/** What poppler and a plain look at the bytes say about the files that the generator wrote. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../../src/files/programs.js';

const ENTITIES: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };

export interface Box {
  text: string;
  xMin: number;
  yMin: number;
  xMax: number;
  yMax: number;
}

/** The words of each page with their boxes, as `pdftotext -bbox` reads them. */
export async function wordsOfPdf(file: string): Promise<Box[][]> {
  const { stdout } = await runProgram('pdftotext', ['-bbox', file, '-'], { timeoutSeconds: 60 });
  const pages = stdout.split('<page ').slice(1);
  return pages.map((page) =>
    Array.from(
      page.matchAll(/<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*)<\/word>/g),
      ([, xMin, yMin, xMax, yMax, text = '']) => ({
        text: text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity),
        xMin: Number(xMin),
        yMin: Number(yMin),
        xMax: Number(xMax),
        yMax: Number(yMax),
      }),
    ),
  );
}

/** Rows of `pdfimages -list`: kind, size, colour, encoding, resolution. */
export async function imagesOfPdf(
  file: string,
): Promise<{ width: number; height: number; colour: string; encoding: string; xPpi: number; yPpi: number }[]> {
  const { stdout } = await runProgram('pdfimages', ['-list', file], { timeoutSeconds: 60 });
  return stdout
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => {
      const [, , , width, height, colour = '', , , encoding = '', , , , xPpi, yPpi] = line.trim().split(/\s+/);
      return { width: Number(width), height: Number(height), colour, encoding, xPpi: Number(xPpi), yPpi: Number(yPpi) };
    });
}

/** A page as pixels: one byte each in grey, three in colour. */
export async function renderPage(
  file: string,
  options: { dpi: number; page?: number; colour?: boolean },
): Promise<{ data: Buffer; width: number; height: number; channels: 1 | 3 }> {
  const { dpi, page = 1, colour = false } = options;
  const work = await mkdtemp(join(tmpdir(), 'pressmark-render-'));
  try {
    const base = join(work, 'page');
    const args = ['-r', String(dpi), '-f', String(page), ...(colour ? [] : ['-gray']), '-singlefile', file, base];
    await runProgram('pdftoppm', args, { timeoutSeconds: 60 });
    const pixels = await readFile(`${base}.${colour ? 'ppm' : 'pgm'}`);
    const [header = '', width, height] = /^P[56]\s(\d+)\s(\d+)\s255\s/.exec(pixels.toString('latin1', 0, 64)) ?? [];
    return {
      data: pixels.subarray(header.length),
      width: Number(width),
      height: Number(height),
      channels: colour ? 3 : 1,
    };
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Numbers of the first directory of a little-endian TIFF by tag: 258 bits, 259 compression, 262 photometric. */
export async function tiffTags(file: string): Promise<Map<number, number>> {
  const bytes = await readFile(file);
  if (bytes.toString('latin1', 0, 2) !== 'II') throw new Error(`${file} is no little-endian TIFF`);
  const directory = bytes.readUInt32LE(4);
  const tags = new Map<number, number>();
  for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
    const entry = directory + 2 + 12 * i;
    const short = bytes.readUInt16LE(entry + 2) === 3;
    tags.set(bytes.readUInt16LE(entry), short ? bytes.readUInt16LE(entry + 8) : bytes.readUInt32LE(entry + 8));
  }
  return tags;
}
