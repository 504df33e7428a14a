/** Just enough TIFF for what pdftoppm and sharp write without compression: 8-bit RGB in, 8-bit grey out. */
import type { FileHandle } from 'node:fs/promises';

export interface TiffLayout {
  width: number;
  height: number;
  /** Where the pixels lie: neighbouring strips count as one run. */
  runs: { offset: number; bytes: number }[];
}

const WIDTH = 256;
const HEIGHT = 257;
const BITS = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const STRIP_OFFSETS = 273;
const SAMPLES = 277;
const ROWS_PER_STRIP = 278;
const STRIP_BYTES = 279;

const SHORT = 3;
const LONG = 4;
const UNCOMPRESSED = 1;
const BLACK_IS_ZERO = 1;
const RGB = 2;

/** @throws when it is not an uncompressed TIFF of 8-bit RGB pixels, side by side */
export async function readTiffLayout(file: FileHandle): Promise<TiffLayout> {
  const tags = await readTags(file);
  const one = (tag: number) => tags.get(tag)?.[0];
  if (one(COMPRESSION) !== UNCOMPRESSED || one(SAMPLES) !== 3 || one(PHOTOMETRIC) !== RGB || one(BITS) !== 8)
    throw new Error('Expected an uncompressed 8-bit RGB TIFF from the renderer');
  const width = one(WIDTH) ?? 0;
  const height = one(HEIGHT) ?? 0;
  const runs: TiffLayout['runs'] = [];
  const lengths = tags.get(STRIP_BYTES) ?? [];
  for (const [index, offset] of (tags.get(STRIP_OFFSETS) ?? []).entries()) {
    const bytes = lengths[index] ?? 0;
    const last = runs.at(-1);
    if (last && last.offset + last.bytes === offset) last.bytes += bytes;
    else runs.push({ offset, bytes });
  }
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  if (bytes !== width * height * 3 || runs.some((run) => run.bytes % 3 !== 0))
    throw new Error(`The renderer's TIFF says ${width} x ${height} pixels but holds ${bytes} bytes of them`);
  return { width, height, runs };
}

async function readTags(file: FileHandle): Promise<Map<number, number[]>> {
  const at = async (position: number, length: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead !== length) throw new Error('The rendered TIFF ends early; is the disk full?');
    return buffer;
  };
  const head = await at(0, 8);
  const little = head.toString('latin1', 0, 2) === 'II';
  const short = (buffer: Buffer, from: number) => (little ? buffer.readUInt16LE(from) : buffer.readUInt16BE(from));
  const long = (buffer: Buffer, from: number) => (little ? buffer.readUInt32LE(from) : buffer.readUInt32BE(from));
  if (short(head, 2) !== 42) throw new Error('Expected a TIFF from the renderer');

  const directory = long(head, 4);
  const count = short(await at(directory, 2), 0);
  const entries = await at(directory + 2, count * 12);
  const tags = new Map<number, number[]>();
  for (let from = 0; from < entries.length; from += 12) {
    const type = short(entries, from + 2);
    if (type !== SHORT && type !== LONG) continue;
    const size = type === SHORT ? 2 : 4;
    const values = long(entries, from + 4);
    const inline = values * size <= 4;
    const bytes = inline ? entries.subarray(from + 8, from + 12) : await at(long(entries, from + 8), values * size);
    const read = type === SHORT ? short : long;
    tags.set(
      short(entries, from),
      Array.from({ length: values }, (_, index) => read(bytes, index * size)),
    );
  }
  return tags;
}

/** Everything of an uncompressed 8-bit grey TIFF up to its pixels, which follow row by row. */
export function greyTiffHead(width: number, height: number): Buffer {
  const rows = Math.max(1, Math.floor(2 ** 16 / width)); // readers take one strip into memory
  const strips = Math.ceil(height / rows);
  const tags: [number, number, number][] = []; // tag, type, value: one value each, in ascending order of tags
  const add = (tag: number, type: number, value: number) => tags.push([tag, type, value]);
  const tagCount = 9;
  const arrays = 8 + 2 + tagCount * 12 + 4;
  const pixels = arrays + (strips > 1 ? strips * 8 : 0);
  const stripBytes = (strip: number) => Math.min(rows, height - strip * rows) * width;
  add(WIDTH, LONG, width);
  add(HEIGHT, LONG, height);
  add(BITS, SHORT, 8);
  add(COMPRESSION, SHORT, UNCOMPRESSED);
  add(PHOTOMETRIC, SHORT, BLACK_IS_ZERO);
  add(STRIP_OFFSETS, LONG, strips > 1 ? arrays : pixels);
  add(SAMPLES, SHORT, 1);
  add(ROWS_PER_STRIP, LONG, rows);
  add(STRIP_BYTES, LONG, strips > 1 ? arrays + strips * 4 : stripBytes(0));

  const head = Buffer.alloc(pixels);
  head.write('II', 'latin1');
  head.writeUInt16LE(42, 2);
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(tags.length, 8);
  for (const [index, [tag, type, value]] of tags.entries()) {
    const from = 10 + index * 12;
    head.writeUInt16LE(tag, from);
    head.writeUInt16LE(type, from + 2);
    head.writeUInt32LE(tag === STRIP_OFFSETS || tag === STRIP_BYTES ? strips : 1, from + 4);
    if (type === SHORT) head.writeUInt16LE(value, from + 8);
    else head.writeUInt32LE(value, from + 8);
  }
  if (strips > 1)
    for (let strip = 0; strip < strips; strip++) {
      head.writeUInt32LE(pixels + strip * rows * width, arrays + strip * 4);
      head.writeUInt32LE(stripBytes(strip), arrays + strips * 4 + strip * 4);
    }
  return head;
}
