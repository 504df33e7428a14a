/** Runs in a worker thread: turns CIE Lab colours of 8 bits into sRGB, which libvips cannot (it can those of 16 bits). */
import { open } from 'node:fs/promises';
import { readTiffLayout } from './plain-tiff.js';

const CHUNK_BYTES = 3 * 2 ** 20;
/** The white that libvips too takes Lab to be measured against: that of daylight, as sRGB's. */
const WHITE = [0.95047, 1, 1.08883] as const;

/** Converts an uncompressed TIFF of three 8-bit samples (L*, a*, b*, the latter two with a sign) where it lies. */
export async function labToSrgb({ file }: { file: string }): Promise<void> {
  const tiff = await open(file, 'r+');
  try {
    const { runs } = await readTiffLayout(tiff);
    const pixels = Buffer.alloc(CHUNK_BYTES);
    for (const { offset, bytes } of runs)
      for (let done = 0; done < bytes; done += CHUNK_BYTES) {
        const wanted = Math.min(CHUNK_BYTES, bytes - done);
        const { bytesRead } = await tiff.read(pixels, 0, wanted, offset + done);
        if (bytesRead !== wanted) throw new Error('The picture ends early; is the disk full?');
        convert(pixels, wanted);
        await tiff.write(pixels, 0, wanted, offset + done);
      }
  } finally {
    await tiff.close();
  }
}

/** Neighbours are often alike: a colour is reckoned once in a row. */
function convert(pixels: Buffer, bytes: number): void {
  let before = -1;
  let colour: readonly [number, number, number] = [0, 0, 0];
  for (let at = 0; at < bytes; at += 3) {
    const lab = pixels.readUIntBE(at, 3);
    if (lab !== before) colour = srgb((lab >> 16) / 2.55, (lab << 16) >> 24, (lab << 24) >> 24);
    before = lab;
    [pixels[at], pixels[at + 1], pixels[at + 2]] = colour;
  }
}

/** L* from 0 to 100, a* and b* from -128 to 127. */
function srgb(lightness: number, a: number, b: number): readonly [number, number, number] {
  const middle = (lightness + 16) / 116;
  const [x, y, z] = [middle + a / 500, middle, middle - b / 200].map(
    (root, index) => (WHITE[index] ?? 1) * (root > 6 / 29 ? root ** 3 : 3 * (6 / 29) ** 2 * (root - 4 / 29)),
  ) as [number, number, number]; // three in, three out
  return [
    encoded(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
    encoded(-0.969266 * x + 1.8760108 * y + 0.041556 * z),
    encoded(0.0556434 * x - 0.2040259 * y + 1.0572252 * z),
  ];
}

function encoded(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.min(255, Math.max(0, Math.round(value * 255)));
}
