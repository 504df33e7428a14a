/** Reads the structure of a JP2 file (ISO/IEC 15444-1, annexes A and I): some hundred bytes of it, no pixels. */
import { open, type FileHandle } from 'node:fs/promises';

export interface Jp2 {
  width: number;
  height: number;
  colour: 'grey' | 'sRGB' | 'other';
  components: number;
  bitDepth: number;
  tileWidth: number;
  tileHeight: number;
  /** Sizes the picture can be decoded at, each half of the one before; counts the full size. */
  resolutions: number;
  /** Wavelet 9-7 instead of 5-3. */
  irreversible: boolean;
  bytes: number;
}

/** Not a whole JP2 file. */
export class InvalidJp2 extends Error {
  override name = 'InvalidJp2';
}

const SIGNATURE = Buffer.from('0000000c6a5020200d0a870a', 'hex');
const SOC = 0xff4f;
const SIZ = 0xff51;
const COD = 0xff52;
const SOT = 0xff90;
const EOC = 0xffd9;

/**
 * Reads what the file says about itself, and walks over it: boxes, main header, every tile-part to the end marker.
 * That finds a file that was cut, has holes, or lacks a tile, which a decoder asked for a small size does not notice.
 * It cannot see a changed byte inside a tile.
 *
 * @throws {InvalidJp2}
 */
export async function readJp2(path: string): Promise<Jp2> {
  const file = await open(path);
  try {
    return await new Reader(file, (await file.stat()).size).read();
  } finally {
    await file.close();
  }
}

interface Box {
  type: string;
  /** Where its contents begin and end. */
  from: number;
  to: number;
}

class Reader {
  constructor(
    private readonly file: FileHandle,
    private readonly size: number,
  ) {}

  async read(): Promise<Jp2> {
    if (!(await this.at(0, 12)).equals(SIGNATURE)) throw new InvalidJp2('it does not begin as a JP2 does');
    const file = await this.boxes(12, this.size);
    const header = contents(file, 'jp2h');
    const headers = await this.boxes(header.from, header.to);
    const image = await this.at(contents(headers, 'ihdr').from, 14);
    const colour = await this.at(contents(headers, 'colr').from, 7);
    const codestream = contents(file, 'jp2c');
    const coded = await this.codestream(codestream.from, codestream.to);
    if (coded.height !== image.readUInt32BE(0) || coded.width !== image.readUInt32BE(4))
      throw new InvalidJp2('its header and its codestream differ on the size');
    return { ...coded, colour: colourSpace(colour), bitDepth: (image.readUInt8(10) & 0x7f) + 1, bytes: this.size };
  }

  /** The boxes that fill the space between two places. */
  private async boxes(from: number, to: number): Promise<Box[]> {
    const boxes: Box[] = [];
    for (let at = from; at < to;) {
      const head = await this.at(at, 8);
      let length = head.readUInt32BE(0);
      let start = at + 8;
      if (length === 1) {
        length = Number((await this.at(at + 8, 8)).readBigUInt64BE(0));
        start += 8;
      }
      const end = length === 0 ? to : at + length; // 0: to the end of the file
      if (end < start || end > to) throw new InvalidJp2(`its box at byte ${at} goes beyond its end`);
      boxes.push({ type: head.toString('latin1', 4, 8), from: start, to: end });
      at = end;
    }
    return boxes;
  }

  private async codestream(from: number, to: number) {
    if ((await this.marker(from)) !== SOC) throw new InvalidJp2('its codestream does not begin as one does');
    let size: ReturnType<typeof imageSize> | undefined;
    let style: { resolutions: number; irreversible: boolean } | undefined;
    let at = from + 2;
    for (let marker = await this.marker(at); marker !== SOT; marker = await this.marker(at)) {
      const length = (await this.at(at + 2, 2)).readUInt16BE(0);
      const segment = await this.at(at + 2, length);
      if (marker === SIZ) size = imageSize(segment);
      if (marker === COD) style = { resolutions: segment.readUInt8(7) + 1, irreversible: segment.readUInt8(11) === 0 };
      at += 2 + length;
    }
    if (!size || !style) throw new InvalidJp2('its main header lacks a part');
    const { tiles, ...facts } = size;
    await this.tileParts(at, to, tiles);
    return { ...facts, ...style };
  }

  private async tileParts(from: number, to: number, tiles: number): Promise<void> {
    const seen = new Set<number>();
    let at = from;
    while ((await this.marker(at)) === SOT) {
      const head = await this.at(at, 12);
      seen.add(head.readUInt16BE(4));
      const length = head.readUInt32BE(6);
      at = length === 0 ? to - 2 : at + length; // 0: the last one, up to the end marker
      if (length !== 0 && length < 14) throw new InvalidJp2(`its tile-part at byte ${at} has no contents`);
    }
    if ((await this.marker(at)) !== EOC || at + 2 !== to) throw new InvalidJp2('it does not end where it says');
    if (seen.size !== tiles) throw new InvalidJp2(`it has ${seen.size} of ${tiles} tiles`);
  }

  private async marker(at: number): Promise<number> {
    return (await this.at(at, 2)).readUInt16BE(0);
  }

  private async at(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.file.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead !== length) throw new InvalidJp2(`it ends at byte ${this.size}, too early`);
    return buffer;
  }
}

function contents(boxes: readonly Box[], type: string): Box {
  const found = boxes.find((box) => box.type === type);
  if (!found) throw new InvalidJp2(`it has no ${type} box`);
  return found;
}

/** The SIZ segment, from its length on. */
function imageSize(segment: Buffer) {
  if (segment.length < 41) throw new InvalidJp2('its size segment is too short');
  const field = (index: number) => segment.readUInt32BE(4 + index * 4);
  const width = field(0) - field(2);
  const height = field(1) - field(3);
  const [tileWidth, tileHeight] = [field(4), field(5)];
  if (!(width > 0 && height > 0 && tileWidth > 0 && tileHeight > 0)) throw new InvalidJp2('it has no size');
  const tiles = Math.ceil((field(0) - field(6)) / tileWidth) * Math.ceil((field(1) - field(7)) / tileHeight);
  return { width, height, tileWidth, tileHeight, tiles, components: segment.readUInt16BE(36) };
}

/** The contents of the colr box: method 1 names a colour space by number. */
function colourSpace(colr: Buffer): Jp2['colour'] {
  if (colr.readUInt8(0) !== 1) return 'other';
  const named = colr.readUInt32BE(3);
  return named === 16 ? 'sRGB' : named === 17 ? 'grey' : 'other';
}
