/** What a scanner sees: how a sheet lies on the bed, and what age, dust and lamp do to its picture. */
import type { Random } from './random.js';

/** A page on the scanner's bed. Measures are points. */
export interface Lay {
  width: number;
  height: number;
  /** Of a PDF `cm`: page to bed, both with y upward. */
  matrix: readonly [number, number, number, number, number, number];
}

/** Bed that shows around the sheet. */
const MARGIN = 11;
/** The sheet is turned by at most this many degrees. */
const MOST_SKEW = 0.55;

/** Lays a sheet of this size on the bed, a little crooked. */
export function layOnBed(sheet: { width: number; height: number }, random: Random): Lay {
  const skew = (random.between(0.15, MOST_SKEW) * (random.chance(0.5) ? 1 : -1) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(skew), Math.sin(skew)];
  const width = Math.round(sheet.width + 2 * MARGIN);
  const height = Math.round(sheet.height + 2 * MARGIN);
  // turned about its middle, which stands in the middle of the bed but for a few points
  const x = width / 2 + random.between(-3, 3) - (cos * sheet.width - sin * sheet.height) / 2;
  const y = height / 2 + random.between(-3, 3) - (sin * sheet.width + cos * sheet.height) / 2;
  return { width, height, matrix: [cos, sin, -sin, cos, x, y] };
}

/** PDF operators that draw the bed and the bare sheet, and then let the page's own operators follow. */
export function bedOperators(lay: Lay, sheet: { width: number; height: number }): string {
  const matrix = lay.matrix.map((value) => value.toFixed(6)).join(' ');
  return `0.13 g 0 0 ${lay.width} ${lay.height} re f ${matrix} cm 1 g 0 0 ${sheet.width} ${sheet.height} re f`;
}

/** A picture in memory, one or three bytes a pixel. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: 1 | 3;
}

const NOISE_LENGTH = 1 << 16;

/**
 * Makes a clean grey rendering look scanned, at 1 (black or white, as 0 and 255), 8 or 24 bits a pixel. Changes `page`;
 * the result shares its memory but for 24 bits.
 */
export function scan(page: Pixels, bits: 1 | 8 | 24, dpi: number, random: Random): Pixels {
  addDust(page, dpi, random.fork('dust'));
  const shade = shadows(page, random.fork('shadows'));
  const noise = noiseOf(random.fork('noise'), bits === 1 ? 42 : 7);
  if (bits === 1) return threshold(page, shade, noise, random);
  return bits === 8 ? greyPaper(page, shade, noise, random) : yellowPaper(page, shade, noise, random);
}

interface Shadows {
  /** Taken from each pixel of a column, and of a row. */
  across: Int16Array;
  down: Int16Array;
}

/** Darker toward the fold on one side, and in broad waves where the sheet does not lie flat. */
function shadows({ width, height }: Pixels, random: Random): Shadows {
  const wave = (length: number, fold: number): Int16Array => {
    const [first, second, phase] = [random.between(1, 3), random.between(3, 7), random.between(0, 7)];
    return Int16Array.from({ length }, (_, at) => {
      const t = at / length;
      return (
        7 * Math.sin(first * Math.PI * t + phase) + 3 * Math.sin(second * Math.PI * t) + 34 * Math.exp(-t * fold) + 5
      );
    });
  };
  const across = wave(width, 38);
  if (random.chance(0.5)) across.reverse();
  return { across, down: wave(height, 120) };
}

function noiseOf(random: Random, strength: number): Int8Array {
  return Int8Array.from(
    { length: NOISE_LENGTH },
    () => (random.next() + random.next() + random.next() - 1.5) * strength,
  );
}

function threshold(page: Pixels, { across, down }: Shadows, noise: Int8Array, random: Random): Pixels {
  const { data, width, height } = page;
  for (let y = 0, i = 0; y < height; y++) {
    const offset = random.int(0, NOISE_LENGTH - 1);
    const limit = 112 + (down[y] ?? 0);
    for (let x = 0; x < width; x++, i++) {
      data[i] = (data[i] ?? 0) + (noise[(offset + x) & (NOISE_LENGTH - 1)] ?? 0) > limit + (across[x] ?? 0) ? 255 : 0;
    }
  }
  return page;
}

function greyPaper(page: Pixels, { across, down }: Shadows, noise: Int8Array, random: Random): Pixels {
  const { data, width, height } = page;
  const tone = Int16Array.from({ length: 256 }, (_, value) => 46 + (value * (226 - 46)) / 255);
  for (let y = 0, i = 0; y < height; y++) {
    const offset = random.int(0, NOISE_LENGTH - 1);
    for (let x = 0; x < width; x++, i++) {
      const value =
        (tone[data[i] ?? 0] ?? 0) - (across[x] ?? 0) - (down[y] ?? 0) + (noise[(offset + x) & (NOISE_LENGTH - 1)] ?? 0);
      data[i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
  return page;
}

/** Paper the colour of weak tea, ink that has gone brown. */
function yellowPaper(page: Pixels, { across, down }: Shadows, noise: Int8Array, random: Random): Pixels {
  const { data, width, height } = page;
  const colour = Buffer.allocUnsafe(width * height * 3);
  const tones = [
    [58, 250],
    [48, 240],
    [40, 212],
  ].map(([ink = 0, paper = 0]) => Int16Array.from({ length: 256 }, (_, value) => ink + (value * (paper - ink)) / 255));
  const [red = new Int16Array(), green = new Int16Array(), blue = new Int16Array()] = tones;
  for (let y = 0, i = 0, o = 0; y < height; y++) {
    const offset = random.int(0, NOISE_LENGTH - 1);
    for (let x = 0; x < width; x++, i++) {
      const grey = data[i] ?? 0;
      const change = (noise[(offset + x) & (NOISE_LENGTH - 1)] ?? 0) - (across[x] ?? 0) - (down[y] ?? 0);
      colour[o++] = clamp((red[grey] ?? 0) + change);
      colour[o++] = clamp((green[grey] ?? 0) + change);
      colour[o++] = clamp((blue[grey] ?? 0) + change + (change >> 1));
    }
  }
  return { data: colour, width, height, channels: 3 };
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Specks of dirt, and pinholes in the ink. */
function addDust({ data, width, height }: Pixels, dpi: number, random: Random): void {
  const perInch = (width * height) / dpi ** 2;
  const unit = dpi / 400;
  for (let speck = Math.round(perInch * 9); speck > 0; speck--) {
    const ink = random.chance(0.45) ? 20 : 245;
    const radius = Math.max(0.6, unit * (random.chance(0.04) ? random.between(3, 6) : random.between(0.6, 2)));
    const [cx, cy] = [random.between(0, width), random.between(0, height)];
    const flat = random.between(0.5, 1);
    for (let y = Math.max(0, Math.floor(cy - radius)); y < Math.min(height, cy + radius); y++) {
      for (let x = Math.max(0, Math.floor(cx - radius)); x < Math.min(width, cx + radius); x++) {
        if ((x - cx) ** 2 + ((y - cy) / flat) ** 2 <= radius ** 2) data[y * width + x] = ink;
      }
    }
  }
}
