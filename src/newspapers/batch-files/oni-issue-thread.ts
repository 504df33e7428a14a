/** Runs in a thread, for `oni-rules.ts`: reads one issue as Open ONI's loader does, its METS and its pages. */
import { lstatSync, readFileSync } from 'node:fs';
import { posix, join } from 'node:path';
import { checkAlto } from './oni-alto.js';
import { jp2Size } from './oni-jp2.js';
import { below, childrenOf, parseXml, type XmlElement } from './xml-tree.js';

export interface IssueOrder {
  /** The directory `data` of the batch. */
  data: string;
  /** The METS, as batch.xml names it. */
  path: string;
}

const METS = (name: string) => `{http://www.loc.gov/METS/}${name}`;
const MODS = (name: string) => `{http://www.loc.gov/mods/v3}${name}`;
const MIX = (name: string) => `{http://www.loc.gov/mix/}${name}`;
const HREF = '{http://www.w3.org/1999/xlink}href';

/** Everything in the issue that the loader would refuse, pass over or get wrong. */
export function checkIssue({ data, path }: IssueOrder): string[] {
  const told = (what: string) => `${path}: ${what}`;
  const mets = inside(data, path, '');
  if (mets === undefined) return [told('the path does not stay in data')];
  if (!isFile(mets)) return [told('there is no such file')];
  let document: XmlElement;
  try {
    document = parseXml(readFileSync(mets, 'utf8'));
  } catch (error) {
    return [told(`cannot be read: ${(error as Error).message}`)]; // saxes and fs throw errors only
  }
  const issue = below(document, METS('div')).find(({ attributes }) => attributes.get('TYPE') === 'np:issue');
  if (!issue) return [told('it has no div of TYPE np:issue')];
  const problems = checkDescription(modsOf(document, issue));
  const pages = below(issue, METS('div')).filter(({ attributes }) => attributes.get('TYPE') === 'np:page');
  if (pages.length === 0) problems.push('it has no page (div of TYPE np:page)');
  const sequences = new Set<number>();
  for (const [index, page] of pages.entries()) {
    const named = (problem: string) => `page ${index + 1}: ${problem}`;
    const sequence = textOf(modsOf(document, page), MODS('start'), (start) =>
      parentIs(document, start, MODS('extent')),
    );
    if (!/^\s*\d+\s*$/.test(sequence)) problems.push(named('its MODS has no whole number in extent/start'));
    else if (sequences.has(Number(sequence)))
      problems.push(named(`a page before it has the same place, ${sequence.trim()}`));
    sequences.add(Number(sequence));
    problems.push(...checkFiles(document, page, { data, path }).map(named));
  }
  return problems.map(told);
}

function checkDescription(mods: XmlElement | undefined): string[] {
  if (!mods) return ['its issue has no MODS'];
  const edition = below(mods, MODS('detail')).find(({ attributes }) => attributes.get('type') === 'edition');
  const number = edition && childrenOf(edition, MODS('number'))[0]?.text;
  const date = textOf(mods, MODS('dateIssued'));
  const lccn = textOf(mods, MODS('identifier'), ({ attributes }) => attributes.get('type') === 'lccn').trim();
  return [
    ...(/^\s*\d+\s*$/.test(number ?? '') ? [] : ['its edition is no whole number']),
    ...(isDate(date) ? [] : [`its first dateIssued ${JSON.stringify(date)} is no day written YYYY-MM-DD`]),
    ...(lccn === '' ? ['it names no LCCN'] : []),
  ];
}

/** Follows the pointers of a page to its files. */
function checkFiles(document: XmlElement, page: XmlElement, { data, path }: IssueOrder): string[] {
  const problems: string[] = [];
  const uses = new Set<string>();
  for (const pointer of childrenOf(page, METS('fptr'))) {
    const id = pointer.attributes.get('FILEID');
    const file = below(document, METS('file')).find(({ attributes }) => attributes.get('ID') === id);
    const use = file?.attributes.get('USE');
    if (!file || use === undefined) {
      problems.push(`FILEID ${id ?? '(none)'} leads to no file with a USE`);
      continue;
    }
    const href = childrenOf(file, METS('FLocat'))[0]?.attributes.get(HREF) ?? '';
    const place = inside(data, href, posix.dirname(path));
    uses.add(use);
    if (place === undefined || href === '')
      problems.push(`its ${use} file ${JSON.stringify(href)} is no path in the batch`);
    else if (use !== 'master')
      problems.push(...checkFile(document, file, use, place).map((what) => `${href}: ${what}`));
    // Masters stay in the archive: the loader only keeps their names.
  }
  for (const use of ['service', 'ocr']) if (!uses.has(use)) problems.push(`it has no file for USE ${use}`);
  return problems;
}

function checkFile(document: XmlElement, file: XmlElement, use: string, place: string): string[] {
  if (!isFile(place)) return ['there is no such file'];
  if (use === 'ocr') return checkAlto(place);
  if (use !== 'service') return [];
  const ids = file.attributes.get('ADMID')?.split(' ');
  const size = ids ? sizeInMix(document, ids) : jp2Size(place);
  if (size && size.width > 0 && size.height > 0) return [];
  return [ids ? 'the METS names technical metadata for it, but no size is there' : 'it is no JP2 that tells its size'];
}

function sizeInMix(document: XmlElement, ids: readonly string[]): { width: number; height: number } | undefined {
  for (const section of below(document, METS('techMD'))) {
    if (!ids.includes(section.attributes.get('ID') ?? '')) continue;
    const [metrics] = below(section, MIX('SpatialMetrics'));
    const number = (name: string) => Number(metrics && textOf(metrics, MIX(name)));
    const [width, height] = [number('ImageWidth'), number('ImageLength')];
    if (width > 0 && height > 0) return { width, height };
  }
  return undefined;
}

function modsOf(document: XmlElement, div: XmlElement): XmlElement | undefined {
  const id = div.attributes.get('DMDID');
  const section = below(document, METS('dmdSec')).find(({ attributes }) => attributes.get('ID') === id);
  return section && below(section, MODS('mods'))[0];
}

/** The text of the first element of a name; '' when there is none. */
function textOf(
  element: XmlElement | undefined,
  name: string,
  isMeant: (found: XmlElement) => boolean = () => true,
): string {
  return (element && below(element, name).find(isMeant)?.text) ?? '';
}

const parentIs = (document: XmlElement, element: XmlElement, name: string): boolean =>
  below(document, name).some(({ children }) => children.includes(element));

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Where a relative address leads; undefined when it leaves `data`. */
function inside(data: string, address: string, from: string): string | undefined {
  if (/^[a-z][a-z\d+.-]*:|^\/|[\s?#\\\0]/i.test(address)) return undefined;
  const path = posix.join(from, address);
  return path.startsWith('../') ? undefined : join(data, path);
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
