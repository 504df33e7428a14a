/** What a PDF says about one of its fonts: its name and style, and how wide its letters are (ISO 32000-1, 9.6 to 9.8). */
import { PDFArray, PDFDict, PDFName, PDFNumber, StandardFontEmbedder, StandardFonts, type PDFObject } from 'pdf-lib';

export interface Typeface {
  /** "Minion Pro" of "ABCDEF+MinionPro-BoldIt"; undefined when the font has no name of its own. */
  family: string | undefined;
  bold: boolean;
  italic: boolean;
  /** Undefined when nothing tells. */
  serif: boolean | undefined;
  fixed: boolean;
  /** One or two bytes of a string are a letter. */
  bytesPerCode: 1 | 2;
  /** In thousandths of the size. */
  widthOf: (code: number) => number;
  /** How high its letters are for size 1: 1 but for fonts of drawn glyphs, which have a scale of their own. */
  scale: number;
}

const FIXED = 1;
const SERIF = 2;
const ITALIC = 64;
const FORCE_BOLD = 2 ** 18;
const BOLD_WEIGHT = 600;

export function readTypeface(font: PDFDict): Typeface {
  const kind = nameIn(font, 'Subtype');
  const descendants = font.lookupMaybe(PDFName.of('DescendantFonts'), PDFArray);
  const descendant = descendants?.lookupMaybe(0, PDFDict);
  const descriptor = (descendant ?? font).lookupMaybe(PDFName.of('FontDescriptor'), PDFDict);
  const name = (nameIn(descendant ?? font, 'BaseFont') ?? nameIn(font, 'BaseFont') ?? '').replace(/^[A-Z]{6}\+/, '');
  const widthOf = descendant ? compositeWidths(descendant) : simpleWidths(font, descriptor, name);
  return {
    ...styleOf(name, descriptor),
    bytesPerCode: kind === 'Type0' ? 2 : 1,
    widthOf,
    scale: kind === 'Type3' ? drawnScale(font) : 1,
  };
}

function styleOf(name: string, descriptor: PDFDict | undefined) {
  const flags = numberIn(descriptor, 'Flags');
  const has = (flag: number) => flags !== undefined && Math.floor(flags / flag) % 2 === 1;
  const style = name.replace(/^[^-,]*[-,]?/, '');
  const family = name.replace(/[-,].*$/, '').replace(/(?:PS)?MT$|PS$/, '');
  const standard = /^(Times|Courier|Helvetica|Arial)/i.exec(name)?.[1]?.toLowerCase();
  return {
    family: family === '' ? undefined : family,
    bold:
      /bold|black|heavy|demi/i.test(style || name) ||
      has(FORCE_BOLD) ||
      (numberIn(descriptor, 'FontWeight') ?? 0) >= BOLD_WEIGHT,
    italic:
      /ital|obliq/i.test(style || name) ||
      /It$/.test(style) ||
      has(ITALIC) ||
      (numberIn(descriptor, 'ItalicAngle') ?? 0) !== 0,
    serif:
      standard !== undefined
        ? standard === 'times' || standard === 'courier'
        : flags === undefined
          ? undefined
          : has(SERIF),
    fixed: has(FIXED) || standard === 'courier',
  };
}

function simpleWidths(font: PDFDict, descriptor: PDFDict | undefined, name: string): Typeface['widthOf'] {
  const widths = numbersIn(font, 'Widths');
  if (!widths) return standardWidths(name);
  const first = numberIn(font, 'FirstChar') ?? 0;
  const missing = numberIn(descriptor, 'MissingWidth') ?? 0;
  // a drawn font measures in units of its own
  const unit = nameIn(font, 'Subtype') === 'Type3' ? Math.abs(numbersIn(font, 'FontMatrix')?.[0] ?? 0.001) * 1000 : 1;
  return (code) => (widths[code - first] ?? missing) * unit;
}

/** The fourteen that every viewer has need not bring their widths. */
function standardWidths(name: string): Typeface['widthOf'] {
  const known = Object.values<string>(StandardFonts).find((standard) => standard === name);
  const nearest =
    known ??
    (/cour/i.test(name)
      ? StandardFonts.Courier
      : /times|roman|serif/i.test(name)
        ? StandardFonts.TimesRoman
        : StandardFonts.Helvetica);
  const { font, encoding } = StandardFontEmbedder.for(
    nearest as unknown as Parameters<typeof StandardFontEmbedder.for>[0],
  ); // the same strings
  const widths = new Map<number, number>();
  for (const codePoint of encoding.supportedCodePoints) {
    const { code, name: glyph } = encoding.encodeUnicodeCodePoint(codePoint);
    widths.set(code, font.getWidthOfGlyph(glyph) ?? 0);
  }
  return (code) => widths.get(code) ?? 500;
}

/** The W array: `first [w w w]` or `first last w`, over and over. */
function compositeWidths(descendant: PDFDict): Typeface['widthOf'] {
  const usual = numberIn(descendant, 'DW') ?? 1000;
  const listed = descendant.lookupMaybe(PDFName.of('W'), PDFArray);
  const widths = new Map<number, number>();
  const ranges: { first: number; last: number; width: number }[] = [];
  for (let at = 0; listed && at < listed.size() - 1;) {
    const first = asNumber(listed.lookup(at)) ?? 0;
    const next = listed.lookup(at + 1);
    if (next instanceof PDFArray) {
      for (let index = 0; index < next.size(); index++)
        widths.set(first + index, asNumber(next.lookup(index)) ?? usual);
      at += 2;
    } else {
      ranges.push({ first, last: asNumber(next) ?? first, width: asNumber(listed.lookup(at + 2)) ?? usual });
      at += 3;
    }
  }
  return (code) => widths.get(code) ?? ranges.find(({ first, last }) => first <= code && code <= last)?.width ?? usual;
}

/** The height of the box around its glyphs. */
function drawnScale(font: PDFDict): number {
  const [, bottom = 0, , top = 0] = numbersIn(font, 'FontBBox') ?? [];
  const unit = Math.abs(numbersIn(font, 'FontMatrix')?.[3] ?? 0.001);
  return top > bottom ? (top - bottom) * unit : unit * 1000;
}

function nameIn(dictionary: PDFDict, key: string): string | undefined {
  const found = dictionary.lookup(PDFName.of(key));
  return found instanceof PDFName ? found.decodeText() : undefined;
}

function numberIn(dictionary: PDFDict | undefined, key: string): number | undefined {
  return asNumber(dictionary?.lookup(PDFName.of(key)));
}

/** A list of numbers; what is none counts as 0. */
export function numbersIn(dictionary: PDFDict, key: string): number[] | undefined {
  const found = dictionary.lookup(PDFName.of(key));
  return found instanceof PDFArray ? found.asArray().map((_, index) => asNumber(found.lookup(index)) ?? 0) : undefined;
}

function asNumber(object: PDFObject | undefined): number | undefined {
  return object instanceof PDFNumber ? object.asNumber() : undefined;
}
