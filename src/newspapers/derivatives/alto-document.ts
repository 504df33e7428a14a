/**
 * Writes ALTO 1.4 (newspapers 6.3): the namespace that NCA writes and ONI reads, so batches stay what they were; the
 * schema is the one it names. Nothing is in it that nobody knows: no made-up fonts, no confidences, no server paths (W14).
 */
import type { Box } from './page-text.js';
import { markBrokenWords, type AltoWord } from './hyphens.js';
import type { SetWord } from './page-layout.js';
import type { TextStyle } from './typography/word-styles.js';

export const ALTO_NAMESPACE = 'http://schema.ccs-gmbh.com/ALTO';
export const ALTO_SCHEMA = 'https://raw.githubusercontent.com/altoxml/schema/master/v1/alto-1-4.xsd';

export interface AltoPage {
  /** Its place in the issue, from 1. */
  number: number;
  /** Of the picture the coordinates are for, in pixels. */
  width: number;
  height: number;
  /** Pixels per point. */
  scale: { x: number; y: number };
  /** ISO 639-2, three letters. */
  language: string;
  /** Where the text came from: a name without a path. */
  fileName: string;
  /** The picture the coordinates are for: a name without a path. */
  imageName: string;
  software: { pdftotext: string; pressmark: string };
}

export interface AltoDocument {
  xml: string;
  words: number;
  blocks: number;
  /** Pairs of word parts. */
  broken: number;
  /** Words outside the visible part of the page, which were left out. */
  unseen: number;
}

/**
 * Writes the document. Coordinates have one decimal, blocks whole pixels (as the schema wants), rounded outwards.
 *
 * @param blocks in reading order, in points
 */
export function writeAlto(blocks: readonly (readonly (readonly SetWord[])[])[], page: AltoPage): AltoDocument {
  const seen = blocks.map((block) => visible(block, page)).filter((block) => block.length > 0);
  const words = wordCount(seen);
  const styles = new Styles();
  const body: string[] = [];
  let broken = 0;
  for (const [index, block] of markBrokenWords(seen).entries())
    broken += writeBlock(body, block, { id: `TB.${page.number}.${index + 1}`, language: page.language, styles });
  const lines = [...head(page), ...styles.written(), ...layoutHead(page), ...body];
  lines.push('</PrintSpace>', '</Page>', '</Layout>', '</alto>', '');
  return { xml: lines.join('\n'), words, blocks: seen.length, broken, unseen: wordCount(blocks) - words };
}

/** The styles that are used, each once, in the order of their use. */
class Styles {
  private readonly ids = new Map<string, string>();

  /** The attribute that refers to a style. */
  reference(style: TextStyle | undefined): string {
    if (!style) return '';
    const { size, family, bold, italic, serif, fixed } = style;
    const description = [
      ...(family === undefined ? [] : [`FONTFAMILY="${escaped(family)}"`]),
      ...(serif === undefined ? [] : [`FONTTYPE="${serif ? 'serif' : 'sans-serif'}"`]),
      ...(family === undefined ? [] : [`FONTWIDTH="${fixed ? 'fixed' : 'proportional'}"`]),
      `FONTSIZE="${size.toFixed(1)}"`,
      ...(bold || italic
        ? [`FONTSTYLE="${[...(bold ? ['bold'] : []), ...(italic ? ['italics'] : [])].join(' ')}"`]
        : []),
    ].join(' ');
    const id = this.ids.get(description) ?? `TS_${this.ids.size + 1}`;
    this.ids.set(description, id);
    return ` STYLEREFS="${id}"`;
  }

  written(): string[] {
    if (this.ids.size === 0) return [];
    const styles = [...this.ids].map(([description, id]) => `<TextStyle ID="${id}" ${description}/>`);
    return ['<Styles>', ...styles, '</Styles>'];
  }
}

function head({ width, height, fileName, imageName, software }: AltoPage): string[] {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<alto xmlns="${ALTO_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="${ALTO_NAMESPACE} ${ALTO_SCHEMA}">`,
    '<Description>',
    '<MeasurementUnit>pixel</MeasurementUnit>',
    `<sourceImageInformation><fileName>${escaped(fileName)}</fileName></sourceImageInformation>`,
    '<OCRProcessing ID="OCR.0">',
    '<ocrProcessingStep>',
    '<processingStepDescription>The text and its places are those of the PDF; no characters were recognised in this step</processingStepDescription>',
    `<processingStepSettings>${escaped(`-bbox-layout -cropbox, scaled to the ${width} x ${height} pixels of ${imageName}`)}</processingStepSettings>`,
    `<processingSoftware><softwareCreator>poppler</softwareCreator><softwareName>pdftotext</softwareName><softwareVersion>${escaped(software.pdftotext)}</softwareVersion></processingSoftware>`,
    '</ocrProcessingStep>',
    '<postProcessingStep>',
    `<processingSoftware><softwareName>Pressmark</softwareName><softwareVersion>${escaped(software.pressmark)}</softwareVersion></processingSoftware>`,
    '</postProcessingStep>',
    '</OCRProcessing>',
    '</Description>',
  ];
}

function layoutHead({ number, width, height }: AltoPage): string[] {
  return [
    '<Layout>',
    `<Page ID="PAGE.0" HEIGHT="${height}" WIDTH="${width}" PHYSICAL_IMG_NR="${number}" PROCESSING="OCR.0">`,
    `<PrintSpace ID="PS.0" HEIGHT="${height}" WIDTH="${width}" HPOS="0" VPOS="0">`,
  ];
}

/** @returns how many words of the block are broken in two */
function writeBlock(
  lines: string[],
  block: readonly AltoWord[][],
  { id, language, styles }: { id: string; language: string; styles: Styles },
): number {
  let broken = 0;
  lines.push(`<TextBlock ID="${id}" ${outwards(around(block.map(around)))} language="${language}">`);
  for (const [lineIndex, line] of block.entries()) {
    lines.push(`<TextLine ID="${id}_${lineIndex}" ${exact(around(line))}>`);
    for (const [wordIndex, word] of line.entries()) {
      const before = line[wordIndex - 1];
      if (before) lines.push(space(before, word));
      lines.push(
        `<String ID="${id}_${lineIndex}_${wordIndex}"${styles.reference(word.style)} ${exact(word)} CONTENT="${escaped(word.text)}"${substitution(word)}/>`,
      );
      if (word.hyphen === undefined) continue;
      lines.push(`<HYP CONTENT="${word.hyphen}"/>`);
      broken += 1;
    }
    lines.push('</TextLine>');
  }
  lines.push('</TextBlock>');
  return broken;
}

function substitution({ part }: AltoWord): string {
  return part ? ` SUBS_TYPE="${part.type}" SUBS_CONTENT="${escaped(part.whole)}"` : '';
}

/**
 * The gap between two words. The boxes of recognised text may overlap: then there is a space, but no place for it. In
 * lines that go up, down or from right to left the gap is above, below, or left of the word.
 */
function space(before: Box, after: Box): string {
  const place = (width: number, left: number, top: number) =>
    `<SP WIDTH="${width.toFixed(1)}" HPOS="${left.toFixed(1)}" VPOS="${top.toFixed(1)}"/>`;
  if (after.xMin > before.xMax) return place(after.xMin - before.xMax, before.xMax, before.yMin);
  if (after.xMax < before.xMin) return place(before.xMin - after.xMax, after.xMax, before.yMin);
  const width = Math.min(before.xMax, after.xMax) - Math.max(before.xMin, after.xMin);
  if (after.yMin > before.yMax) return place(width, Math.max(before.xMin, after.xMin), before.yMax);
  if (after.yMax < before.yMin) return place(width, Math.max(before.xMin, after.xMin), after.yMax);
  return '<SP/>';
}

function exact({ xMin, yMin, xMax, yMax }: Box): string {
  return `HEIGHT="${(yMax - yMin).toFixed(1)}" WIDTH="${(xMax - xMin).toFixed(1)}" HPOS="${xMin.toFixed(1)}" VPOS="${yMin.toFixed(1)}"`;
}

function outwards({ xMin, yMin, xMax, yMax }: Box): string {
  const [left, top] = [Math.floor(xMin), Math.floor(yMin)];
  return `HEIGHT="${Math.ceil(yMax) - top}" WIDTH="${Math.ceil(xMax) - left}" HPOS="${left}" VPOS="${top}"`;
}

function around(boxes: readonly Box[]): Box {
  return {
    xMin: Math.min(...boxes.map((box) => box.xMin)),
    yMin: Math.min(...boxes.map((box) => box.yMin)),
    xMax: Math.max(...boxes.map((box) => box.xMax)),
    yMax: Math.max(...boxes.map((box) => box.yMax)),
  };
}

/** In pixels, cut at the edges of the picture; words and lines wholly outside of it are nowhere to be seen. */
function visible(block: readonly (readonly SetWord[])[], { width, height, scale }: AltoPage): SetWord[][] {
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  const cut = (word: SetWord): SetWord[] => {
    const [xMin, xMax] = [word.xMin * scale.x, word.xMax * scale.x];
    const [yMin, yMax] = [word.yMin * scale.y, word.yMax * scale.y];
    if (xMax <= 0 || yMax <= 0 || xMin >= width || yMin >= height) return [];
    const [left, right, top, bottom] = [
      within(xMin, width),
      within(xMax, width),
      within(yMin, height),
      within(yMax, height),
    ];
    return [{ ...word, xMin: left, yMin: top, xMax: right, yMax: bottom }];
  };
  return block.map((line) => line.flatMap(cut)).filter((line) => line.length > 0);
}

function wordCount(blocks: readonly (readonly (readonly SetWord[])[])[]): number {
  return blocks.flat().reduce((sum, line) => sum + line.length, 0);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** For text and for attributes in double quotes; the text holds no characters that XML forbids. */
function escaped(text: string): string {
  return /[&<>"]/.test(text) ? text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '') : text;
}
