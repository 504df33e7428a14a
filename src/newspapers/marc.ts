/** What we need of a title's MARC record (newspapers spec 6.6), read from MARCXML. */
import { SaxesParser } from 'saxes';
import { InvalidLccn, parseLccn, type Lccn } from './lccn.js';

export interface MarcRecord {
  lccn: Lccn;
  /** Field 245: title and remainder of title. */
  title: string;
  /** Place of publication; null when the record has none: such a title cannot be validated. */
  place: string | null;
  /** ISO 639-2 code; null when field 008 names none. */
  language: string | null;
}

export class InvalidMarc extends Error {
  override name = 'InvalidMarc';
  constructor(
    readonly source: string,
    readonly reason: string,
    remedy = "give the title's own MARCXML record, as the Library of Congress or your catalogue exports it",
  ) {
    super(`${source} is no MARC record of a title: ${reason}; ${remedy}`);
  }
}

/** Real records take 2 to 50 kB. */
export const MAX_MARC_BYTES = 1_000_000;

/** A subfield lies four deep. What is nested more was made to cost time. */
const MOST_DEEP = 50;

/**
 * Reads MARCXML: a `record`, or a `collection` of exactly one, in any namespace or none. The encoding is the one that
 * the XML declaration names. Entities are decoded; a document type's own ones are not known, so nothing is ever fetched.
 *
 * @param source names the record in errors, e.g. its path
 * @throws InvalidMarc
 */
export function parseMarc(bytes: Uint8Array, source: string): MarcRecord {
  if (bytes.length > MAX_MARC_BYTES) {
    throw new InvalidMarc(
      source,
      `it is larger than ${MAX_MARC_BYTES} bytes`,
      'give one record, not a whole catalogue',
    );
  }
  const fields = readFields(decode(bytes, source), source);
  const field = (name: string) => fields.get(name) ?? '';
  if (field('010$a') === '') throw new InvalidMarc(source, 'it has no LCCN (field 010, subfield a)');
  const title = [field('245$a'), field('245$b')].filter((part) => part !== '').join(' ');
  if (field('245$a') === '') throw new InvalidMarc(source, 'it has no title (field 245, subfield a)');
  const place = (field('264$a') || field('260$a')).replace(/[ /:,]+$/, '');
  const language = field('008').slice(35, 38);
  return {
    lccn: lccnOf(field('010$a'), source),
    title,
    place: place === '' ? null : place,
    language: /^[a-z]{3}$/.test(language) ? language : null,
  };
}

function lccnOf(text: string, source: string): Lccn {
  try {
    return parseLccn(text);
  } catch (error) {
    if (error instanceof InvalidLccn) throw new InvalidMarc(source, `in field 010, ${error.message}`);
    throw error;
  }
}

function decode(bytes: Uint8Array, source: string): string {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  const utf16 = /^(?:\xff\xfe|\xfe\xff)/.exec(start)?.[0];
  const encoding = utf16
    ? utf16 === '\xff\xfe'
      ? 'utf-16le'
      : 'utf-16be'
    : (/^[^>]*\sencoding\s*=\s*["']([\w.-]+)/.exec(start)?.[1] ?? 'utf-8');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidMarc(source, `its bytes are not ${encoding}, the encoding that it claims`);
  }
}

/** The control field 008 and every `TAG$code` that the rules name; of repeated ones the last wins. */
function readFields(xml: string, source: string): Map<string, string> {
  const fields = new Map<string, string>();
  const path: string[] = [];
  let records = 0;
  let children = 0;
  let tag = '';
  let code = '';
  let text = '';
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw new InvalidMarc(source, `its XML is not well-formed (${error.message})`);
  });
  parser.on('opentag', ({ local, attributes }) => {
    const value = (name: string) =>
      Object.values(attributes).find((attribute) => attribute.local === name)?.value ?? '';
    path.push(local);
    if (path.length > MOST_DEEP) throw new InvalidMarc(source, `its elements are nested more than ${MOST_DEEP} deep`);
    if (path.length === 1 && local !== 'record' && local !== 'collection') {
      throw new InvalidMarc(source, `its root element is "${local}" instead of "record" or "collection"`);
    }
    if (path.length === 2 && path[0] === 'collection') children++;
    if (isRecord(path)) records++;
    if (local === 'controlfield' || local === 'datafield') tag = value('tag');
    if (local === 'subfield') code = value('code');
    text = '';
  });
  parser.on('text', (part) => (text += part));
  parser.on('cdata', (part) => (text += part));
  parser.on('closetag', ({ local }) => {
    path.pop();
    if (isRecord(path) && local === 'controlfield') fields.set(tag, text);
    if (path.at(-1) === 'datafield' && isRecord(path.slice(0, -1)) && local === 'subfield') {
      fields.set(`${tag}$${code}`, text.replace(/\s+/g, ' ').trim());
    }
  });
  parser.write(xml).close();
  if (path.length === 0 && records === 0 && children === 0) throw new InvalidMarc(source, 'its collection is empty');
  if (children > 1) throw new InvalidMarc(source, `its collection holds ${children} records`, 'give each its own file');
  if (records === 0) throw new InvalidMarc(source, 'its collection holds something else than a record');
  return fields;
}

const isRecord = (path: readonly string[]) => path.join('/') === 'record' || path.join('/') === 'collection/record';
