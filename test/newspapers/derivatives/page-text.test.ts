import { expect, test } from 'vitest';
import { readPageText, UnreadableText } from '../../../src/newspapers/derivatives/page-text.js';

const box = 'xMin="1.500000" yMin="2.000000" xMax="30.250000" yMax="12.000000"';
const word = (text: string) => `          <word ${box}>${text}</word>\n`;
const line = (...words: string[]) => `        <line ${box}>\n${words.map(word).join('')}        </line>\n`;
const block = (...lines: string[]) => `      <block ${box}>\n${lines.join('')}      </block>\n`;
const flow = (...blocks: string[]) => `    <flow>\n${blocks.join('')}    </flow>\n`;
const page = (...flows: string[]) => `  <page width="612.000000" height="792.000000">\n${flows.join('')}  </page>\n`;
const output = (...pages: string[]) =>
  Buffer.from(
    `<html><head><title>&lt;doc>\u0001</title></head>\n<body>\n<doc>\n${pages.join('')}</doc>\n</body></html>`,
  );
const texts = (bytes: Buffer) =>
  readPageText(bytes).map((lines) => lines.map((words) => words.map(({ text }) => text).join(' ')));

test('gives the words of every line of every block, in the order they were printed in', () => {
  const both = page(
    flow(block(line('The', 'first'), line('block')), block(line('The', 'second'))),
    flow(block(line('The', 'third'))),
  );
  expect(texts(output(both))).toEqual([['The first', 'block'], ['The second'], ['The third']]);
  const [first] = readPageText(output(both))[0]?.[0] ?? [];
  expect(first).toEqual({ text: 'The', xMin: 1.5, yMin: 2, xMax: 30.25, yMax: 12 });
});

test('reads what is escaped as what it means', () => {
  expect(texts(output(page(flow(block(line('R&amp;D', '&lt;b&gt;', '&quot;x&quot;', '&#39;&#x41;&#8212;'))))))).toEqual(
    [['R&D <b> "x" \'A—']],
  );
});

test('drops control characters, private-use glyphs and broken bytes, and keeps soft hyphens', () => {
  const text = output(page(flow(block(line('a\u0002b\u0085', '\uE000\uF8FF', 'soft\u00ADhyphen', 'x\u{F0000}y')))));
  const at = text.indexOf('softhyphen'.slice(0, 4));
  text[at] = 0xff;
  expect(texts(text)).toEqual([['ab oft\u00ADhyphen xy']]);
});

test('a line of seven private-use glyphs and real words keeps only the real ones (newspapers 11.3)', () => {
  const glyphs = Array.from({ length: 7 }, (_, index) => String.fromCodePoint(0xf0b7 + index));
  expect(texts(output(page(flow(block(line(...glyphs, 'real', 'words'), line('\uF0FF'), line(' '))))))).toEqual([
    ['real words'],
  ]);
  expect(texts(output(page(flow(block(line('\uF0FF'))))))).toEqual([]);
});

test('a page without text is a page without blocks', () => {
  expect(readPageText(output(page()))).toEqual([]);
});

test('a word that is nowhere is left out', () => {
  const nowhere = output(page(flow(block(line('here', 'gone'))))).toString();
  const last = nowhere.lastIndexOf('xMin="1.500000"');
  expect(texts(Buffer.from(`${nowhere.slice(0, last)}xMin="nan"${nowhere.slice(last + 15)}`))).toEqual([['here']]);
});

test('output without a document is an error that says so, no crash (W14)', () => {
  expect(() => readPageText(Buffer.from(''))).toThrow(UnreadableText);
  expect(() => readPageText(Buffer.from('<html><body></body></html>'))).toThrow(/no <doc>/);
  expect(() => readPageText(output(page()).subarray(0, 100))).toThrow(/no <doc>/);
});

test('what was never in the output is not skipped in silence', () => {
  expect(() => readPageText(output(page(flow('      <image src="x"/>\n', block(line('x'))))))).toThrow(/<image src/);
});

test('letters cast as one are told apart, and old-style numerals are numerals', () => {
  expect(
    texts(output(page(flow(block(line('\uFB01re', 'o\uFB03ce', 'wa\uFB04e', '\uF731\uF739\uF730\uF733', 'ﬅop')))))),
  ).toEqual([['fire office waffle 1903 stop']]);
});
