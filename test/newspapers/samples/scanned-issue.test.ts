import sharp from 'sharp';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SampleIssue } from '../../../src/newspapers/samples/born-digital-issue.js';
import { makeScannedIssue, type ScannedRequest } from '../../../src/newspapers/samples/scanned-issue.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { imagesOfPdf, renderPage, tiffTags, wordsOfPdf } from './read-back.js';

/** A vendor would not, but it is a quarter of the work. */
const DPI = 180;

const make = async (request: Partial<ScannedRequest> = {}): Promise<SampleIssue & { directory: string }> => {
  const directory = await temporaryDirectory();
  return { ...(await makeScannedIssue({ directory, pages: 1, seed: 3, dpi: DPI, ...request })), directory };
};

describe('a scanned sample issue (newspapers 5.1)', () => {
  it('is a TIFF and a PDF for each page, with equal names of four digits', async () => {
    const { directory, files, pages } = await make({ pages: 2 });
    expect(pages).toBe(2);
    expect((await readdir(directory)).sort()).toEqual(['0001.pdf', '0001.tif', '0002.pdf', '0002.tif']);
    expect(files.map((file) => basename(file))).toEqual(['0001.tif', '0001.pdf', '0002.tif', '0002.pdf']);
  });

  it.each([
    { bits: 1, bitsPerSample: 1, channels: 1, compression: 4 },
    { bits: 8, bitsPerSample: 8, channels: 1, compression: 5 },
    { bits: 24, bitsPerSample: 8, channels: 3, compression: 5 },
  ] as const)(
    'has TIFFs of $bits bits with compression $compression',
    async ({ bits, bitsPerSample, channels, compression }) => {
      const { files } = await make({ bits });
      const [tiff = '', pdf = ''] = files;
      const read = await sharp(tiff).metadata();
      expect(read).toMatchObject({ format: 'tiff', density: DPI, bitsPerSample, channels });
      expect((await tiffTags(tiff)).get(259)).toBe(compression);
      // 14 x 20 inches of paper, and a little of the bed around it
      expect(read.width / DPI).toBeGreaterThan(14.1);
      expect(read.width / DPI).toBeLessThan(14.6);
      expect(read.height / DPI).toBeGreaterThan(20.1);
      expect(read.height / DPI).toBeLessThan(20.6);

      const [image, ...more] = await imagesOfPdf(pdf);
      expect(more).toEqual([]);
      expect(image).toMatchObject({ encoding: 'jpeg', colour: bits === 24 ? 'rgb' : 'gray' });
      for (const ppi of [image?.xPpi ?? 0, image?.yPpi ?? 0]) {
        expect(ppi).toBeGreaterThanOrEqual(150 * 0.85);
        expect(ppi).toBeLessThanOrEqual(150 * 1.15);
      }
    },
  );

  it('looks scanned: dark bed at the edges, paper that is not white, a page that lies a little crooked', async () => {
    const { files } = await make({ bits: 8 });
    const { data, info } = await sharp(files[0] ?? '')
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number): number => data[Math.round(y) * info.width + Math.round(x)] ?? 0;
    const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    for (const x of [5, info.width - 5]) {
      expect(median([...Array(99).keys()].map((i) => at(x, info.height / 2 + i)))).toBeLessThan(100);
    }
    const margin = [...Array(200).keys()].map((i) => at(60 + (i % 20), 300 + i));
    expect(margin.reduce((sum, value) => sum + value, 0) / 200).toBeGreaterThan(150);
    expect(new Set(margin).size).toBeGreaterThan(5);
    const edge = (y: number): number => [...Array(100).keys()].find((x) => at(x, y) > 140 && at(x + 3, y) > 140) ?? 0;
    expect(Math.abs(edge(200) - edge(info.height - 200))).toBeGreaterThan(4);
  });

  it('has under its words the ink of the picture, in the TIFF as in the PDF', async () => {
    const { files, words } = await make({ bits: 8, pdfDpi: 150 });
    const [tiff = '', pdf = ''] = files;
    const [boxes = []] = await wordsOfPdf(pdf);
    expect(boxes.map(({ text }) => text).sort()).toEqual([...(words[0] ?? [])].sort());

    const fromTiff = await sharp(tiff).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    const page = await renderPage(pdf, { dpi: DPI });
    const pictures = [
      { data: fromTiff.data, width: fromTiff.info.width, channels: fromTiff.info.channels },
      { data: page.data, width: page.width, channels: page.channels },
    ];
    for (const { data, width, channels } of pictures) {
      const ink = (left: number, top: number, right: number, bottom: number): number => {
        let dark = 0;
        let all = 0;
        for (let y = Math.round(top); y < bottom; y++) {
          for (let x = Math.round(left); x < right; x++, all++)
            if ((data[(y * width + x) * channels] ?? 255) < 128) dark++;
        }
        return dark / Math.max(1, all);
      };
      const scale = DPI / 72;
      const share = { word: 0, firstLetter: 0, before: 0 };
      let bare = 0;
      for (const { xMin, xMax, yMin, yMax } of boxes) {
        const [left, right, top, bottom] = [xMin * scale, xMax * scale, yMin * scale, yMax * scale];
        const em = bottom - top;
        const word = ink(left, top, right, bottom);
        if (word < 0.03) bare++;
        share.word += word / boxes.length;
        share.firstLetter += ink(left, top, left + em * 0.25, bottom) / boxes.length;
        share.before += ink(left - em * 0.22, top, left - em * 0.04, bottom) / boxes.length;
      }
      expect(bare).toBeLessThan(boxes.length * 0.01);
      expect(share.word).toBeGreaterThan(0.12);
      // a word begins where its box begins: ink inside the edge, the space between words outside of it
      expect(share.firstLetter).toBeGreaterThan(share.before * 2.5);
    }
  });

  it('shows its picture only: the words over it are invisible', async () => {
    const { files } = await make();
    const { data } = await sharp(files[0] ?? '')
      .resize(800)
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const page = await renderPage(files[1] ?? '', { dpi: 150 });
    const shown = await sharp(page.data, {
      raw: { width: page.width, height: page.height, channels: page.channels },
    })
      .resize(800, Math.round(data.length / 800), { fit: 'fill' })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    const mean = (pixels: Buffer): number => pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    expect(Math.abs(mean(shown) - mean(data))).toBeLessThan(4);
  });

  it('is the same to the byte for the same seed, and another for another', async () => {
    const bytes = async (seed: number): Promise<Buffer> =>
      Buffer.concat(await Promise.all((await make({ seed })).files.map((file) => readFile(file))));
    const first = await bytes(5);
    expect((await bytes(5)).equals(first)).toBe(true);
    expect((await bytes(6)).equals(first)).toBe(false);
  });
});
