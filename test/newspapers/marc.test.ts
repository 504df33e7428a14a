import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMarcFiles, readMarcFile } from '../../src/newspapers/marc-files.js';
import { InvalidMarc, MAX_MARC_BYTES, parseMarc } from '../../src/newspapers/marc.js';

const REAL = '../shared/data/newspapers/marc';

const subfields = (fields: Record<string, string>) =>
  Object.entries(fields)
    .map(([code, text]) => `<subfield code="${code}">${text}</subfield>`)
    .join('');
const field = (tag: string, fields: Record<string, string>) =>
  `<datafield tag="${tag}" ind1=" " ind2=" ">${subfields(fields)}</datafield>`;
const FIXED = '<controlfield tag="008">930622d18531856mauwr ne      0   a0eng d</controlfield>';
const WHOLE =
  FIXED +
  field('010', { a: 'sn 93059126 ' }) +
  field('245', { a: 'The weekly journal.' }) +
  field('260', { a: 'Chicopee, Mass. :' });
const record = (content: string) => `<record>${content}</record>`;
const parse = (xml: string | Uint8Array) => parseMarc(typeof xml === 'string' ? Buffer.from(xml) : xml, 'title.xml');
const reasonOf = (xml: string | Uint8Array): string => {
  try {
    return JSON.stringify(parse(xml));
  } catch (error) {
    return error instanceof InvalidMarc ? error.reason : String(error);
  }
};

describe('MARC records of titles (newspapers spec 6.6)', () => {
  it('reads a bare record', () => {
    expect(parse(record(WHOLE))).toEqual({
      lccn: 'sn93059126',
      title: 'The weekly journal.',
      place: 'Chicopee, Mass.',
      language: 'eng',
    });
  });

  it('reads a collection of one record, in a namespace with a prefix', () => {
    const xml = `<?xml version="1.0"?><marc:collection xmlns:marc="http://www.loc.gov/MARC21/slim">${record(WHOLE).replaceAll(/<(\/?)(?=[a-z])/g, '<$1marc:')}</marc:collection>`;
    expect(parse(xml)).toEqual(parse(record(WHOLE)));
  });

  it.each([
    [
      'newspapers spec 11.3: 2002260445, a collection in a namespace',
      `<collection xmlns="http://www.loc.gov/MARC21/slim">${record(
        FIXED +
          field('010', { a: '  2002260445' }) +
          field('245', { a: 'The united American :', b: 'a magazine of good citizenchip.' }) +
          field('260', { a: 'Portland, Or. :', b: 'The Company,' }),
      )}</collection>`,
      ['2002260445', 'The united American : a magazine of good citizenchip.', 'Portland, Or.', 'eng'],
    ],
    [
      'newspapers spec 11.3: 2024240297, a bare record',
      record(
        FIXED +
          field('010', { a: '  2024240297' }) +
          field('245', { a: 'North Douglas herald.' }) +
          field('264', { a: 'Drain Or', b: 'someone' }),
      ),
      ['2024240297', 'North Douglas herald.', 'Drain Or', 'eng'],
    ],
  ])('%s', (_case, xml, [lccn, title, place, language]) => {
    expect(parse(xml)).toEqual({ lccn, title, place, language });
  });

  it('joins title and remainder of title', () => {
    const fields =
      field('010', { a: '2002260445' }) +
      field('245', { a: ' The united American : ', b: 'a magazine of good citizenchip.', c: 'x' });
    expect(parse(record(fields)).title).toBe('The united American : a magazine of good citizenchip.');
  });

  it('decodes entities and character data', () => {
    const fields =
      field('010', { a: 'sn1' }) +
      field('245', { a: 'News &amp; <![CDATA[<Views>]]> caf&#233;' }) +
      field('260', { a: 'A &lt; B' });
    expect(parse(record(fields))).toMatchObject({ title: 'News & <Views> café', place: 'A < B' });
  });

  it('prefers field 264 for the place and takes the punctuation off its end', () => {
    const fields = WHOLE + field('264', { a: 'Portland , Ore. / : ,', b: 'x' });
    expect(parse(record(fields)).place).toBe('Portland , Ore.');
    expect(parse(record(WHOLE + field('264', { b: 'a publisher only' }))).place).toBe('Chicopee, Mass.');
  });

  it('takes the last of repeated subfields', () => {
    expect(parse(record(WHOLE + field('264', { a: 'First' }) + field('264', { a: 'Last' }))).place).toBe('Last');
    expect(parse(record(WHOLE.replace('</datafield>', '<subfield code="a">sn 2</subfield></datafield>'))).lccn).toBe(
      'sn2',
    );
  });

  it.each([
    ['930622d18531856mauwr ne      0   a0ita d', 'ita'],
    ['930622d18531856mauwr ne      0   a0en', null],
    ['930622d18531856mauwr ne      0   a0||| d', null],
    ['', null],
  ])('reads the language of %j: %s', (fixed, language) => {
    expect(parse(record(WHOLE.replace(FIXED, `<controlfield tag="008">${fixed}</controlfield>`))).language).toBe(
      language,
    );
  });

  it('knows titles without a place', () => {
    expect(parse(record(WHOLE.replace('Chicopee, Mass. :', ' : '))).place).toBeNull();
  });

  it('reads the encoding that the declaration names', () => {
    const xml = `<?xml version="1.0" encoding="ISO-8859-1"?>${record(WHOLE.replace('weekly', 'café'))}`;
    expect(parse(Buffer.from(xml, 'latin1')).title).toBe('The café journal.');
    expect(parse(Buffer.from(`\ufeff${record(WHOLE)}`, 'utf16le')).title).toBe('The weekly journal.');
    expect(parse(Buffer.from(`\ufeff${record(WHOLE)}`)).title).toBe('The weekly journal.');
  });

  it('ignores what is not a field of the record itself', () => {
    const stray = `<collection>${record(`${WHOLE}<extra>${field('245', { a: 'Not this' })}</extra>`)}</collection>`;
    expect(parse(stray).title).toBe('The weekly journal.');
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['an empty file', '', /not well-formed/],
    ['no XML', 'LEADER 00000', /not well-formed/],
    ['XML cut short', record(WHOLE).slice(0, -4), /not well-formed/],
    ['another root', '<html/>', /root element is "html"/],
    ['an empty collection', '<collection/>', /empty/],
    ['two records', `<collection>${record(WHOLE)}${record(WHOLE)}</collection>`, /2 records/],
    ['a collection of something else', '<collection><mods/></collection>', /something else/],
    ['no LCCN', record(WHOLE.replace('"010"', '"035"')), /no LCCN/],
    ['an LCCN that is a path', record(WHOLE.replace('sn 93059126', '../../etc')), /is no LCCN/],
    ['no title', record(WHOLE.replace('The weekly journal.', ' ')), /no title/],
    [
      'an entity of its own',
      `<!DOCTYPE record [<!ENTITY x "y">]>${record(WHOLE.replace('weekly', '&x;'))}`,
      /not well-formed/,
    ],
    ['bytes that are not its encoding', Buffer.from(record(WHOLE.replace('weekly', 'café')), 'latin1'), /not utf-8/],
    ['an encoding nobody knows', `<?xml version="1.0" encoding="klingon"?>${record(WHOLE)}`, /not klingon/],
    ['a catalogue', Buffer.alloc(MAX_MARC_BYTES + 1, 0x20), /larger than/],
  ])('refuses %s', (_what, xml, reason) => {
    expect(reasonOf(xml)).toMatch(reason);
  });
});

describe('MARC files', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'marc-'));
    await mkdir(join(directory, 'sn2'));
    await writeFile(join(directory, 'sn2', 'marc.XML'), record(WHOLE));
    await writeFile(join(directory, 'sn1.xml'), Buffer.alloc(MAX_MARC_BYTES + 1));
    await writeFile(join(directory, 'readme.txt'), '');
    await symlink('/etc/passwd', join(directory, 'link.xml'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('are all *.xml below a directory, or the one file named', async () => {
    expect(await findMarcFiles(directory)).toEqual([join(directory, 'sn1.xml'), join(directory, 'sn2', 'marc.XML')]);
    expect(await findMarcFiles(join(directory, 'readme.txt'))).toEqual([join(directory, 'readme.txt')]);
  });

  it('are not read when too large', async () => {
    await expect(readMarcFile(join(directory, 'sn1.xml'))).rejects.toThrow(/larger than/);
    expect(await readMarcFile(join(directory, 'sn2', 'marc.XML'))).toMatchObject({ lccn: 'sn93059126' });
  });

  it.skipIf(!existsSync(REAL))('of the Library of Congress are read as their catalogue shows them', async () => {
    const records = await Promise.all((await findMarcFiles(REAL)).map(readMarcFile));
    expect(records.map(({ lccn, title, place, language }) => [lccn, title, place, language].join(' | '))).toEqual([
      '2004260523 | Appeal tribune. | Silverton, Or. | eng',
      '2013202554 | Just out. | Portland, OR | eng',
      '2018252080 | Northwest labor press. | Portland , Ore. | eng',
      '2021242619 | Siletz news / | Siletz, OR | eng',
      'sn00063621 | Keizertimes. | Salem, Or. | eng',
      'sn83008376 | The daily Astorian. | Astoria, Or. | eng',
      'sn88086023 | East Oregonian : E.O. | Pendleton, OR | eng',
      'sn90057139 | Wallowa County chieftain. | Enterprise, Wallowa County, Or. | eng',
      'sn93059126 | The weekly journal. | Chicopee, Mass. | eng',
      'sn96088073 | Cottage Grove sentinel. | Cottage Grove, Or. | eng',
      'sn96088087 | Polk County itemizer observer. | Dallas, Or | eng',
      'sn99063854 | Vernonia eagle. | Vernonia, Or. | eng',
    ]);
  });
});
