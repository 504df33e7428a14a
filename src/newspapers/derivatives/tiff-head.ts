/** What a TIFF says about itself (TIFF 6.0, BigTIFF): its directories, without its pixels. */
import { open, type FileHandle } from 'node:fs/promises';

export interface TiffDirectory {
  width: number;
  height: number;
  /** Of one sample. */
  bits: number;
  samples: number;
  /** The number in the tag: 1 none, 4 CCITT G4, 5 LZW ... */
  compression: number;
  /** What its numbers mean: 0 and 1 grey, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 Lab ... */
  photometric: number;
  /** Where that is written: two bytes. */
  photometricAt: { byte: number; little: boolean };
  /** How it is to be turned: 1 upright, 5 to 8 lying on its side. */
  orientation: number;
  /** A smaller version of another picture in the file. */
  reduced: boolean;
  /** Where each strip or tile lies. */
  pieces: { offset: number; bytes: number }[];
  /** How many of them its size asks for. */
  expectedPieces: number;
}

/** It is not what it says, or says nothing that makes sense. */
export class UnreadableTiff extends Error {
  override name = 'UnreadableTiff';
}

const TAG = {
  ...{
    subfile: 254,
    width: 256,
    height: 257,
    bits: 258,
    compression: 259,
    samples: 277,
    rows: 278,
    planes: 284,
  },
  ...{
    photometric: 262,
    orientation: 274,
    stripOffsets: 273,
    stripBytes: 279,
    tileWidth: 322,
    tileHeight: 323,
    tileOffsets: 324,
    tileBytes: 325,
  },
} as const;
const WANTED = new Set<number>(Object.values(TAG));
/** Bytes of the types that hold whole numbers: byte, short, long, signed ones, directory, and those of BigTIFF. */
const SIZES: Record<number, number> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };
/** Nobody has more; a broken chain may go round. */
const MOST_DIRECTORIES = 1000;
const MOST_VALUES = 4_000_000;
const SEPARATE = 2;

/**
 * Reads the directories in their chain.
 *
 * @throws {UnreadableTiff} when it is none, or its end comes before what it speaks of
 */
export async function readTiffHead(path: string): Promise<{ directories: TiffDirectory[]; bytes: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size === 0) throw new UnreadableTiff('it is empty (0 bytes)');
    return { directories: await new Reader(file, size).directories(), bytes: size };
  } finally {
    await file.close();
  }
}

interface Found {
  tags: Map<number, number[]>;
  /** Where the value of each begins, or its address. */
  places: Map<number, number>;
  /** Where the next directory lies; 0: nowhere. */
  following: number;
}

class Reader {
  private little = true;
  private big = false;

  constructor(
    private readonly file: FileHandle,
    private readonly size: number,
  ) {}

  async directories(): Promise<TiffDirectory[]> {
    let next = await this.header();
    const found: TiffDirectory[] = [];
    while (next !== 0) {
      if (found.length >= MOST_DIRECTORIES) throw new UnreadableTiff('its directories go round in a circle');
      const { tags, places, following } = await this.directory(next);
      const photometricAt = { byte: places.get(TAG.photometric) ?? 0, little: this.little };
      found.push({ ...describe(tags), photometricAt });
      next = following;
    }
    if (found.length === 0) throw new UnreadableTiff('there is no picture in it');
    return found;
  }

  private async header(): Promise<number> {
    const head = await this.at(0, Math.min(16, this.size));
    const order = head.toString('latin1', 0, 2);
    if ((order !== 'II' && order !== 'MM') || head.length < 8)
      throw new UnreadableTiff('it does not begin as a TIFF does');
    this.little = order === 'II';
    const version = this.number(head, 2, 2);
    this.big = version === 43;
    if (version !== 42 && !this.big) throw new UnreadableTiff('it does not begin as a TIFF does');
    return this.big ? this.number(await this.at(8, 8), 0, 8) : this.number(head, 4, 4);
  }

  private async directory(from: number): Promise<Found> {
    const [countBytes, entryBytes, wordBytes] = this.big ? [8, 20, 8] : [2, 12, 4];
    const count = this.number(await this.at(from, countBytes), 0, countBytes);
    if (count > 4096) throw new UnreadableTiff(`its directory at byte ${from} is no directory`);
    const entries = await this.at(from + countBytes, count * entryBytes + wordBytes);
    const tags = new Map<number, number[]>();
    const places = new Map<number, number>();
    for (let at = 0; at < count * entryBytes; at += entryBytes) {
      const tag = this.number(entries, at, 2);
      if (!WANTED.has(tag)) continue;
      const size = SIZES[this.number(entries, at + 2, 2)];
      const values = this.number(entries, at + 4, wordBytes);
      if (size === undefined || values > MOST_VALUES) throw new UnreadableTiff(`its tag ${tag} makes no sense`);
      const place = at + 4 + wordBytes;
      const bytes =
        values * size <= wordBytes
          ? entries.subarray(place, place + wordBytes)
          : await this.at(this.number(entries, place, wordBytes), values * size);
      places.set(tag, from + countBytes + place);
      tags.set(
        tag,
        Array.from({ length: values }, (_, index) => this.number(bytes, index * size, size)),
      );
    }
    return { tags, places, following: this.number(entries, count * entryBytes, wordBytes) };
  }

  private number(buffer: Buffer, from: number, size: number): number {
    if (size === 8) return Number(this.little ? buffer.readBigUInt64LE(from) : buffer.readBigUInt64BE(from));
    return this.little ? buffer.readUIntLE(from, size) : buffer.readUIntBE(from, size);
  }

  private async at(position: number, length: number): Promise<Buffer> {
    if (position + length > this.size)
      throw new UnreadableTiff(`it is cut off: it speaks of byte ${position + length}, but ends at byte ${this.size}`);
    const { buffer } = await this.file.read(Buffer.alloc(length), 0, length, position);
    return buffer;
  }
}

function describe(tags: ReadonlyMap<number, readonly number[]>): Omit<TiffDirectory, 'photometricAt'> {
  const one = (tag: number, otherwise = 0) => tags.get(tag)?.[0] ?? otherwise;
  const [width, height] = [one(TAG.width), one(TAG.height)];
  const tiled = tags.has(TAG.tileOffsets);
  const [wide, high] = tiled
    ? [one(TAG.tileWidth), one(TAG.tileHeight)]
    : [width, Math.min(one(TAG.rows, height), height)];
  if (!(width > 0 && height > 0 && wide > 0 && high > 0)) throw new UnreadableTiff('its picture has no size');
  const samples = one(TAG.samples, 1);
  const planes = one(TAG.planes, 1) === SEPARATE ? samples : 1;
  const offsets = tags.get(tiled ? TAG.tileOffsets : TAG.stripOffsets) ?? [];
  const lengths = tags.get(tiled ? TAG.tileBytes : TAG.stripBytes) ?? [];
  return {
    ...{ width, height, samples },
    bits: one(TAG.bits, 1),
    compression: one(TAG.compression, 1),
    photometric: one(TAG.photometric, 1),
    orientation: one(TAG.orientation, 1),
    reduced: one(TAG.subfile) % 2 === 1,
    pieces: offsets.map((offset, index) => ({ offset, bytes: lengths[index] ?? 0 })),
    expectedPieces: Math.ceil(width / wide) * Math.ceil(height / high) * planes,
  };
}
