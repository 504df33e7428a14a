/** Finds pictures that no program could unpack piece by piece, and that are too large to be unpacked at once. */
import { Stream, type Dictionary } from './objects.js';
import type { PageNode } from './page-tree.js';
import type { PlainPdf } from './plain-pdf.js';

export interface VastPicture {
  width: number;
  height: number;
  /** "JPXDecode" or "JBIG2Decode". */
  packing: string;
}

/** The others are read row by row: a picture of 30,000 x 30,000 pixels takes poppler 17 MB when it is packed by zip. */
const UNPACKED_AT_ONCE: readonly string[] = ['JPXDecode', 'JBIG2Decode'];
/** JPEG 2000 takes up to 12 bytes for each: 6 GB. */
const MOST_PIXELS = 500e6;

/** @param seen pictures and forms that were looked at already */
export function vastPictures(pdf: PlainPdf, { resources }: PageNode, seen: Set<Stream>): VastPicture[] {
  const found: VastPicture[] = [];
  const waiting: (Dictionary | undefined)[] = [resources];
  while (waiting.length > 0) {
    for (const value of pdf.dictionary(waiting.shift()?.get('XObject'))?.values() ?? []) {
      const painted = pdf.resolve(value);
      if (!(painted instanceof Stream) || seen.has(painted)) continue;
      seen.add(painted);
      waiting.push(pdf.dictionary(painted.dictionary.get('Resources')));
      const mask = pdf.resolve(painted.dictionary.get('SMask'));
      for (const one of [painted, mask]) if (one instanceof Stream) found.push(...asVast(pdf, one.dictionary));
    }
  }
  return found;
}

function asVast(pdf: PlainPdf, picture: Dictionary): VastPicture[] {
  const packing = pdf.filters(picture).find((filter) => UNPACKED_AT_ONCE.includes(filter));
  const width = pdf.number(picture.get('Width')) ?? 0;
  const height = pdf.number(picture.get('Height')) ?? 0;
  return packing !== undefined && width * height > MOST_PIXELS ? [{ width, height, packing }] : [];
}
