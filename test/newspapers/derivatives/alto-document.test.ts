import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { writeAlto, type AltoPage } from '../../../src/newspapers/derivatives/alto-document.js';
import type { Block, Word } from '../../../src/newspapers/derivatives/page-text.js';

const at = (dpi: number, width = 2250, height = 2850): AltoPage => ({
  ...{ number: 7, width, height, language: 'spa', fileName: '0007.pdf', imageName: '0007.jp2' },
  scale: { x: dpi / 72, y: dpi / 72 },
  software: { pdftotext: '22.12.0', pressmark: '0.1.0' },
});
const word = (text: string, left = 10, width = 20, top = 10): Word => ({
  ...{ text, xMin: left, yMin: top, xMax: left + width, yMax: top + 12 },
});
const measured: Word = { text: 'x', xMin: 682.25084, yMin: 45.602, xMax: 697.04547, yMax: 56.558 };
const lines = (...texts: string[]): Block =>
  texts.map((text, row) => text.split(' ').map((each, column) => word(each, 10 + column * 30, 20, 10 + row * 15)));
const elements = (xml: string, name: string) => xml.match(new RegExp(`<${name}[ /][^>]*>`, 'g')) ?? [];

describe('the worked numbers of newspapers 11.5', () => {
  test('at 200 dpi', () => {
    const { xml } = writeAlto([[[measured]]], at(200));
    expect(xml).toContain('<Page ID="PAGE.0" HEIGHT="2850" WIDTH="2250" PHYSICAL_IMG_NR="7"');
    expect(elements(xml, 'String')).toEqual([
      '<String ID="TB.7.1_0_0" HEIGHT="30.4" WIDTH="41.1" HPOS="1895.1" VPOS="126.7" CONTENT="x"/>',
    ]);
    expect(elements(xml, 'TextBlock')).toEqual([
      '<TextBlock ID="TB.7.1" HEIGHT="32" WIDTH="42" HPOS="1895" VPOS="126" language="spa">',
    ]);
  });

  test('at 150 dpi', () => {
    const { xml } = writeAlto([[[measured]]], at(150, 1688, 2138));
    expect(elements(xml, 'String')[0]).toContain('HEIGHT="22.8" WIDTH="30.8" HPOS="1421.4" VPOS="95.0"');
  });
});

test('lines and blocks surround their words', () => {
  const { xml, words, blocks } = writeAlto([lines('one two', 'three')], at(72));
  expect({ words, blocks }).toEqual({ words: 3, blocks: 1 });
  expect(elements(xml, 'TextBlock')[0]).toContain('HEIGHT="27" WIDTH="50" HPOS="10" VPOS="10"');
  expect(elements(xml, 'TextLine').map((line) => line.replace('<TextLine ', ''))).toEqual([
    'ID="TB.7.1_0" HEIGHT="12.0" WIDTH="50.0" HPOS="10.0" VPOS="10.0">',
    'ID="TB.7.1_1" HEIGHT="12.0" WIDTH="20.0" HPOS="10.0" VPOS="25.0">',
  ]);
});

test('spaces in lines that go up, down or to the left lie between their words', () => {
  const upwards = [word('one', 10, 20, 300), word('two', 10, 20, 280)]; // 12 high
  const downwards = [word('one', 10, 20, 300), word('two', 10, 20, 320)];
  const leftwards = [word('one', 100), word('two', 70)];
  const spaces = [upwards, downwards, leftwards].map((line) => elements(writeAlto([[line]], at(72)).xml, 'SP'));
  expect(spaces.flat()).toEqual([
    '<SP WIDTH="20.0" HPOS="10.0" VPOS="292.0"/>',
    '<SP WIDTH="20.0" HPOS="10.0" VPOS="312.0"/>',
    '<SP WIDTH="10.0" HPOS="90.0" VPOS="10.0"/>',
  ]);
});

test('spaces stand between the words of a line, with their width where there is a gap', () => {
  const { xml } = writeAlto([[[word('a', 10, 20), word('b', 35, 20), word('c', 50, 20)]]], at(72));
  expect(elements(xml, 'SP')).toEqual(['<SP WIDTH="5.0" HPOS="30.0" VPOS="10.0"/>', '<SP/>']);
  expect(xml.match(/<(?:String|SP|HYP)\b/g)).toEqual(['<String', '<SP', '<String', '<SP', '<String']);
});

test('says nothing that nobody knows (W14)', () => {
  const { xml } = writeAlto([lines('one two')], at(200));
  expect(xml).toContain('<MeasurementUnit>pixel</MeasurementUnit>');
  expect(xml).toContain('<fileName>0007.pdf</fileName>');
  expect(xml).not.toMatch(/FONT|STYLE|\bWC=|\bPC=|inch1200/);
});

test('lists each style once, and refers to it from every word that has it', () => {
  const plain = { size: 9, family: 'Miller & Co', bold: false, italic: false, serif: true, fixed: false };
  const bold = { ...plain, bold: true, italic: true };
  const line = [
    { ...word('one'), style: plain },
    { ...word('two', 40), style: bold },
    { ...word('three', 70), style: plain },
    word('four', 100),
  ];
  const { xml } = writeAlto([[line]], at(72));
  expect(elements(xml, 'TextStyle')).toEqual([
    '<TextStyle ID="TS_1" FONTFAMILY="Miller &amp; Co" FONTTYPE="serif" FONTWIDTH="proportional" FONTSIZE="9.0"/>',
    '<TextStyle ID="TS_2" FONTFAMILY="Miller &amp; Co" FONTTYPE="serif" FONTWIDTH="proportional" FONTSIZE="9.0" FONTSTYLE="bold italics"/>',
  ]);
  const references = elements(xml, 'String').map((found) => /STYLEREFS="(\w+)"/.exec(found)?.[1]);
  expect(references).toEqual(['TS_1', 'TS_2', 'TS_1', undefined]);
});

test('words beyond the edges are left out, words across an edge are cut', () => {
  const page = at(72, 100, 100);
  const block = [
    [word('left', -30), word('in', -15), word('cut', 90), word('right', 100)],
    [word('below', 10, 20, 100)],
  ];
  const { xml, words, unseen } = writeAlto([block], page);
  expect({ words, unseen }).toEqual({ words: 2, unseen: 3 });
  expect(elements(xml, 'String')[0]).toContain('WIDTH="5.0" HPOS="0.0"');
  expect(elements(xml, 'String')[1]).toContain('WIDTH="10.0" HPOS="90.0"');
  expect(elements(xml, 'TextLine')).toHaveLength(1);
});

test('a page without words has an empty print space', () => {
  const { xml, words } = writeAlto([], at(200));
  expect(words).toBe(0);
  expect(xml).toMatch(/<PrintSpace [^>]*>\n<\/PrintSpace>/);
});

describe('words broken over two lines', () => {
  const strings = (...rows: string[]) => elements(writeAlto([lines(...rows)], at(72)).xml, 'String');
  const parts = (...rows: string[]) =>
    strings(...rows).flatMap((found) => {
      const [, content, type, whole] = /CONTENT="([^"]*)" SUBS_TYPE="([^"]*)" SUBS_CONTENT="([^"]*)"/.exec(found) ?? [];
      return type === undefined ? [] : [`${type} ${content ?? ''} of ${whole ?? ''}`];
    });

  test('are marked in both lines, and the hyphen stands by itself', () => {
    expect(parts('in the Har-', 'bor that')).toEqual(['HypPart1 Har of Harbor', 'HypPart2 bor of Harbor']);
    const { xml, broken } = writeAlto([lines('in the Har-', 'bor that')], at(72));
    expect(broken).toBe(1);
    expect(xml).toMatch(/CONTENT="Har"[^>]*\/>\n<HYP CONTENT="-"\/>\n<\/TextLine>/);
  });

  test.each([
    [
      ['De\u00AD', 'velopment'],
      ['HypPart1 De of Development', 'HypPart2 velopment of Development'],
    ],
    [
      ['OF AR\u00AD', 'BITRATION'],
      ['HypPart1 AR of ARBITRATION', 'HypPart2 BITRATION of ARBITRATION'],
    ],
    [
      ['OF AR-', 'BITRATION.'],
      ['HypPart1 AR of ARBITRATION.', 'HypPart2 BITRATION. of ARBITRATION.'],
    ],
    [
      ['straßen-', 'übergang'],
      ['HypPart1 straßen of straßenübergang', 'HypPart2 übergang of straßenübergang'],
    ],
    [['New-', 'York'], []],
    [['pages 3-', '4 and'], []],
    [['he said --', 'and left'], []],
    [['a -', 'dash'], []],
    [['the last line of a block ends-'], []],
    [['first-', '- second'], []],
  ] as [string[], string[]][])('%j', (rows, wanted) => expect(parts(...rows)).toEqual(wanted));

  test('a part is part of one word only', () => {
    expect(parts('in-', 'ter-', 'nal')).toEqual(['HypPart1 in of inter-', 'HypPart2 ter- of inter-']);
  });

  const moved = (block: Block, right: number, down: number): Block =>
    block.map((line) =>
      line.map((each) => ({
        ...each,
        ...{ xMin: each.xMin + right, xMax: each.xMax + right, yMin: each.yMin + down, yMax: each.yMax + down },
      })),
    );
  const larger = (block: Block): Block => block.map((line) => line.map((each) => ({ ...each, yMax: each.yMax + 12 })));
  const above = lines('one two', 'the Har-');
  test.each([
    ['below it', moved(lines('bor was', 'closed'), 0, 40), 1],
    ['at the head of the next column', moved(lines('bor was', 'closed'), 100, 0), 1],
    ['of larger print', larger(moved(lines('bor was', 'closed'), 0, 40)), 0],
    ['of a wider column to the right', moved(lines('bor was closed to all ships', 'of war'), 100, 0), 0],
    ['further up on the left', moved(lines('bor was', 'closed'), -300, -200), 0],
  ] as [string, Block, number][])('from one block into the next %s', (_, next, joined) => {
    const page = at(72);
    const all = [above, next].map((block) => moved(block, 400, 400));
    expect(writeAlto(all, page).broken).toBe(joined);
  });
});

test('is well-formed whatever the words are (W16)', () => {
  const character = fc.oneof(
    fc.constantFrom('&', '<', '>', '"', "'", ']]>', '-'),
    fc.string({ unit: 'grapheme', minLength: 1 }),
  );
  const text = character.filter((each) => !/[\p{Cc}\p{Cs}\p{Co}\uFFFE\uFFFF]/u.test(each));
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { maxLength: 4 }), (rows) => {
      const block = rows.map((row, index) => row.map((each, column) => word(each, column * 25, 20, index * 15)));
      const contents: string[] = [];
      const parser = new SaxesParser();
      parser.on('error', (error) => {
        throw error;
      });
      parser.on('opentag', ({ name, attributes }) => {
        if (name === 'String') contents.push(attributes['CONTENT'] ?? '');
        if (name === 'HYP') contents.push(`${contents.pop() ?? ''}${attributes['CONTENT'] ?? ''}`);
      });
      parser.write(writeAlto([block], at(72)).xml).close();
      expect(contents).toEqual(rows.flat());
    }),
  );
});
