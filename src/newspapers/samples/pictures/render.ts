/** Makes the pictures of a page: a scene, the light of a lens on it, and the screen or the graver of its printer. */
import sharp from 'sharp';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { seededRandom, type Random } from '../random.js';
import type { Picture, PictureRequest } from './picture.js';
import { scene } from './scenes.js';

/** Pixels per inch: a photograph as newspapers place it; a screen or cut needs more, its dots being black or white. */
const PHOTO_PPI = 144;
const CUT_PPI = 240;
/** Dots of the halftone screen and lines of the engraving, per inch. */
const SCREEN_LPI = 58;
const GRAVER_LPI = 50;

const compress = promisify(deflate);

/** @throws what sharp throws when the scene cannot be drawn. */
export async function renderPicture(request: PictureRequest): Promise<Picture> {
  const random = seededRandom(request.seed);
  const photo = request.treatment === 'photo';
  const scale = (photo ? PHOTO_PPI : CUT_PPI) / 72;
  const width = Math.round(request.width * scale);
  const height = Math.round(request.height * scale);
  // a scene is drawn at its own size and enlarged: the softness of a lens, at a quarter of the work
  const sceneWidth = photo ? width : Math.round(width / 2);
  const svg = scene(request.kind, sceneWidth, (sceneWidth * height) / width, random.fork('scene'));
  const image = sharp(Buffer.from(svg))
    .removeAlpha()
    .blur(photo ? 0.8 : 0.6)
    .resize(width, height, { fit: 'fill', kernel: 'linear' });

  if (photo) {
    const { data, info } = await (request.colour ? image : image.toColourspace('b-w'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    addGrain(data, info.width, info.height, info.channels, random.fork('grain'));
    const raw = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
    const jpeg = await (request.colour ? raw : raw.toColourspace('b-w')).jpeg({ quality: 82 }).toBuffer();
    return { width, height, colour: info.channels === 3, bits: 8, filter: 'DCTDecode', data: jpeg };
  }
  const { data, info } = await image.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  const cut =
    request.treatment === 'halftone'
      ? halftone(data, info.width, info.height)
      : engraving(data, info.width, info.height, random);
  return { width, height, colour: false, bits: 1, filter: 'FlateDecode', data: await compress(cut) };
}

/** Film grain and a little darkness toward the corners. */
function addGrain(pixels: Buffer, width: number, height: number, channels: number, random: Random): void {
  for (let y = 0, i = 0; y < height; y++) {
    const dy = (2 * y) / height - 1;
    for (let x = 0; x < width; x++) {
      const dx = (2 * x) / width - 1;
      const shade = 1 - 0.13 * (dx * dx + dy * dy);
      const grain = (random.next() + random.next() - 1) * 13;
      for (let c = 0; c < channels; c++, i++) pixels[i] = clamp((pixels[i] ?? 0) * shade + grain);
    }
  }
}

/** Packs what is black and white: eight pixels a byte, each row from a new byte, white being 1. */
function pack(width: number, height: number, white: (x: number, y: number, i: number) => boolean): Buffer {
  const stride = Math.ceil(width / 8);
  const packed = Buffer.alloc(stride * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (white(x, y, i)) packed[y * stride + (x >> 3)] = (packed[y * stride + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
    }
  }
  return packed;
}

/** Round dots on a grid turned by 45 degrees; the darker, the larger. */
function halftone(grey: Buffer, width: number, height: number): Buffer {
  const pitch = (Math.PI * Math.SQRT2 * SCREEN_LPI) / CUT_PPI;
  // cos(a + b) + cos(a - b) = 2 cos a cos b: one table for both directions
  const wave = Float32Array.from({ length: Math.max(width, height) }, (_, at) => Math.cos(at * pitch));
  return pack(width, height, (x, y, i) => {
    const screen = ((wave[x] ?? 0) * (wave[y] ?? 0) + 1) / 2;
    return (grey[i] ?? 0) / 255 > 0.06 + 0.82 * screen;
  });
}

const SINE_STEPS = 1024;
const SINE = Float32Array.from(
  { length: SINE_STEPS },
  (_, step) => 0.5 + 0.5 * Math.sin((2 * Math.PI * step) / SINE_STEPS),
);

/** Lines that swell with the shade and bend with the form; deep shade is crossed by a second set. */
function engraving(grey: Buffer, width: number, height: number, random: Random): Buffer {
  const pitch = (SINE_STEPS * GRAVER_LPI) / CUT_PPI;
  const slant = random.between(-0.25, 0.25);
  const bendX = Float32Array.from({ length: width }, (_, x) => 2.2 * Math.sin(x / 47));
  const bendY = Float32Array.from({ length: height }, (_, y) => 1.6 * Math.sin(y / 61));
  const line = (position: number): number => SINE[(position * pitch) & (SINE_STEPS - 1)] ?? 0;
  return pack(width, height, (x, y, i) => {
    const tone = 0.12 + (grey[i] ?? 0) / 290;
    const bend = (bendX[x] ?? 0) + (bendY[y] ?? 0) - 5 * tone;
    return tone * 1.25 - 0.03 > line(y + x * slant + bend) * 0.95 && tone * 1.6 + 0.32 > line(y * 0.45 - x + bend);
  });
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
