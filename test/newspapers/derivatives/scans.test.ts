/** Every kind of TIFF that vendors deliver, and every broken one: right pixels, or an error that tells what to do. */
import { readdir, truncate, writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type TiffOptions } from 'sharp';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeJp2 } from '../../../src/newspapers/derivatives/jp2.js';
import { SourceRefused } from '../../../src/newspapers/derivatives/source-refused.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { decode } from './decode.js';
import { bands, tiffBytes, writeTiff, type PicturePlan } from './tiffs.js';

let directory: string;
let source: string;
let target: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  source = join(directory, '0001.tif');
  target = join(directory, '0001.jp2');
});
afterAll(() => closeThreads());

/** Nearly without loss: what is measured is what came from the TIFF. */
const make = () => makeJp2({ source, target, dpi: 200, quality: 110 });
/** The middles of the four bands. */
const fourBands = async () => {
  const picture = await decode(target);
  return [32, 96, 160, 224].map((x) => picture.pixel(x, 32));
};
const expectNear = (found: number[][], wanted: number[][], within = 3) => {
  for (const [band, pixel] of wanted.entries())
    for (const [sample, value] of pixel.entries())
      expect(Math.abs((found[band]?.[sample] ?? NaN) - value), `band ${band}, sample ${sample}`).toBeLessThanOrEqual(
        within,
      );
};

const GREY = [[0], [85], [170], [255]];
const RGB = [
  [200, 30, 30],
  [30, 160, 60],
  [20, 60, 200],
  [240, 240, 240],
];
const times257 = (samples: number[][]) => samples.map((band) => band.map((value) => value * 257));
const withAlpha = (samples: number[][], alpha: number[]) =>
  samples.map((band, index) => [...band, alpha[index] ?? 255]);
/** Red, green and blue of the four colours, 16 bits each, in a table of so many. */
const palette = (entries: number) =>
  [0, 1, 2].flatMap((sample) => Array.from({ length: entries }, (_, index) => (RGB[index]?.[sample] ?? 0) * 257));
const plane = (sample: number) =>
  bands(
    [8],
    1,
    RGB.map((band) => [band[sample] ?? 0]),
  ).pixels;
/** By their CIE numbers: white, a grey, a red, a blue. */
const LAB = [
  [255, 0, 0],
  [137, 0, 0],
  [136, 80, 67],
  [82, 79, 256 - 108],
];
const LAB_COLOURS = [
  [255, 255, 255],
  [128, 128, 128],
  [255, 0, 0],
  [0, 0, 255],
];
const indexes = [[0], [1], [2], [3]];

describe('the JP2 of a TIFF has its colours:', () => {
  const cases: [string, PicturePlan, 'grey' | 'sRGB', number[][], number?][] = [
    ['1-bit, white is zero', bands([1], 0, [[0], [1], [0], [1]]), 'grey', [[255], [0], [255], [0]]],
    ['1-bit, black is zero', bands([1], 1, [[0], [1], [0], [1]]), 'grey', [[0], [255], [0], [255]]],
    ['2-bit grey', bands([2], 1, indexes), 'grey', GREY],
    ['4-bit grey', bands([4], 1, [[0], [5], [10], [15]]), 'grey', GREY],
    ['8-bit grey', bands([8], 1, GREY), 'grey', GREY],
    ['8-bit grey, white is zero', bands([8], 0, [[255], [170], [85], [0]]), 'grey', GREY],
    ['16-bit grey', bands([16], 1, times257(GREY)), 'grey', GREY],
    ['8-bit RGB', bands([8, 8, 8], 2, RGB), 'sRGB', RGB],
    ['16-bit RGB', bands([16, 16, 16], 2, times257(RGB)), 'sRGB', RGB],
    ['RGB in planes', { ...bands([8, 8, 8], 2, RGB), planes: [plane(0), plane(1), plane(2)] }, 'sRGB', RGB],
    ['a palette of 256', bands([8], 3, indexes, { tags: { 320: palette(256) } }), 'sRGB', RGB],
    ['a palette of 16', bands([4], 3, indexes, { tags: { 320: palette(16) } }), 'sRGB', RGB],
    [
      'a palette of 2',
      bands([1], 3, [[0], [1], [0], [1]], { tags: { 320: palette(2) } }),
      'sRGB',
      [RGB[0] ?? [], RGB[1] ?? []],
    ],
    [
      'grey in three channels',
      bands(
        [8, 8, 8],
        2,
        GREY.map(([value = 0]) => [value, value, value]),
      ),
      'grey',
      GREY,
    ],
    [
      'RGB with transparency, on white',
      bands([8, 8, 8, 8], 2, withAlpha(RGB, [255, 0, 128, 255]), { tags: { 338: 2 } }),
      'sRGB',
      [RGB[0] ?? [], [255, 255, 255], [137, 157, 227], RGB[3] ?? []],
    ],
    [
      'grey with transparency, on white',
      bands([8, 8], 1, withAlpha(GREY, [255, 0, 255, 255]), { tags: { 338: 2 } }),
      'grey',
      [[0], [255], [170], [255]],
    ],
    ['8-bit Lab', bands([8, 8, 8], 8, LAB), 'sRGB', LAB_COLOURS, 4],
    [
      '16-bit Lab',
      bands(
        [16, 16, 16],
        8,
        LAB.map(([l = 0, a = 0, b = 0]) => [l * 257, a * 256, b * 256]),
      ),
      'sRGB',
      LAB_COLOURS,
      4,
    ],
    [
      'CMYK without a profile', // paper, black, and two inks that nobody mistakes
      bands([8, 8, 8, 8], 5, [
        [0, 0, 0, 0],
        [0, 0, 0, 255],
        [0, 255, 255, 0],
        [255, 0, 0, 0],
      ]),
      'sRGB',
      [
        [255, 255, 255],
        [30, 20, 20],
        [232, 10, 15],
        [0, 160, 230],
      ],
      30,
    ],
  ];
  test.each(cases)('%s', async (_, plan, colour, wanted, within) => {
    await writeTiff(source, plan);
    expect(await make()).toMatchObject({
      width: 256,
      height: 64,
      colour,
      bitDepth: 8,
      components: colour === 'grey' ? 1 : 3,
    });
    expectNear(await fourBands(), wanted, within);
  });

  test('CMYK with the profile of its press', async () => {
    const raw = Buffer.concat(
      Array.from({ length: 256 * 64 }, (_, at) => Buffer.from(RGB[Math.floor((at % 256) / 64)] ?? [])),
    );
    const picture = sharp(raw, { raw: { width: 256, height: 64, channels: 3 } });
    await picture.toColourspace('cmyk').withIccProfile('cmyk').tiff({ compression: 'lzw' }).toFile(source);
    expect((await sharp(source).metadata()).hasProfile).toBe(true);
    expect(await make()).toMatchObject({ colour: 'sRGB' });
    const found = await fourBands();
    expectNear([found[0] ?? [], found[1] ?? []], RGB.slice(0, 2), 35); // what a press can print of them
    expect(found[2]?.[2]).toBeGreaterThan(120);
  });
});

describe('whatever the compression and layout, the pixels are the same:', () => {
  const pixels = () => {
    const raw = Buffer.alloc(640 * 480 * 3);
    for (let at = 0; at < raw.length; at++) raw[at] = (at * 7 + Math.floor(at / 1920) * 3) % 251;
    return sharp(raw, { raw: { width: 640, height: 480, channels: 3 } });
  };
  test.each([
    ['LZW', { compression: 'lzw', predictor: 'horizontal' }, 45],
    ['deflate', { compression: 'deflate' }, 45],
    ['PackBits', { compression: 'packbits' }, 45],
    ['JPEG in tiles', { compression: 'jpeg', quality: 100, tile: true, tileWidth: 128, tileHeight: 128 }, 28],
    ['BigTIFF in tiles', { compression: 'lzw', bigtiff: true, tile: true }, 45],
  ] as [string, TiffOptions, number][])('%s', async (_, options, decibels) => {
    await pixels().tiff(options).toFile(source);
    await makeJp2({ source, target, dpi: 200, quality: 114 }); // without loss
    expect(await signalToNoise(await pixels().raw().toBuffer())).toBeGreaterThan(decibels);
  });

  test.each(['G3', 'G4'] as const)('CCITT %s', async (compression) => {
    await writeFile(source, Buffer.from(CCITT[compression], 'base64'));
    await make();
    const picture = await decode(target);
    expect([picture.width, picture.height]).toEqual([64, 16]);
    expect([4, 12, 20, 44].map((x) => picture.pixel(x, 8)[0])).toEqual([0, 255, 0, 255]);
  });

  async function signalToNoise(wanted: Buffer): Promise<number> {
    const { width, height, channels, pixel } = await decode(target);
    let sum = 0;
    for (let y = 0; y < height; y += 3)
      for (let x = 0; x < width; x += 3)
        for (const [sample, value] of pixel(x, y).entries())
          sum += (value - (wanted[(y * width + x) * channels + sample] ?? 0)) ** 2;
    const mean = sum / (Math.ceil(width / 3) * Math.ceil(height / 3) * channels);
    return mean === 0 ? Infinity : 10 * Math.log10(255 ** 2 / mean);
  }
});

/** A black and a white stripe of 8 pixels, then 8 black, then white. */
const CCITT = {
  G3: 'SUkqAFgAAAAAGYswbAAZizBsABmLMGwAGYswbAAZizBsABmLMGwAGYswbAAZizBsABmLMGwAGYswbAAZizBsABmLMGwAGYswbAAZizBsABmLMGwAGYswbBAAAAEDAAEAAABAAAAAAQEDAAEAAAAQAAAAAgEDAAEAAAABAAAAAwEDAAEAAAADAAAABgEDAAEAAAABAAAAEQEEAAEAAAAIAAAAEgEDAAEAAAABAAAAFQEDAAEAAAABAAAAFgEDAAEAAAAQAAAAFwEEAAEAAABQAAAAGgEFAAEAAAAeAQAAGwEFAAEAAAAmAQAAHAEDAAEAAAABAAAAJAEEAAEAAAAAAAAAKAEDAAEAAAACAAAAUwEDAAEAAAABAAAAAAAAADMzywAAAAgAMzPLAAAACAA=',
  G4: 'SUkqABgAAAAzFMwbP/////////wAQAQADwAAAQMAAQAAAEAAAAABAQMAAQAAABAAAAACAQMAAQAAAAEAAAADAQMAAQAAAAQAAAAGAQMAAQAAAAEAAAARAQQAAQAAAAgAAAASAQMAAQAAAAEAAAAVAQMAAQAAAAEAAAAWAQMAAQAAAAABAAAXAQQAAQAAAA8AAAAaAQUAAQAAANIAAAAbAQUAAQAAANoAAAAcAQMAAQAAAAEAAAAoAQMAAQAAAAIAAABTAQMAAQAAAAEAAAAAAAAAMzPLAAAACAAzM8sAAAAIAA==',
};

describe('a scan that does not stand upright is set upright:', () => {
  // the colours of the upper left, upper right and lower left corner, as a reader is to see them
  const corners: [number, string][] = [
    [1, 'abc'],
    [2, 'bad'],
    [3, 'dcb'],
    [4, 'cda'],
    [5, 'acb'],
    [6, 'cad'],
    [7, 'dbc'],
    [8, 'bda'],
  ];
  test.each(corners)('orientation %i', async (orientation, wanted) => {
    const shades = { a: 0, b: 80, c: 160, d: 240 };
    const pixels = Buffer.alloc(128 * 64);
    for (let at = 0; at < pixels.length; at++) {
      const [right, low] = [at % 128 >= 64, at >= 128 * 32];
      pixels[at] = low ? (right ? shades.d : shades.c) : right ? shades.b : shades.a;
    }
    await writeTiff(source, { width: 128, height: 64, bits: [8], photometric: 1, pixels, tags: { 274: orientation } });
    const { width, height } = await make();
    expect([width, height]).toEqual(orientation < 5 ? [128, 64] : [64, 128]);
    const picture = await decode(target);
    const seen = [picture.pixel(8, 8), picture.pixel(width - 8, 8), picture.pixel(8, height - 8)].map(
      ([value = 0]) => value,
    );
    expect(
      seen.map((value) => Object.entries(shades).find(([, shade]) => Math.abs(shade - value) < 8)?.[0]).join(''),
    ).toBe(wanted);
  });
});

describe('several pictures in one TIFF:', () => {
  const page = bands([8], 1, GREY);
  const small: PicturePlan = {
    ...page,
    width: 64,
    height: 16,
    pixels: page.pixels.subarray(0, 1024),
    tags: { 254: 1 },
  };
  test('the first is taken when the others are smaller versions of it', async () => {
    await writeTiff(source, page, small);
    expect(await make()).toMatchObject({ width: 256, height: 64 });
    expectNear(await fourBands(), GREY);
  });
  test('pages are refused: nobody knows which is meant', async () => {
    await writeTiff(source, page, page, small);
    await refused(/it has 2 pages; deliver each page as a TIFF of its own/);
  });
  test('a thumbnail in front is refused', async () => {
    await writeTiff(source, { ...small, width: 64 }, page);
    await refused(/it has 2 pages|only a thumbnail/);
  });
});

async function refused(reason: RegExp): Promise<void> {
  const failure = make();
  await expect(failure).rejects.toThrow(SourceRefused);
  await expect(failure).rejects.toThrow(FatalError);
  await expect(failure).rejects.toThrow(reason);
  await expect(failure).rejects.toThrow(/^0001\.tif: .+; .+/); // the file, the reason, the remedy
  expect(await readdir(directory)).toEqual(['0001.tif']);
}

describe('is refused before any memory is taken for it, with what to do:', () => {
  const page = bands([8], 1, GREY);
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    ['0 bytes', () => writeFile(source, ''), /it is empty \(0 bytes\); replace it/],
    ['text', () => writeFile(source, 'II* was the name of the file'), /it does not begin as a TIFF does|cut off/],
    ['text that does not even begin so', () => writeFile(source, 'Stop press'), /it does not begin as a TIFF does/],
    [
      'a picture of another kind',
      () =>
        sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
          .png()
          .toFile(source),
      /it does not begin as a TIFF does/,
    ],
    [
      'cut in its pixels',
      async () => {
        await writeTiff(source, { ...page, tags: { 273: 200_000 } });
      },
      /it is cut off: its pixels go to byte 216384, it ends at byte/,
    ],
    [
      'cut in its directory',
      async () => {
        await writeTiff(source, page);
        await truncate(source, 16_400);
      },
      /it is cut off: it speaks of byte/,
    ],
    [
      'a directory that comes round again',
      async () => {
        const bytes = tiffBytes(page);
        bytes.writeUInt32LE(bytes.readUInt32LE(4), bytes.length - 4);
        await writeFile(source, bytes);
      },
      /go round in a circle/,
    ],
    ['no picture', () => writeFile(source, Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0])), /there is no picture in it/],
    ['no size', () => writeTiff(source, { ...page, tags: { 256: 0 } }), /its picture has no size/],
    [
      '30,000 x 30,000 pixels',
      () => writeTiff(source, { ...page, tags: { 256: 30_000, 257: 30_000, 278: 30_000 } }),
      /30000 x 30000 pixels; at most 500 million/,
    ],
    [
      '100,000 x 100,000 pixels in a few bytes',
      () => writeTiff(source, { ...page, tags: { 256: 100_000, 257: 100_000, 278: 100_000 } }),
      /100000 x 100000 pixels; at most 500 million/,
    ],
    [
      'a size that its bytes do not fill',
      () => writeTiff(source, { ...page, tags: { 256: 20_000, 257: 20_000, 278: 20_000 } }),
      /it holds 16384 bytes for 20000 x 20000 pixels/,
    ],
    [
      'fewer strips than its size asks for',
      () => writeTiff(source, { ...page, tags: { 278: 1 } }),
      /it has 1 of 64 strips or tiles/,
    ],
    [
      'JPEG of the old style',
      () => writeTiff(source, { ...page, tags: { 259: 6 } }),
      /JPEG compression of the old style \(6\).*; save it as/,
    ],
    [
      'a compression of a later fashion',
      () => writeTiff(source, { ...page, tags: { 259: 50001 } }),
      /its compression \(50001\).*; save it as/,
    ],
    [
      'numbers with a point',
      () => writeTiff(source, { ...page, bits: [32], width: 64, tags: { 339: 3 } }),
      /its samples are float, not 8 or 16 bits; save it as/,
    ],
  ];
  test.each(cases)('%s', async (_, prepare, reason) => {
    await prepare();
    await refused(reason);
  });

  test('pixels that cannot be unpacked', async () => {
    const noise = Buffer.alloc(300 * 300 * 3); // the same each time: of some noise the damage might unpack to just as many pixels
    for (let at = 0, random = 1; at < noise.length; at++) {
      random = (random * 48_271) % 2_147_483_647;
      noise[at] = random % 200;
    }
    const picture = sharp(noise, { raw: { width: 300, height: 300, channels: 3 } });
    await picture.tiff({ compression: 'deflate' }).toFile(source);
    const bytes = await readFile(source);
    bytes.fill(0x5a, 4_000, 40_000);
    await writeFile(source, bytes);
    await refused(/it cannot be read as a picture/);
  });

  test('no resolution tag is no reason: its pixels count', async () => {
    await writeTiff(source, page); // it has none
    expect(await make()).toMatchObject({ width: 256, height: 64 });
  });
});
