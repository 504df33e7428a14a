/** One face of type: how wide its letters are, and how a PDF carries it. */
import { PDFName, type PDFDocument, type PDFRef } from 'pdf-lib';
import { deflateSync } from 'node:zlib';
import { trueTypeFile } from './woff.js';
import { winAnsiCharacters, winAnsiCodes } from './winansi.js';

/** What a PDF viewer needs to draw the glyphs; the layout tables (GSUB, GPOS) stay out. */
const EMBEDDED_TABLES = ['cmap', 'cvt ', 'fpgm', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'prep'];
const FIRST_CODE = 0x20;
const LAST_CODE = 0xff;

export class Face {
  readonly name: string;
  /** Above and below the baseline, of an em. */
  readonly ascent: number;
  readonly descent: number;
  readonly capHeight: number;
  readonly #tables: ReadonlyMap<string, Buffer>;
  /** By WinAnsi code, in thousandths of an em. */
  readonly #widths: number[];

  constructor(name: string, tables: ReadonlyMap<string, Buffer>) {
    this.name = name;
    this.#tables = tables;
    const unitsPerEm = this.#table('head').readUInt16BE(18);
    const lines = this.#table('hhea');
    this.ascent = lines.readInt16BE(4) / unitsPerEm;
    this.descent = -lines.readInt16BE(6) / unitsPerEm;
    this.#widths = readWidths(this.#table('cmap'), this.#table('hmtx'), lines.readUInt16BE(34), unitsPerEm);
    this.capHeight = readCapHeight(this.#table('OS/2'), unitsPerEm);
  }

  /** Width in points of the text set at this size. */
  width(text: string, size: number): number {
    let thousandths = 0;
    for (const code of winAnsiCodes(text)) thousandths += this.#widths[code] ?? 0;
    return (thousandths * size) / 1000;
  }

  /** Adds the face to a document and returns its font dictionary. */
  embed(document: PDFDocument): PDFRef {
    const { context } = document;
    const kept = new Map(EMBEDDED_TABLES.flatMap((tag) => (this.#tables.has(tag) ? [[tag, this.#table(tag)]] : [])));
    const file = trueTypeFile(kept);
    const italic = this.name.endsWith('Italic');
    const descriptor = context.obj({
      Type: 'FontDescriptor',
      FontName: this.name,
      Flags: 32 + (this.name.startsWith('LibreFranklin') ? 0 : 2) + (italic ? 64 : 0), // nonsymbolic, serif, italic
      FontBBox: [-250, -Math.round(this.descent * 1000), 1250, Math.round(this.ascent * 1000)],
      ItalicAngle: italic ? -12 : 0,
      Ascent: Math.round(this.ascent * 1000),
      Descent: -Math.round(this.descent * 1000),
      CapHeight: Math.round(this.capHeight * 1000),
      StemV: this.name.endsWith('Regular') || italic ? 80 : 140,
      FontFile2: context.register(context.stream(deflateSync(file), { Filter: 'FlateDecode', Length1: file.length })),
    });
    return context.register(
      context.obj({
        Type: 'Font',
        Subtype: 'TrueType',
        BaseFont: this.name,
        FirstChar: FIRST_CODE,
        LastChar: LAST_CODE,
        Widths: this.#widths.slice(FIRST_CODE, LAST_CODE + 1).map((width) => Math.round(width)),
        Encoding: PDFName.of('WinAnsiEncoding'),
        FontDescriptor: context.register(descriptor),
      }),
    );
  }

  #table(tag: string): Buffer {
    const table = this.#tables.get(tag);
    if (table === undefined) throw new Error(`the font ${this.name} has no table "${tag}"`);
    return table;
  }
}

function readWidths(cmap: Buffer, hmtx: Buffer, metrics: number, unitsPerEm: number): number[] {
  const glyphs = readCharacterMap(cmap);
  const widths = new Array<number>(LAST_CODE + 1).fill(0);
  for (const [code, character] of winAnsiCharacters()) {
    const glyph = glyphs(character.codePointAt(0) ?? 0);
    const advance = hmtx.readUInt16BE(Math.min(glyph, metrics - 1) * 4);
    widths[code] = Math.round((advance * 1000) / unitsPerEm);
  }
  return widths;
}

/** Glyph number of a character by the font's Unicode map (format 4); 0 where it has none. */
function readCharacterMap(cmap: Buffer): (unicode: number) => number {
  for (let i = 0; i < cmap.readUInt16BE(2); i++) {
    const start = cmap.readUInt32BE(4 + i * 8 + 4);
    if (cmap.readUInt16BE(start) !== 4) continue;
    const doubled = cmap.readUInt16BE(start + 6);
    const ends = start + 14;
    const starts = ends + doubled + 2;
    const deltas = starts + doubled;
    const offsets = deltas + doubled;
    return (unicode) => {
      for (let at = 0; at < doubled; at += 2) {
        if (cmap.readUInt16BE(ends + at) < unicode) continue;
        const first = cmap.readUInt16BE(starts + at);
        if (first > unicode) return 0;
        const offset = cmap.readUInt16BE(offsets + at);
        const delta = cmap.readUInt16BE(deltas + at);
        if (offset === 0) return (unicode + delta) & 0xffff;
        const glyph = cmap.readUInt16BE(offsets + at + offset + (unicode - first) * 2);
        return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
      }
      return 0;
    };
  }
  throw new Error('the font has no Unicode character map of format 4');
}

function readCapHeight(os2: Buffer, unitsPerEm: number): number {
  return os2.readUInt16BE(0) >= 2 ? os2.readInt16BE(88) / unitsPerEm : 0.7;
}
