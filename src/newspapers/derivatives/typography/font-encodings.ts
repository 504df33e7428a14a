/**
 * Tells poppler what characters a font's codes mean when the PDF does not, but the font in it does. Without a ToUnicode
 * table poppler takes the numbers of glyphs for characters: "Fire" becomes ")LUH".
 */
import { decodePDFRawStream, PDFArray, PDFDict, PDFName, PDFRawStream, PDFString, type PDFDocument } from 'pdf-lib';
import { charactersOf } from './sfnt-characters.js';

/** A table maps at most so many codes at a time (Adobe technical note 5014). */
const MOST_AT_ONCE = 100;

/** @returns how many fonts got a ToUnicode table from what is embedded in the document */
export function addMissingEncodings(document: PDFDocument): number {
  let added = 0;
  for (const [, object] of document.context.enumerateIndirectObjects()) {
    if (!(object instanceof PDFDict) || !lacksMeaning(object)) continue;
    const characters = embeddedCharacters(object);
    if (characters.size === 0) continue;
    const table = document.context.flateStream(toUnicode(characters));
    object.set(PDFName.of('ToUnicode'), document.context.register(table));
    added++;
  }
  return added;
}

/** Its codes are the numbers of glyphs, and nothing says of what. */
function lacksMeaning(font: PDFDict): boolean {
  return (
    font.lookup(PDFName.of('Subtype')) === PDFName.of('Type0') &&
    font.lookup(PDFName.of('ToUnicode')) === undefined &&
    [PDFName.of('Identity-H'), PDFName.of('Identity-V')].some((name) => font.lookup(PDFName.of('Encoding')) === name)
  );
}

/** Code to code point. */
function embeddedCharacters(font: PDFDict): Map<number, number> {
  const descendants = font.lookup(PDFName.of('DescendantFonts'));
  const descendant = descendants instanceof PDFArray ? descendants.lookup(0) : undefined;
  if (!(descendant instanceof PDFDict)) return new Map();
  const system = descendant.lookup(PDFName.of('CIDSystemInfo'));
  const ordering = system instanceof PDFDict ? system.lookup(PDFName.of('Ordering')) : undefined;
  if (ordering instanceof PDFString && ordering.asString() !== 'Identity') return new Map(); // poppler knows these
  const descriptor = descendant.lookup(PDFName.of('FontDescriptor'));
  if (!(descriptor instanceof PDFDict)) return new Map();
  const file = descriptor.lookup(PDFName.of('FontFile2')) ?? descriptor.lookup(PDFName.of('FontFile3'));
  if (!(file instanceof PDFRawStream)) return new Map();
  const characters = charactersOf(decodePDFRawStream(file).decode());
  const glyphs = descendant.lookup(PDFName.of('CIDToGIDMap'));
  if (!(glyphs instanceof PDFRawStream)) return characters;
  const mapped = new Map<number, number>();
  const numbers = decodePDFRawStream(glyphs).decode();
  for (let code = 0; code * 2 + 1 < numbers.length; code++) {
    const character = characters.get((numbers[code * 2] ?? 0) * 256 + (numbers[code * 2 + 1] ?? 0));
    if (character !== undefined) mapped.set(code, character);
  }
  return mapped;
}

function toUnicode(characters: ReadonlyMap<number, number>): string {
  const hex = (number: number) => number.toString(16).padStart(4, '0');
  const lines = [...characters].map(([code, character]) => {
    const units = Array.from(String.fromCodePoint(character).split(''), (unit) => hex(unit.charCodeAt(0)));
    return `<${hex(code)}> <${units.join('')}>`;
  });
  const parts: string[] = [];
  for (let from = 0; from < lines.length; from += MOST_AT_ONCE) {
    const part = lines.slice(from, from + MOST_AT_ONCE);
    parts.push(`${part.length} beginbfchar`, ...part, 'endbfchar');
  }
  return [
    '/CIDInit /ProcSet findresource begin 12 dict begin begincmap',
    '/CMapName /Pressmark def /CMapType 2 def',
    '1 begincodespacerange <0000> <ffff> endcodespacerange',
    ...parts,
    'endcmap end end',
  ].join('\n');
}
