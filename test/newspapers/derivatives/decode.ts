/** Looks into a JP2 with Debian's decoder, as an image server would. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { runProgram } from '../../../src/files/programs.js';

export interface Picture {
  width: number;
  height: number;
  channels: number;
  /** Brightness, or red, green and blue, of a pixel. */
  pixel: (x: number, y: number) => number[];
  /** The share of pixels darker than half in a rectangle. */
  ink: (left: number, top: number, width: number, height: number) => number;
}

/** Decodes a JP2 in full size. */
export async function decode(jp2: string): Promise<Picture> {
  const directory = await mkdtemp(join(tmpdir(), 'decoded-'));
  try {
    const tiff = join(directory, 'all.tif');
    await runProgram('opj_decompress', ['-i', jp2, '-o', tiff], { timeoutSeconds: 120 });
    return await picture(tiff);
  } finally {
    await rm(directory, { recursive: true });
  }
}

export async function picture(file: string): Promise<Picture> {
  const options = { resolveWithObject: true } as const;
  const opened = sharp(file, { limitInputPixels: 2 ** 31 });
  const { space } = await opened.metadata();
  if (space === 'b-w') opened.toColourspace('b-w'); // or else sharp makes three channels of it
  const { data, info } = await opened.raw().toBuffer(options);
  const { width, height, channels } = info;
  const pixel = (x: number, y: number) => [
    ...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels),
  ];
  return {
    ...{ width, height, channels, pixel },
    ink: (left, top, wide, high) => {
      let dark = 0;
      for (let y = top; y < top + high; y++)
        for (let at = (y * width + left) * channels, end = at + wide * channels; at < end; at += channels)
          if ((data[at] ?? 0) < 128) dark++;
      return dark / (wide * high);
    },
  };
}
