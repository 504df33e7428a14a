/** Which character each glyph of a TrueType or OpenType font stands for, by its own table (OpenType, "cmap"). */

/** Tables for Unicode, the larger ones first: platform, encoding. */
const UNICODE = [
  [3, 10],
  [0, 6],
  [0, 4],
  [3, 1],
  [0, 3],
  [0, 2],
  [0, 1],
  [0, 0],
] as const;
const MOST_GLYPHS = 65_536;

/**
 * Glyph number to code point; empty when the font has no table for Unicode, as many subsets have none. Of several
 * characters with one glyph the first in Unicode counts.
 */
export function charactersOf(font: Uint8Array): Map<number, number> {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength);
  const characters = new Map<number, number>();
  try {
    const table = unicodeTable(view);
    if (table !== undefined)
      readTable(view, table, (glyph, character) => {
        if (glyph !== 0 && !characters.has(glyph)) characters.set(glyph, character);
      });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it points beyond its end: what was found until there counts
  }
  return characters;
}

function unicodeTable(view: DataView): number | undefined {
  const tables = view.getUint16(4);
  for (let index = 0; index < tables; index++) {
    const entry = 12 + index * 16;
    if (view.getUint32(entry) !== 0x636d6170) continue; // cmap
    const cmap = view.getUint32(entry + 8);
    const offsets = new Map<string, number>();
    for (let each = 0; each < view.getUint16(cmap + 2); each++) {
      const at = cmap + 4 + each * 8;
      offsets.set(`${view.getUint16(at)} ${view.getUint16(at + 2)}`, cmap + view.getUint32(at + 4));
    }
    return UNICODE.map(([platform, encoding]) => offsets.get(`${platform} ${encoding}`)).find(
      (offset) => offset !== undefined && [4, 12].includes(view.getUint16(offset)),
    );
  }
  return undefined;
}

function readTable(view: DataView, table: number, found: (glyph: number, character: number) => void): void {
  if (view.getUint16(table) === 12) {
    const groups = view.getUint32(table + 12);
    for (let group = 0; group < groups; group++) {
      const at = table + 16 + group * 12;
      const [first, last, glyph] = [view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8)];
      for (let index = 0; index <= Math.min(last - first, MOST_GLYPHS); index++) found(glyph + index, first + index);
    }
    return;
  }
  const bytes = view.getUint16(table + 6); // two for each segment
  for (let segment = 0; segment < bytes; segment += 2) {
    const at = (part: number) => table + 14 + part * bytes + (part > 0 ? 2 : 0) + segment;
    const [last, first, delta, range] = [at(0), at(1), at(2), at(3)].map((place) => view.getUint16(place)) as [
      number,
      number,
      number,
      number,
    ]; // four places
    for (let character = first; character <= last && character < 0xffff; character++) {
      const glyph = range === 0 ? character : view.getUint16(at(3) + range + (character - first) * 2);
      found(range !== 0 && glyph === 0 ? 0 : (glyph + delta) % MOST_GLYPHS, character);
    }
  }
}
