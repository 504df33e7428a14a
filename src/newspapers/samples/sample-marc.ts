/** The MARC record of a sample title, as `titles add --marc` reads it (newspapers 6.6). */
import type { SampleTitle } from './sample-titles.js';

/** MARCXML: 001, 008 (language at 35 to 37), 010$a, 245$a and $b, 260$a. */
export function sampleMarc(title: SampleTitle): string {
  const { lccn, name, subtitle, since, gazetteer } = title;
  const ended = gazetteer.era === 'then' ? `d${since}1932` : `c${since}9999`;
  const prefix = /^[a-z]+/.exec(lccn)?.[0] ?? '';
  const control = `${prefix} ${lccn.slice(prefix.length)} `;
  const subfields = [
    subfield('a', subtitle === undefined ? `${name}.` : `${name} :`),
    ...(subtitle === undefined ? [] : [subfield('b', `${subtitle}.`)]),
  ];
  const skipped = name.startsWith('The ') ? 4 : 0;
  return `<?xml version="1.0" encoding="UTF-8"?>
<record xmlns="http://www.loc.gov/MARC21/slim">
  <leader>00000cas a2200000   4500</leader>
  <controlfield tag="001">pressmark-${escape(lccn)}</controlfield>
  <controlfield tag="008">240101${ended}oruwr ne      0   a0eng d</controlfield>
  <datafield tag="010" ind1=" " ind2=" ">${subfield('a', control)}</datafield>
  <datafield tag="245" ind1="0" ind2="${skipped}">${subfields.join('')}</datafield>
  <datafield tag="260" ind1=" " ind2=" ">${subfield('a', `${gazetteer.town}, Or. :`)}</datafield>
</record>
`;
}

function subfield(code: string, text: string): string {
  return `<subfield code="${code}">${escape(text)}</subfield>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
