/** Runs in a worker thread: reading pdftotext's output and ALTO, writing ALTO. */
import { readFile, writeFile } from 'node:fs/promises';
import { SaxesParser } from 'saxes';
import { ALTO_NAMESPACE, writeAlto, type AltoDocument, type AltoPage } from './alto-document.js';
import { readPageText, UnreadableText, type Block } from './page-text.js';

export interface BuildOrder {
  /** What pdftotext wrote. */
  text: string;
  /** Written, not yet at its place. */
  target: string;
  page: AltoPage;
}

/** Errors lose their class between threads, so a refusal is a value. */
export type Built = Omit<AltoDocument, 'xml'> | { refused: string };

export async function buildAlto({ text, target, page }: BuildOrder): Promise<Built> {
  const blocks = readText(await readFile(text));
  if ('refused' in blocks) return blocks;
  const { xml, ...counts } = writeAlto(blocks, page);
  await writeFile(target, xml);
  return counts;
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
