/**
 * Writes ALTO 1.4 (newspapers 6.3): the namespace that NCA writes and ONI reads, so batches stay what they were; the
 * schema is the one it names. Nothing is in it that nobody knows: no fonts, no confidences, no server paths (W14).
 */
import type { Block, Box } from './page-text.js';
import { markBrokenWords, type AltoWord } from './hyphens.js';

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

/** Writes the document. Coordinates have one decimal, blocks whole pixels (as the schema wants), rounded outwards. */
export function writeAlto(blocks: readonly Block[], page: AltoPage): AltoDocument {
  const counts = { words: 0, blocks: 0, broken: 0, unseen: 0 };
  const lines: string[] = head(page);
  for (const block of blocks) {
    const seen = visible(block, page);
    counts.unseen += wordCount(block) - wordCount(seen);
    if (seen.length === 0) continue;
    counts.blocks += 1;
    counts.words += wordCount(seen);
    counts.broken += writeBlock(lines, markBrokenWords(seen), `TB.${page.number}.${counts.blocks}`, page.language);
  }
  lines.push('</PrintSpace>', '</Page>', '</Layout>', '</alto>', '');
  return { xml: lines.join('\n'), ...counts };
}

function head({ number, width, height, fileName, imageName, software }: AltoPage): string[] {
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
    '<Layout>',
    `<Page ID="PAGE.0" HEIGHT="${height}" WIDTH="${width}" PHYSICAL_IMG_NR="${number}" PROCESSING="OCR.0">`,
    `<PrintSpace ID="PS.0" HEIGHT="${height}" WIDTH="${width}" HPOS="0" VPOS="0">`,
  ];
}

/** @returns how many words of the block are broken in two */
function writeBlock(lines: string[], block: readonly AltoWord[][], id: string, language: string): number {
  let broken = 0;
  lines.push(`<TextBlock ID="${id}" ${outwards(around(block.map(around)))} language="${language}">`);
  for (const [lineIndex, line] of block.entries()) {
    lines.push(`<TextLine ID="${id}_${lineIndex}" ${exact(around(line))}>`);
    for (const [wordIndex, word] of line.entries()) {
      const before = line[wordIndex - 1];
      if (before) lines.push(space(before, word));
      lines.push(
        `<String ID="${id}_${lineIndex}_${wordIndex}" ${exact(word)} CONTENT="${escaped(word.text)}"${substitution(word)}/>`,
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

/** The gap between two words. The boxes of recognised text may overlap: then there is a space, but no place for it. */
function space(before: Box, after: Box): string {
  const width = after.xMin - before.xMax;
  if (width <= 0) return '<SP/>';
  return `<SP WIDTH="${width.toFixed(1)}" HPOS="${before.xMax.toFixed(1)}" VPOS="${before.yMin.toFixed(1)}"/>`;
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
function visible(block: Block, { width, height, scale }: AltoPage): Block {
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  return block
    .map((line) =>
      line
        .map((word) => ({
          text: word.text,
          xMin: word.xMin * scale.x,
          yMin: word.yMin * scale.y,
          xMax: word.xMax * scale.x,
          yMax: word.yMax * scale.y,
        }))
        .filter(({ xMin, yMin, xMax, yMax }) => xMax > 0 && yMax > 0 && xMin < width && yMin < height)
        .map(({ text, xMin, yMin, xMax, yMax }) => ({
          text,
          xMin: within(xMin, width),
          yMin: within(yMin, height),
          xMax: within(xMax, width),
          yMax: within(yMax, height),
        })),
    )
    .filter((line) => line.length > 0);
}

function wordCount(block: Block): number {
  return block.reduce((sum, line) => sum + line.length, 0);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** For text and for attributes in double quotes; the text holds no characters that XML forbids. */
function escaped(text: string): string {
  return /[&<>"]/.test(text) ? text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '') : text;
}
