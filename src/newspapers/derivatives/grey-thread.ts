/** Runs in a worker thread: finds out whether a picture in three channels has any colour, and keeps one channel if not. */
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { greyTiffHead, readTiffLayout, type TiffLayout } from './plain-tiff.js';

/** Rounding in a renderer's colour arithmetic; nobody can see it. */
const TOLERANCE = 2;
const CHUNK_BYTES = 3 * 2 ** 20; // whole pixels, four at a time
const WHITE = -1; // four bytes of 255 as a number

/**
 * Writes the TIFF's one channel to `target` when all three are equal in every pixel, within rounding. At the first
 * pixel with colour it stops, leaves no target and returns false.
 */
export async function reduceToGrey({ source, target }: { source: string; target: string }): Promise<boolean> {
  const input = await open(source);
  try {
    const layout = await readTiffLayout(input);
    const output = await open(target, 'w');
    try {
      await output.appendFile(greyTiffHead(layout.width, layout.height));
      if (await copyGrey(input, layout, output)) return true;
    } finally {
      await output.close();
    }
    await unlink(target);
    return false;
  } finally {
    await input.close();
  }
}

async function copyGrey(input: FileHandle, layout: TiffLayout, output: FileHandle): Promise<boolean> {
  const colour = new Uint8Array(CHUNK_BYTES);
  const grey = new Uint8Array(CHUNK_BYTES / 3);
  for (const run of layout.runs) {
    for (let done = 0; done < run.bytes;) {
      const wanted = Math.min(CHUNK_BYTES, run.bytes - done);
      const { bytesRead } = await input.read(colour, 0, wanted, run.offset + done);
      if (bytesRead !== wanted) throw new Error('The rendered TIFF ends early; is the disk full?');
      if (!isGrey(colour, grey, wanted)) return false;
      await output.appendFile(grey.subarray(0, wanted / 3));
      done += wanted;
    }
  }
  return true;
}

/**
 * Fills `grey` with the green channel, which is nearest to what the eye calls brightness. White paper, most of a page,
 * goes by four pixels at a time: that halves the time.
 */
function isGrey(colour: Uint8Array, grey: Uint8Array, bytes: number): boolean {
  const four = new Int32Array(colour.buffer);
  const fourGrey = new Int32Array(grey.buffer);
  for (let at = 0; at < bytes; at += 12) {
    const word = at / 4;
    if (four[word] === WHITE && four[word + 1] === WHITE && four[word + 2] === WHITE) fourGrey[at / 12] = WHITE;
    else if (!areGrey(colour, grey, at, Math.min(at + 12, bytes))) return false;
  }
  return true;
}

function areGrey(colour: Uint8Array, grey: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at += 3) {
    // within bounds, but noUncheckedIndexedAccess cannot know; a default is free
    const green = colour[at + 1] ?? 0;
    const red = (colour[at] ?? 0) - green;
    const blue = (colour[at + 2] ?? 0) - green;
    if (red > TOLERANCE || red < -TOLERANCE || blue > TOLERANCE || blue < -TOLERANCE) return false;
    grey[at / 3] = green;
  }
  return true;
}
