/** MARCXML of any title, and any bytes as MARCXML (newspapers spec 6.6). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidMarc, parseMarc, type MarcRecord } from '../../src/newspapers/marc.js';
import { anyText, runs, spoilt, wellFormed } from '../support/odd-text.js';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
// what XML 1.0 can hold, its production 2; \r is read as \n, and C1 controls and non-characters are allowed
const holdable = (text: string) => wellFormed(text).replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, ''); // eslint-disable-line no-control-regex
const xmlText = (text: string, reference: boolean) =>
  Array.from(text).map((each) => (reference && /[^\s]/.test(each) ? `&#x${(each.codePointAt(0) ?? 0).toString(16)};` : (ESCAPES[each] ?? each))).join(''); // prettier-ignore
const said = anyText.map(holdable);
const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

const records = fc.record({
  lccn: fc.stringMatching(/^[a-z]{0,3}\d{8,10}$/),
  title: said,
  rest: said,
  place: said,
  field: fc.constantFrom('260', '264'),
  language: fc.constantFrom('eng', 'spa', '   ', '|||', 'ENG'),
  form: fc.constantFrom('', 'marc:'),
  collection: fc.boolean(),
  references: fc.boolean(),
  encoding: fc.constantFrom<BufferEncoding>('utf8', 'utf16le'),
});
type Given = typeof records extends fc.Arbitrary<infer T> ? T : never;

function written({ lccn, title, rest, place, field, language, form, collection, references }: Given): string {
  const text = (value: string) => xmlText(value, references);
  const sub = (code: string, value: string) => `<${form}subfield code="${code}">${text(value)}</${form}subfield>`;
  const data = (tag: string, ...subs: string[]) => `<${form}datafield tag="${tag}" ind1=" " ind2=" ">${subs.join('')}</${form}datafield>`; // prettier-ignore
  const space = form === '' ? 'xmlns' : 'xmlns:marc';
  const its = `<${form}controlfield tag="008">${'x'.repeat(35)}${language} d</${form}controlfield>${data('010', sub('a', ` ${lccn} `))}${data('245', sub('a', title), sub('b', rest))}${data(field, sub('a', place))}`; // prettier-ignore
  const record = (declares: string) => `<${form}record${declares}>${its}</${form}record>`;
  const declared = ` ${space}="http://www.loc.gov/MARC21/slim"`;
  return collection ? `<${form}collection${declared}>${record('')}</${form}collection>` : record(declared);
}

/** The record; undefined when it was refused, in our own words. */
function read(bytes: Uint8Array): MarcRecord | undefined {
  try {
    return parseMarc(bytes, 'a.xml');
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidMarc);
    expect((error as Error).message).toMatch(/^a\.xml is no MARC record of a title: .+; .+/s);
    return undefined;
  }
}

test('a record says what was catalogued, in any namespace, encoding and way of writing', () => {
  fc.assert(
    fc.property(records, (given) => {
      const mark = given.encoding === 'utf16le' ? '\ufeff' : '';
      const record = read(Buffer.from(mark + written(given), given.encoding));
      if (oneLine(given.title) === '') return (expect(record).toBeUndefined(), undefined);
      const place = oneLine(given.place).replace(/[ /:,]+$/, '');
      expect(record).toEqual({
        lccn: given.lccn,
        title: [oneLine(given.title), oneLine(given.rest)].filter((part) => part !== '').join(' '),
        place: place === '' ? null : place,
        language: /^[a-z]{3}$/.test(given.language) ? given.language : null,
      });
    }),
    runs(250),
  );
});

test('any bytes are a record, or none with why and what to do; no entity is looked up', () => {
  const doctype = '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE record [<!ENTITY x SYSTEM "file:///etc/hostname"><!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><record><datafield tag="010"><subfield code="a">&x;&b;</subfield></datafield></record>'; // prettier-ignore
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.oneof(anyText, spoilt(records.map(written)), spoilt(fc.constant(doctype))).map((text) => Buffer.from(text)),
    fc.constantFrom('utf-7', 'ebcdic-cp-us', 'x', '../../x', 'iso-8859-1', 'utf-16').map((name) => Buffer.from(`<?xml version="1.0" encoding="${name}"?><record/>`)), // prettier-ignore
  );
  fc.assert(
    fc.property(bytes, (content) => {
      const record = read(content);
      if (!record) return;
      expect(record.lccn).toMatch(/^[A-Za-z0-9_]{1,20}$/);
      expect(record.title).not.toBe('');
    }),
    runs(500),
  );
});
