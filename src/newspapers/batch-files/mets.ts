/**
 * Writes the METS of an issue: the shape of newspapers spec 6.4, which Open ONI reads (8.7), without what W15 says of it:
 * printed labels, the organisation's own name and code, masters of scans, sizes of images.
 */
import { create } from 'xmlbuilder2';
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js';
import type { IssueDescription } from './issue-description.js';

export interface MetsPage {
  /** Its place in the issue, from 1. */
  number: number;
  /** "0001": the name of its files without extension. */
  name: string;
  /** The page number as printed; null when there is none. */
  label: string | null;
  /** A scan's TIFF is there. */
  hasMaster: boolean;
  /** Of the JP2, in pixels. */
  width: number;
  height: number;
  bitDepth: number;
}

const METS = 'http://www.loc.gov/METS/';
const MODS = 'http://www.loc.gov/mods/v3';
/** Where readers that validate look for the schemas; the ones that NCA names (spec 6.4). */
const SCHEMAS = [
  ...[METS, 'http://www.loc.gov/standards/mets/version17/mets.v1-7.xsd'],
  ...[MODS, 'http://www.loc.gov/standards/mods/v3/mods-3-3.xsd'],
].join(' ');
/** Compression scheme of JPEG 2000 in NISO MIX. */
const JPEG_2000 = '34712';

/** @param createdAt for CREATEDATE, in UTC and with its zone */
export function writeMets(issue: IssueDescription, pages: readonly MetsPage[], createdAt: Date): string {
  const document = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '' });
  const mets = document.ele(METS, 'mets', {
    'xmlns:mods': MODS,
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    'xmlns:mix': 'http://www.loc.gov/mix/',
    'xmlns:ndnp': 'http://www.loc.gov/ndnp',
    'xmlns:premis': 'http://www.oclc.org/premis',
    'xmlns:xlink': 'http://www.w3.org/1999/xlink',
    'xsi:schemaLocation': SCHEMAS,
    LABEL: [issue.titleName, issue.date, ...given(issue.editionLabel)].map(literal).join(', '),
    PROFILE: 'urn:library-of-congress:mets:profiles:ndnp:issue:v1.5',
    TYPE: 'urn:library-of-congress:ndnp:mets:newspaper:issue',
  });
  const agent = mets
    .ele('metsHdr', { CREATEDATE: formatCreated(createdAt) })
    .ele('agent', { ROLE: 'CREATOR', TYPE: 'ORGANIZATION' });
  text(agent, 'name', issue.org.name);
  describeIssue(mods(mets, 'issueModsBib', 'Issue metadata'), issue);
  for (const page of pages) describePage(mods(mets, `pageModsBib${page.number}`, 'Page metadata'), page, issue);
  writeImageSizes(mets, pages);
  writeFiles(mets, pages);
  writeStructure(mets, pages);
  return `${document.end({ prettyPrint: true })}\n`;
}

const formatCreated = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, 'Z');

/** When a METS was made, as `writeMets` wrote it; undefined when it says nothing of the kind. */
export function createdAtOf(xml: string): Date | undefined {
  const [, created] = /<metsHdr CREATEDATE="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"/.exec(xml) ?? [];
  return created === undefined ? undefined : new Date(created);
}

/** The MODS element of a new section. */
function mods(mets: XMLBuilder, id: string, label: string): XMLBuilder {
  const wrap = mets.ele('dmdSec', { ID: id }).ele('mdWrap', { LABEL: label, MDTYPE: 'MODS' });
  return wrap.ele('xmlData').ele('mods:mods');
}

function describeIssue(description: XMLBuilder, issue: IssueDescription): void {
  const host = description.ele('mods:relatedItem', { type: 'host' });
  text(host, 'mods:identifier', issue.lccn, { type: 'lccn' });
  const part = host.ele('mods:part');
  for (const volume of given(issue.volume)) detail(part, 'volume', volume);
  for (const number of given(issue.issueNumber)) detail(part, 'issue', number);
  const edition = detail(part, 'edition', String(issue.edition));
  for (const label of given(issue.editionLabel)) text(edition, 'mods:caption', label);
  const origin = description.ele('mods:originInfo');
  text(origin, 'mods:dateIssued', issue.date, { encoding: 'iso8601' });
  for (const labeled of given(issue.dateAsLabeled))
    if (labeled !== issue.date)
      text(origin, 'mods:dateIssued', labeled, { encoding: 'iso8601', qualifier: 'questionable' });
  text(description, 'mods:note', 'Present', { type: 'noteAboutReproduction' });
  for (const rights of given(issue.rights)) text(description, 'mods:accessCondition', rights);
}

function describePage(description: XMLBuilder, { number, label }: MetsPage, { org }: IssueDescription): void {
  const part = description.ele('mods:part');
  text(part.ele('mods:extent', { unit: 'pages' }), 'mods:start', String(number));
  for (const printed of given(label)) detail(part, 'page number', printed);
  const original = description.ele('mods:relatedItem', { type: 'original' });
  original.ele('mods:physicalDescription').ele('mods:form', { type: 'print' });
  const [code, displayLabel] = [org.code, literal(org.name)];
  text(original.ele('mods:location'), 'mods:physicalLocation', code, { authority: 'marcorg', displayLabel });
  text(description, 'mods:note', code, { type: 'agencyResponsibleForReproduction', displayLabel });
  text(description, 'mods:note', 'Present', { type: 'noteAboutReproduction' });
}

/** Open ONI opens every JP2 whose size the METS does not tell (8.7). */
function writeImageSizes(mets: XMLBuilder, pages: readonly MetsPage[]): void {
  const section = mets.ele('amdSec');
  for (const { number, width, height, bitDepth } of pages) {
    const wrap = section
      .ele('techMD', { ID: `mixserviceFile${number}` })
      .ele('mdWrap', { LABEL: 'NISO still image metadata', MDTYPE: 'NISOIMG' });
    const mix = wrap.ele('xmlData').ele('mix:mix');
    const format = mix.ele('mix:BasicImageParameters').ele('mix:Format');
    text(format.ele('mix:Compression'), 'mix:CompressionScheme', JPEG_2000);
    mix.ele('mix:ImageCreation');
    const performance = mix.ele('mix:ImagingPerformanceAssessment');
    const metrics = performance.ele('mix:SpatialMetrics');
    text(metrics, 'mix:ImageWidth', String(width));
    text(metrics, 'mix:ImageLength', String(height));
    text(performance.ele('mix:Energetics'), 'mix:BitsPerSample', String(bitDepth));
  }
}

/** The files of a page: their id in the METS, what they are for, and their names. */
const filesOf = ({ number, name, hasMaster }: MetsPage) => [
  ...(hasMaster ? [{ id: `masterFile${number}`, use: 'master', href: `${name}.tif` }] : []),
  { id: `serviceFile${number}`, use: 'service', href: `${name}.jp2`, ADMID: `mixserviceFile${number}` },
  { id: `otherDerivativeFile${number}`, use: 'derivative', href: `${name}.pdf` },
  { id: `ocrFile${number}`, use: 'ocr', href: `${name}.xml` },
];

function writeFiles(mets: XMLBuilder, pages: readonly MetsPage[]): void {
  const section = mets.ele('fileSec');
  for (const page of pages) {
    const group = section.ele('fileGrp', { ID: `pageFileGrp${page.number}` });
    for (const { id, use, href, ...rest } of filesOf(page))
      group
        .ele('file', { ID: id, USE: use, ...rest })
        .ele('FLocat', { LOCTYPE: 'OTHER', OTHERLOCTYPE: 'file', 'xlink:href': href });
  }
}

function writeStructure(mets: XMLBuilder, pages: readonly MetsPage[]): void {
  const issue = mets.ele('structMap').ele('div', { DMDID: 'issueModsBib', TYPE: 'np:issue' });
  for (const page of pages) {
    const div = issue.ele('div', { DMDID: `pageModsBib${page.number}`, TYPE: 'np:page' });
    for (const { id } of filesOf(page)) div.ele('fptr', { FILEID: id });
  }
}

function detail(part: XMLBuilder, type: string, number: string): XMLBuilder {
  const element = part.ele('mods:detail', { type });
  text(element, 'mods:number', number);
  return element;
}

function text(parent: XMLBuilder, name: string, content: string, attributes: Record<string, string> = {}): void {
  parent.ele(name, attributes).txt(literal(content));
}

/** As a list, so that what nobody entered is left out. */
const given = (value: string | null): string[] => (value === null || value.trim() === '' ? [] : [value]);

/**
 * People paste line breaks and tabs; XML readers keep them in texts and not in attributes. And they type "&amp;", which the
 * library would take for an entity: each "&" of theirs is given to it as one.
 */
const literal = (value: string): string => value.replaceAll(/\s+/g, ' ').trim().replaceAll('&', '&amp;');
