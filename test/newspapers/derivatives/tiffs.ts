/** Writes TIFFs tag by tag, also such as no program would write. */
import { writeFile } from 'node:fs/promises';

export interface PicturePlan {
  width: number;
  height: number;
  /** Of each sample. */
  bits: number[];
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK, 8 Lab. */
  photometric: number;
  pixels: Uint8Array;
  /** Other tags, and those that are to be other than they ought to be. All are written as 16 or 32 bits. */
  tags?: Record<number, number | number[]>;
  /** Several: the samples lie in planes of their own. */
  planes?: Uint8Array[];
}

const SHORT = 3;
const LONG = 4;

/** A classic little-endian TIFF with a directory for each picture. */
export function tiffBytes(...pictures: PicturePlan[]): Buffer {
  const parts: Buffer[] = [Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0])];
  let at = 8;
  let link = { part: 0, offset: 4 };
  const append = (bytes: Uint8Array): number => {
    const from = at;
    parts.push(Buffer.from(bytes), Buffer.alloc(bytes.length % 2));
    at += bytes.length + (bytes.length % 2);
    return from;
  };
  for (const { width, height, bits, photometric, pixels, planes, tags = {} } of pictures) {
    const strips = planes ?? [pixels];
    const offsets = strips.map((strip) => append(strip));
    const all: Record<number, number | number[]> = {
      ...{ 256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: offsets, 277: bits.length, 278: height },
      ...{ 279: strips.map(({ length }) => length), 284: planes ? 2 : 1, ...tags },
    };
    const entries = Object.entries(all).map(([tag, value]) => ({ tag: Number(tag), values: [value].flat() }));
    const directory = Buffer.alloc(2 + entries.length * 12 + 4);
    directory.writeUInt16LE(entries.length);
    for (const [index, { tag, values }] of entries.entries()) {
      const long = values.some((value) => value > 0xffff) || tag === 273 || tag === 279;
      const size = long ? 4 : 2;
      const packed = Buffer.alloc(Math.max(4, values.length * size));
      for (const [place, value] of values.entries())
        if (long) packed.writeUInt32LE(value, place * 4);
        else packed.writeUInt16LE(value, place * 2);
      const entry = 2 + index * 12;
      directory.writeUInt16LE(tag, entry);
      directory.writeUInt16LE(long ? LONG : SHORT, entry + 2);
      directory.writeUInt32LE(values.length, entry + 4);
      if (packed.length === 4) packed.copy(directory, entry + 8);
      else directory.writeUInt32LE(append(packed), entry + 8);
    }
    parts[link.part]?.writeUInt32LE(at, link.offset);
    link = { part: parts.length, offset: directory.length - 4 };
    append(directory);
  }
  return Buffer.concat(parts);
}

export async function writeTiff(path: string, ...pictures: PicturePlan[]): Promise<string> {
  await writeFile(path, tiffBytes(...pictures));
  return path;
}

/** A picture of four upright bands, all samples given for each band; 16-bit samples are written as such. */
export function bands(
  bits: number[],
  photometric: number,
  samples: number[][],
  more: Partial<PicturePlan> = {},
): PicturePlan {
  const [width, height] = [256, 64];
  const depth = bits[0] ?? 8;
  const row = Buffer.alloc(Math.ceil((width * bits.length * depth) / 8));
  for (let x = 0; x < width; x++)
    for (const [index, value] of (samples[Math.floor(x / 64)] ?? []).entries()) {
      const bit = (x * bits.length + index) * depth;
      if (depth === 16) row.writeUInt16LE(value, bit / 8);
      else row[bit >> 3] = (row[bit >> 3] ?? 0) | (value << (8 - depth - (bit % 8)));
    }
  return {
    width,
    height,
    bits,
    photometric,
    pixels: Buffer.concat(Array.from({ length: height }, () => row)),
    ...more,
  };
}
