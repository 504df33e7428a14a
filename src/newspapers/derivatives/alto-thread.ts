/** Runs in a worker thread: reading pdftotext's output and ALTO, writing ALTO. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { PDFDocument } from 'pdf-lib';
import { SaxesParser } from 'saxes';
import { ALTO_NAMESPACE, writeAlto, type AltoDocument, type AltoPage } from './alto-document.js';
import { layOut, type PageLayout } from './page-layout.js';
import { boundStreams } from './typography/bounded-streams.js';
import { addMissingEncodings } from './typography/font-encodings.js';
import { readPageText, UnreadableText, type Block } from './page-text.js';
import { shownTexts } from './typography/shown-text.js';
import { styleFinder } from './typography/word-styles.js';

export interface BuildOrder {
  /** The page itself: it tells the styles of its words. */
  pdf: string;
  /** What pdftotext wrote. */
  text: string;
  /** Written, not yet at its place. */
  target: string;
  /** Where a copy of the page may be written whose fonts say what their codes mean; none: it is one. */
  mended?: string;
  page: AltoPage;
}

boundStreams(); // of this thread

/** Errors lose their class between threads, so a refusal is a value. */
export type Built =
  | (Omit<AltoDocument, 'xml'> & Omit<PageLayout, 'blocks'> & { withoutStyles?: string })
  | { refused: string }
  | { mended: string };

/** More is held in memory by nobody for the sake of fonts. */
const MOST_PDF_BYTES = 300e6;

/**
 * Writes the ALTO of a page. When fonts of the page do not say what their codes mean, though what is embedded in it
 * does, it writes a copy that says so instead: then pdftotext is to read that one.
 */
export async function buildAlto({ pdf, text, target, mended, page }: BuildOrder): Promise<Built> {
  const read = readText(await readFile(text));
  if ('refused' in read) return read;
  const shown = read.length === 0 ? () => undefined : await whatIsShown(pdf, mended);
  if (typeof shown === 'object') return shown;
  const { blocks, ...layout } = layOut(read, typeof shown === 'function' ? shown : undefined);
  const { xml, ...counts } = writeAlto(blocks, page);
  await writeFile(target, xml);
  return { ...counts, ...layout, ...(typeof shown === 'string' && { withoutStyles: shown }) };
}

/** Or why that cannot be told: pdf-lib opens less than poppler does, and words matter more than their fonts. */
async function whatIsShown(
  pdf: string,
  mended: string | undefined,
): Promise<ReturnType<typeof styleFinder> | { mended: string } | string> {
  const { size } = await stat(pdf);
  if (size > MOST_PDF_BYTES) return `the file has ${size} bytes`;
  try {
    const document = await PDFDocument.load(await readFile(pdf), {
      updateMetadata: false,
      throwOnInvalidObject: true, // or else it talks to the console
    });
    if (mended !== undefined && addMissingEncodings(document) > 0) {
      await writeFile(mended, await document.save());
      return { mended };
    }
    return styleFinder(shownTexts(document, document.getPage(0)));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readText(output: Buffer): Block[] | { refused: string } {
  try {
    return readPageText(output);
  } catch (error) {
    if (error instanceof UnreadableText) return { refused: `pdftotext's output cannot be read: ${error.message}` };
    throw error;
  }
}

/** What an ALTO file says about its page. */
export interface AltoFacts {
  number: number;
  width: number;
  height: number;
  fileName: string;
  words: number;
}

/** Reads a whole ALTO file; undefined when it is not there, not well-formed, or no ALTO as we write it. */
export async function readAlto({ path }: { path: string }): Promise<AltoFacts | undefined> {
  const xml = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  return xml === undefined ? undefined : factsOf(xml);
}

function factsOf(xml: string): AltoFacts | undefined {
  const parser = new SaxesParser();
  const facts = { number: 0, width: 0, height: 0, fileName: '', words: 0 };
  let namespace: string | undefined;
  let inFileName = false;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'alto') namespace = attributes['xmlns'];
    if (name === 'Page') {
      facts.number = Number(attributes['PHYSICAL_IMG_NR']);
      facts.width = Number(attributes['WIDTH']);
      facts.height = Number(attributes['HEIGHT']);
    }
    if (name === 'String') facts.words += 1;
    inFileName = name === 'fileName';
  });
  parser.on('text', (text) => {
    if (inFileName) facts.fileName += text.trim();
  });
  try {
    parser.write(xml).close();
  } catch {
    return undefined;
  }
  return namespace === ALTO_NAMESPACE ? facts : undefined;
}
