/** Reads a batch as Open ONI's loader does: batch.xml, then the METS of each issue (newspapers spec 8.7). */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseXml, type XmlElement } from '../../batch-files/xml-tree.js';
import type { LoadedBatch, LoadedIssue } from './fake-oni.js';

/** The agent's own validation found it unfit: it is not even queued. */
export class BatchUnfit extends Error {
  override name = 'BatchUnfit';
}

/** A document's elements, in its order. */
const elementsOf = (xml: string): XmlElement[] => allBelow({ children: [parseXml(xml)] });
const allBelow = ({ children }: Pick<XmlElement, 'children'>): XmlElement[] =>
  children.flatMap((child) => [child, ...allBelow(child)]);

/** Whether it is called that, in whatever namespace. */
const isCalled = ({ name }: XmlElement, local: string): boolean => name.endsWith(`}${local}`);

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
  let elements: XmlElement[];
  try {
    elements = elementsOf(xml);
  } catch (error) {
    throw new BatchUnfit(`${file} cannot be parsed: ${(error as Error).message}`);
  }
  const paths = elements.filter((element) => isCalled(element, 'issue')).map(({ text }) => text.trim());
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
  const typed = (name: string, type: string) =>
    elements.find((element) => isCalled(element, name) && element.attributes.get('type') === type);
  const lccn = typed('identifier', 'lccn')?.text;
  const date = elements.find((element) => isCalled(element, 'dateIssued'))?.text.trim();
  const number = typed('detail', 'edition')?.children.find((child) => isCalled(child, 'number'));
  const edition = Number(number?.text);
  const isPage = (element: XmlElement) => isCalled(element, 'div') && element.attributes.get('TYPE') === 'np:page';
  const pages = elements.filter(isPage).length;
  if (!lccn || !date || !/^\d{4}-\d\d-\d\d$/.test(date) || !(edition >= 1))
    throw new Error(`${path} lacks its LCCN, its date or its edition`);
  return { lccn: lccn.trim(), date, edition, pages };
}
