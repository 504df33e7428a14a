import { existsSync, readFileSync } from 'node:fs';
import { copyFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { findProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { isValidJp2, makeJp2, type Jp2Order } from '../../../src/newspapers/derivatives/jp2.js';
import { readJp2 } from '../../../src/newspapers/derivatives/jp2-file.js';
import { SourceRefused } from '../../../src/newspapers/derivatives/source-refused.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { decode } from './decode.js';
import { stripes, writePdf, type PagePlan } from './documents.js';
import { until } from '../../engine/support.js';
import { hangingProgram, stoppedTimeLimits } from './hanging-program.js';
import { stub } from './stub-program.js';

let directory: string;
let target: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  target = join(directory, '0001.jp2');
});
afterAll(() => closeThreads());

const make = (source: string, more: Partial<Jp2Order> = {}) =>
  makeJp2({ source, target, dpi: 144, quality: 62.5, ...more });
const pdf = (...pages: PagePlan[]) => writePdf(join(directory, '0001.pdf'), ...pages);
const tif = (name = '0001.tif') => join(directory, name);
const hidden = async () => (await readdir(directory)).filter((name) => name.startsWith('.'));

const black = { place: [50, 250, 100, 100], colour: [0, 0, 0] } as const;
const page = (rectangles: PagePlan['rectangles'], more: PagePlan = {}): PagePlan => ({
  lines: ['Extra! Extra!'],
  ...(rectangles && { rectangles }),
  ...more,
});

describe('the JP2 of a PDF page', () => {
  test('in colour keeps its colours, in sRGB', async () => {
    const source = await pdf(
      page([
        { place: [50, 250, 100, 100], colour: [0.8, 0.2, 0] },
        { place: [50, 100, 100, 100], colour: [0, 0.4, 1] },
      ]),
    );
    const made = await make(source, { quality: 100 });
    expect(made).toMatchObject({ width: 600, height: 800, components: 3, bitDepth: 8, colour: 'sRGB', built: true });
    const picture = await decode(target);
    const near = (found: number[], wanted: number[]) =>
      expect(Math.max(...found.map((value, index) => Math.abs(value - (wanted[index] ?? NaN))))).toBeLessThan(6);
    near(picture.pixel(200, 200), [204, 51, 0]);
    near(picture.pixel(200, 500), [0, 102, 255]);
    near(picture.pixel(500, 500), [255, 255, 255]);
  });

  test('without colour is 8-bit grey, though its PDF speaks of RGB', async () => {
    const source = await pdf(page([{ place: [50, 250, 100, 100], colour: [0.5, 0.5, 0.5] }]));
    expect(await make(source)).toMatchObject({ components: 1, bitDepth: 8, colour: 'grey', width: 600, height: 800 });
    const picture = await decode(target);
    expect(picture.channels).toBe(1);
    expect(picture.pixel(200, 200)[0]).toBeGreaterThan(120);
    expect(picture.pixel(200, 200)[0]).toBeLessThan(136);
  });

  test('one speck of colour is enough to keep colour', async () => {
    const source = await pdf(page([{ place: [290, 5, 1, 1], colour: [1, 0, 0] }]));
    expect(await make(source)).toMatchObject({ components: 3, colour: 'sRGB' });
  });

  test('has tiles of 1024, six resolutions, and is readable by the image server', async () => {
    const source = await pdf(page([], { width: 700, height: 900 }));
    const made = await make(source);
    expect(made).toMatchObject({ tileWidth: 1024, tileHeight: 1024, resolutions: 6, irreversible: false });
    expect(made).toMatchObject({ width: 1400, height: 1800, bytes: (await stat(target)).size });
    expect((await stat(target)).mode & 0o777).toBe(0o644);
    expect(await hidden()).toEqual([]);
  });

  test.each([
    [{ rotation: 90 }, 800, 600],
    [{ rotation: 270, cropBox: [50, 100, 200, 250] }, 500, 400],
    [{ cropBox: [50, 100, 200, 250.2] }, 400, 501],
  ] as [PagePlan, number, number][])('of a page with %o shows what a reader sees', async (plan, width, height) => {
    expect(await make(await pdf(page([black], plan)))).toMatchObject({ width, height });
  });

  test('of a tiny page is made too', async () => {
    expect(await make(await pdf(page([], { width: 20, height: 9 })))).toMatchObject({ width: 40, height: 18 });
  });
});

describe('the JP2 of a scan', () => {
  test('in 1 bit (CCITT G4) is 8-bit grey, with black and white where they were', async () => {
    await stripes(640, 480).tiff({ compression: 'ccittfax4', bitdepth: 1 }).toFile(tif());
    expect(await make(tif())).toMatchObject({ width: 640, height: 480, components: 1, bitDepth: 8, colour: 'grey' });
    const picture = await decode(target);
    expect(picture.pixel(4, 100)[0]).toBeGreaterThan(200);
    expect(picture.pixel(12, 100)[0]).toBeLessThan(55);
  });

  test.each([
    ['LZW', { compression: 'lzw' }],
    ['JPEG', { compression: 'jpeg', quality: 100 }],
    ['no compression', { compression: 'none' }],
  ] as const)('in colour, with %s, is sRGB', async (_, options) => {
    await stripes(640, 480, 3).tiff(options).toFile(tif());
    expect(await make(tif(), { quality: 110 })).toMatchObject({ components: 3, colour: 'sRGB' });
    const [red = 0, green = 0, blue = 255] = (await decode(target)).pixel(4, 100);
    expect(red).toBeGreaterThan(230);
    expect(green).toBeGreaterThan(230);
    expect(Math.abs(blue - 127)).toBeLessThan(25);
  });

  test('with a colour profile comes out in sRGB', async () => {
    const flat = sharp({ create: { width: 200, height: 200, channels: 3, background: '#cc3311' } });
    await flat.withIccProfile('p3').tiff({ compression: 'lzw' }).toFile(tif());
    await make(tif(), { quality: 110 });
    const [red = 0, green = 0, blue = 0] = (await decode(target)).pixel(100, 100);
    expect([Math.abs(red - 0xcc) < 5, Math.abs(green - 0x33) < 5, Math.abs(blue - 0x11) < 5]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('with transparency is laid on white', async () => {
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    await sharp({ create: { width: 200, height: 100, channels: 4, background: clear } })
      .tiff({ compression: 'lzw' })
      .toFile(tif());
    expect(await make(tif())).toMatchObject({ components: 1 });
    expect((await decode(target)).pixel(50, 50)[0]).toBeGreaterThan(250);
  });

  test('that lies on its side is set upright', async () => {
    await stripes(640, 480).withMetadata({ orientation: 6 }).tiff({ compression: 'none' }).toFile(tif());
    expect(await make(tif())).toMatchObject({ width: 480, height: 640 });
  });
});

describe('a source that cannot become a picture is refused, and retrying is not tried', () => {
  const refused = async (source: string, reason: RegExp) => {
    const failure = make(source);
    await expect(failure).rejects.toThrow(SourceRefused);
    await expect(failure).rejects.toThrow(FatalError);
    await expect(failure).rejects.toThrow(reason);
    expect((await readdir(directory)).filter((name) => name.includes('jp2'))).toEqual([]);
  };
  test('a PDF that is none', async () => {
    await writeFile(join(directory, '0001.pdf'), 'what a day');
    await refused(join(directory, '0001.pdf'), /^0001.pdf: it cannot be read as a PDF .*; replace it/);
  });
  test('a PDF of two pages', async () => refused(await pdf({}, {}), /^0001.pdf: it has 2 pages; .*exactly one/));
  test('a page as large as a house', async () =>
    refused(await pdf({ width: 14_000, height: 14_000 }), /28000 x 28000 pixels/));
});

test('a source that is not there may come back: not fatal', async () => {
  await expect(make(join(directory, '0001.pdf'))).rejects.not.toThrow(FatalError);
  await expect(make(join(directory, '0001.pdf'))).rejects.toThrow();
});

describe('a JP2 that is there already', () => {
  let source: string;
  beforeEach(async () => {
    source = await pdf(page([black], { width: 700, height: 900 }));
    await make(source);
  });

  test('and whole is not made again', async () => {
    const before = await stat(target);
    expect(await make(source)).toMatchObject({ built: false, width: 1400, height: 1800 });
    expect((await stat(target)).ino).toBe(before.ino);
    expect(await isValidJp2(target)).toBe(true);
  });

  test('but of another size (the setting DPI was changed) is made again', async () => {
    expect(await make(source, { dpi: 72 })).toMatchObject({ built: true, width: 700, height: 900 });
  });

  const spoil: [string, () => Promise<void>][] = [
    ['empty', () => truncate(target, 0)],
    ['cut off in the middle', async () => truncate(target, Math.floor((await stat(target)).size / 2))],
    ['cut off by one byte', async () => truncate(target, (await stat(target)).size - 1)],
    ['without its end marker', async () => overwrite(1, 2)],
    ['longer than it says', async () => writeFile(target, 'more', { flag: 'a' })],
    ['something else', () => writeFile(target, 'a text')],
    ['full of zeros where its tiles begin', () => overwrite(0.3, 4000)],
    ['a JP2 of another page size', async () => copyFile(await other(), target)],
  ];
  const overwrite = async (from: number, bytes: number) => {
    const content = await readFile(target);
    const start = Math.min(content.length - bytes, Math.floor(content.length * from));
    content.fill(0, start, start + bytes);
    await writeFile(target, content);
  };
  const other = async () => {
    const path = join(directory, 'other.jp2');
    await makeJp2({ source: await writePdf(join(directory, 'other.pdf'), {}), target: path, dpi: 72, quality: 62.5 });
    return path;
  };
  test.each(spoil)('but %s is made again', async (_, spoilIt) => {
    const sound = await readFile(target);
    await spoilIt();
    expect(await make(source)).toMatchObject({ built: true });
    expect(await readFile(target)).toEqual(sound);
  });
});

describe('is no valid JP2', () => {
  test('what is not there', async () => expect(await isValidJp2(target)).toBe(false));
  test('a file whose last tile is gone, however it ends', async () => {
    await make(await pdf(page([black], { width: 700, height: 900 })));
    const content = await readFile(target);
    const lastTile = content.lastIndexOf(Buffer.from('ff90000a', 'hex'));
    const codestream = content.indexOf('jp2c') - 4;
    const cut = Buffer.concat([content.subarray(0, lastTile), Buffer.from('ffd9', 'hex')]);
    if (cut.readUInt32BE(codestream) !== 0) cut.writeUInt32BE(cut.length - codestream, codestream);
    await writeFile(target, cut);
    await expect(readJp2(target)).rejects.toThrow(/3 of 4 tiles/);
    expect(await isValidJp2(target)).toBe(false);
  });
});

describe('a program that does not end (W39)', () => {
  test.each(['pdfinfo', 'pdftoppm', 'opj_compress', 'opj_decompress'])(
    '%s is killed at its time limit',
    async (name) => {
      const source = await pdf(page([black]));
      const { started } = await hangingProgram(directory, name);
      const limits = stoppedTimeLimits(); // what runs before it takes the time it takes
      const failure = make(source, { timeoutSeconds: 600 });
      failure.catch(() => undefined);
      await started();
      await limits.pass(600);
      await expect(failure).rejects.toThrow(new RegExp(`^${name} .*ran longer than 600 s and was killed`));
      await expect(failure).rejects.not.toThrow(FatalError);
      expect(await hidden()).toEqual([]);
      await expect(stat(target)).rejects.toThrow('ENOENT');
    },
  );

  test('is killed with the programs that it started', async () => {
    const source = await pdf(page([black]));
    const note = join(directory, 'child');
    await stub(directory, 'opj_compress', `sleep 1000 & echo $! > '${note}'; wait`);
    const limits = stoppedTimeLimits();
    const failure = make(source, { timeoutSeconds: 600 });
    failure.catch(() => undefined);
    await until('its child runs', () => existsSync(note) && readFileSync(note, 'utf8').endsWith('\n'));
    const child = Number(readFileSync(note, 'utf8'));
    expect(isRunning(child)).toBe(true);
    await limits.pass(600);
    await expect(failure).rejects.toThrow('ran longer than 600 s and was killed');
    await until('its child has ended', () => !isRunning(child)); // its parent is gone: init has to see it
  });

  test('is killed at abort, and nothing is left', async () => {
    const source = await pdf(page([black]));
    const { started } = await hangingProgram(directory, 'opj_compress');
    const abort = new AbortController();
    const failure = make(source, { signal: abort.signal });
    failure.catch(() => undefined);
    await started();
    abort.abort(new Error('the runner lost its lease'));
    await expect(failure).rejects.toThrow('the runner lost its lease');
    expect(await hidden()).toEqual([]);
  });
});

/** A zombie that nobody has waited for yet runs no more. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test.each([
  ['the disk was full', 'echo "[ERROR] Failed to seek in the stream."; exit 1'],
  ['no file could be made', 'exit 1'],
])(
  'what the encoder could not write because %s for a moment is tried later, with the same wavelet',
  async (_why, fails) => {
    const source = await pdf(page([black]));
    const real = (await findProgram('opj_compress')) ?? '';
    const once = join(directory, 'once');
    await stub(directory, 'opj_compress', `[ -e '${once}' ] && exec ${real} "$@"; touch '${once}'; ${fails}`);
    await expect(make(source)).rejects.toThrow(
      /could not write .* is the disk full\? Make room; the job will try again$/,
    );
    expect(await make(source)).toMatchObject({ irreversible: false, built: true, width: 600 });
  },
);

test('when the reversible wavelet fails, the irreversible one is tried', async () => {
  const source = await pdf(page([black]));
  const real = (await findProgram('opj_compress')) ?? '';
  await stub(directory, 'opj_compress', `case "$*" in *' -I') exec ${real} "$@";; esac; echo half > "$4"`);
  expect(await make(source)).toMatchObject({ irreversible: true, built: true, width: 600 });
});
