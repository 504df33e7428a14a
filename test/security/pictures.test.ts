/** Pictures that lie about themselves. (TIFFs: test/newspapers/derivatives/scans.test.ts; pictures in PDFs: split-contents.test.ts, hostile-pages.test.ts.) */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeThreads } from '../../src/files/threads.js';
import { InvalidJp2, readJp2 } from '../../src/newspapers/derivatives/jp2-file.js';
import { isValidJp2, makeJp2 } from '../../src/newspapers/derivatives/jp2.js';
import { readTiffHead } from '../../src/newspapers/derivatives/tiff-head.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

let directory = '';
let honest: Buffer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pressmark-pictures-'));
  const source = join(directory, '0001.tif');
  await sharp({ create: { width: 300, height: 200, channels: 3, background: 'red' } })
    .tiff()
    .toFile(source);
  await makeJp2({ source, target: join(directory, '0001.jp2'), dpi: 150, quality: 60 });
  honest = await readFile(join(directory, '0001.jp2'));
});
afterAll(async () => {
  await closeThreads();
  await rm(directory, { recursive: true, force: true });
});

const after = (text: string) => honest.indexOf(text, 0, 'latin1') + text.length;
const size = () => honest.indexOf(Buffer.from([0xff, 0x51])) + 4; // behind the marker SIZ and its length

test.each<[string, (jp2: Buffer) => unknown, RegExp]>([
  ['another size than its pixels have', (jp2) => jp2.writeUInt32BE(60_000, after('ihdr')), /differ on the size/],
  ['a box that goes on for ever', (jp2) => jp2.writeUInt32BE(0xffff_fff0, after('jp2h') - 8), /goes beyond its end/],
  ['a box of no size', (jp2) => jp2.writeUInt32BE(2, after('jp2h') - 8), /goes beyond its end/],
  [
    'four thousand million pixels a side',
    (jp2) => {
      for (const at of [after('ihdr'), after('ihdr') + 4, size() + 2, size() + 6]) jp2.writeUInt32BE(0xffff_ffff, at);
    },
    /it has 1 of \d+ tiles/,
  ],
  [
    'tiles of one pixel',
    (jp2) => {
      for (const at of [size() + 18, size() + 22]) jp2.writeUInt32BE(1, at);
    },
    /it has 1 of 60000 tiles/,
  ],
])('a JP2 with %s is not believed', async (_, lie, message) => {
  const path = join(directory, 'lies.jp2');
  const jp2 = Buffer.from(honest);
  lie(jp2);
  await writeFile(path, jp2);
  await expect(readJp2(path)).rejects.toThrow(InvalidJp2);
  await expect(readJp2(path)).rejects.toThrow(message);
  expect(await isValidJp2(path)).toBe(false);
});

test('a TIFF whose tags ask for gigabytes of places is refused before they are read', async () => {
  const path = join(directory, 'lies.tif');
  const tiff = Buffer.alloc(64);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(273, 10); // where its strips lie
  tiff.writeUInt16LE(4, 12);
  tiff.writeUInt32LE(0x7fff_ffff, 14);
  await writeFile(path, tiff);
  await expect(readTiffHead(path)).rejects.toThrow(/its tag 273 makes no sense/);
  tiff.writeUInt32LE(3_000_000, 14);
  await writeFile(path, tiff);
  await expect(readTiffHead(path)).rejects.toThrow(/it is cut off: it speaks of byte 12000000, but ends at byte 64/);
});
