/** Reads a batch as Open ONI's loader does: batch.xml, then the METS of each issue (newspapers spec 8.7). */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SaxesParser } from 'saxes';
import type { LoadedBatch, LoadedIssue } from './fake-oni.js';

/** The agent's own validation found it unfit: it is not even queued. */
export class BatchUnfit extends Error {
  override name = 'BatchUnfit';
}

/** An element with the text right inside it. */
interface Element {
  name: string;
  attributes: Readonly<Record<string, string>>;
  text: string;
}

/** The elements of a document in the order in which they end, each by its name without prefix. */
function elementsOf(xml: string): Element[] {
  const parser = new SaxesParser();
  const open: Element[] = [];
  const ended: Element[] = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => open.push({ name: name.replace(/^.*:/, ''), attributes, text: '' }));
  parser.on('text', (text) => {
    const inside = open.at(-1);
    if (inside) inside.text += text;
  });
  parser.on('closetag', () => {
    const element = open.pop();
    if (element) ended.push(element);
  });
  parser.write(xml).close();
  return ended;
}

/**
 * Paths of the issues' METS files, relative to `data`, after what the agent checks before it queues a load (8.4).
 *
 * @throws BatchUnfit
 */
export async function validatedIssuePaths(directory: string): Promise<string[]> {
  const data = join(directory, 'data');
  const file = join(data, 'batch.xml');
  const xml = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new BatchUnfit((error as Error).message);
  });
  let elements: Element[];
  try {
    elements = elementsOf(xml);
  } catch (error) {
    throw new BatchUnfit(`${file} cannot be parsed: ${(error as Error).message}`);
  }
  const paths = elements.filter(({ name }) => name === 'issue').map(({ text }) => text.trim());
  for (const path of paths) {
    const found = await stat(join(data, path)).catch(() => undefined);
    if (!found) throw new BatchUnfit(`issue ${path} does not exist`);
    if (!found.isFile()) throw new BatchUnfit(`issue ${path} is not a regular file`);
  }
  return paths;
}

/** What the loader makes of a batch. @throws when a METS file cannot be understood */
export async function readBatch(directory: string): Promise<LoadedBatch> {
  const paths = await validatedIssuePaths(directory);
  const issues: LoadedIssue[] = [];
  for (const path of paths) issues.push(readMets(await readFile(join(directory, 'data', path), 'utf8'), path));
  const name = basename(directory);
  return { name, awardee: name.split('_')[1] ?? '', ingested: new Date(), issues };
}

function readMets(xml: string, path: string): LoadedIssue {
  const elements = elementsOf(xml);
  const lccn = elements.find(({ name, attributes }) => name === 'identifier' && attributes['type'] === 'lccn')?.text;
  const date = elements.find(({ name }) => name === 'dateIssued')?.text.trim();
  const editionEnd = elements.findIndex(
    ({ name, attributes }) => name === 'detail' && attributes['type'] === 'edition',
  );
  const edition = Number(elements.slice(0, Math.max(editionEnd, 0)).findLast(({ name }) => name === 'number')?.text);
  const pages = elements.filter(({ name, attributes }) => name === 'div' && attributes['TYPE'] === 'np:page').length;
  if (!lccn || !date || !/^\d{4}-\d\d-\d\d$/.test(date) || !(edition >= 1))
    throw new Error(`${path} lacks its LCCN, its date or its edition`);
  return { lccn: lccn.trim(), date, edition, pages };
}
