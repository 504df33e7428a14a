/** From what pdftotext prints to ALTO, whatever the words, the boxes and the bytes are (newspapers spec 6.3). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import { runProgram } from '../../../src/files/programs.js';
import { writeAlto, type AltoPage } from '../../../src/newspapers/derivatives/alto-document.js';
import { readPageText, UnreadableText, type Block } from '../../../src/newspapers/derivatives/page-text.js';
import { anyText, FUZZ_TIMEOUT, runs, spoilt } from '../../support/odd-text.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (each) => ESCAPES[each] ?? '');
/** As poppler prints numbers; a broken text matrix gives the last ones. */
const number = fc.oneof({ arbitrary: fc.integer({ min: -50_000, max: 900_000 }).map((value) => (value / 1000).toFixed(6)), weight: 9 }, fc.constantFrom('nan', 'inf', '-inf', '1e308', '-0.000000')); // prettier-ignore
const words = fc.record({ text: anyText, box: fc.tuple(number, number, number, number) });
const pages = fc.array(fc.array(fc.array(words, { maxLength: 3 }), { maxLength: 3 }), { maxLength: 3 });
type Given = { text: string; box: readonly [string, string, string, string] }[][][];

const printed = (blocks: Given) => {
  const word = ({ text, box: [xMin, yMin, xMax, yMax] }: Given[0][0][0]) =>
    `          <word xMin="${xMin}" yMin="${yMin}" xMax="${xMax}" yMax="${yMax}">${escaped(text)}</word>\n`;
  const line = (all: Given[0][0]) => `        <line xMin="0" yMin="0" xMax="1" yMax="1">\n${all.map(word).join('')}        </line>\n`; // prettier-ignore
  const block = (all: Given[0]) => `      <block xMin="0" yMin="0" xMax="1" yMax="1">\n${all.map(line).join('')}      </block>\n`; // prettier-ignore
  const flow = `    <flow>\n${blocks.map(block).join('')}    </flow>\n`;
  return `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN">\n<html>\n<body>\n<doc>\n  <page width="612.000000" height="792.000000">\n${flow}  </page>\n</doc>\n</body>\n</html>\n`;
};

/** What must be left of a word, told otherwise than by the code: nothing that XML, ONI's database or a reader cannot hold. */
function kept(text: string): string {
  const characters = Array.from(Buffer.from(escaped(text)).toString('utf8')); // as it comes through the pipe: halves of pairs are U+FFFD
  const clean = characters.flatMap((each) => {
    const code = each.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0xfffd && code <= 0xffff)) return [];
    return [each];
  });
  return clean
    .join('')
    .replaceAll(
      /&(amp|lt|gt|quot|apos);/g,
      (_all, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name] ?? '',
    ) // prettier-ignore
    .replaceAll(/[\uF730-\uF739]/g, (digit) => '0123456789'[digit.charCodeAt(0) - 0xf730] ?? '') // Adobe's oldstyle figures
    .replaceAll(/[\uF761-\uF77A]/g, (capital) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[capital.charCodeAt(0) - 0xf761] ?? '')
    .replaceAll(/\p{Co}/gu, '')
    .replaceAll(/[\uFB00-\uFB06\uFB13-\uFB17]/g, (each) => each.normalize('NFKC'));
}

test('every word comes through whole, and only what nothing can hold is left out', () => {
  fc.assert(
    fc.property(pages, (blocks) => {
      const read = readPageText(Buffer.from(printed(blocks)));
      const said = blocks.flat(2).filter(({ text, box }) => kept(text).trim() !== '' && box.every((value) => Number.isFinite(Number(value)))); // prettier-ignore
      expect(read.flat(2).map(({ text }) => text)).toEqual(said.map(({ text }) => kept(text)));
      const corners = said.map(({ box }) => box.map(Number)).map(([a = 0, b = 0, c = 0, d = 0]) => [Math.min(a, c), Math.max(b, d)]); // prettier-ignore
      expect(read.flat(2).map(({ xMin, yMax }) => [xMin, yMax])).toEqual(corners);
      expect(read.every((block) => block.length > 0 && block.every((line) => line.length > 0))).toBe(true);
    }),
    runs(200),
  );
});

test('a word whose corners are the other way round has a width all the same', () => {
  const [[[word] = []] = []] = readPageText(Buffer.from(printed([[[{ text: 'a', box: ['9', '8', '1', '2'] }]]])));
  expect(word).toEqual({ text: 'a', xMin: 1, yMin: 2, xMax: 9, yMax: 8 });
});

test('any bytes are a page of words or are refused as unreadable', () => {
  const right = printed([[[{ text: 'a & b', box: ['1', '2', '3', '4'] }]]]);
  const bytes = fc.oneof(fc.uint8Array(), anyText.map((text) => Buffer.from(`<doc>${text}</doc>`)), spoilt(fc.constant(right)).map((text) => Buffer.from(text))); // prettier-ignore
  fc.assert(
    fc.property(bytes, (output) => {
      let blocks: Block[] | undefined;
      try {
        blocks = readPageText(Buffer.from(output));
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableText);
      }
      if (blocks) expect(() => contentsOf(writeAlto(blocks, PAGE).xml)).not.toThrow();
    }),
    runs(500),
  );
});

const PAGE: AltoPage = {
  ...{ number: 1, width: 1700, height: 2200, language: 'eng', fileName: '0001.pdf', imageName: '0001.jp2' },
  ...{ scale: { x: 200 / 72, y: 200 / 72 }, software: { pdftotext: '22.12.0', pressmark: '0.1.0' } },
};

/** The words of an ALTO as ONI puts them together, and their places. */
function contentsOf(xml: string): { contents: string[]; places: number[][] } {
  const [contents, places]: [string[], number[][]] = [[], []];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'String') contents.push(attributes['CONTENT'] ?? '');
    if (name === 'HYP') contents.push(`${contents.pop() ?? ''}${attributes['CONTENT'] ?? ''}`);
    if (name === 'String' || name === 'TextLine' || name === 'TextBlock')
      places.push(['HPOS', 'VPOS', 'WIDTH', 'HEIGHT'].map((key) => Number(attributes[key])));
  });
  parser.write(xml).close();
  return { contents, places };
}

test('what was read is written, and read back by another reader: every word that is on the page, in its order, within the picture', () => {
  fc.assert(
    fc.property(pages, (blocks) => {
      const read = readPageText(Buffer.from(printed(blocks)));
      const alto = writeAlto(read, PAGE);
      const { contents, places } = contentsOf(alto.xml);
      const [across, down] = [PAGE.width / PAGE.scale.x, PAGE.height / PAGE.scale.y];
      const seen = read.flat(2).filter(({ xMin, xMax, yMin, yMax }) => !(xMax * PAGE.scale.x <= 0 || yMax * PAGE.scale.y <= 0 || xMin >= across || yMin >= down)); // prettier-ignore
      expect(contents).toEqual(seen.map(({ text }) => text));
      expect({ words: alto.words, unseen: alto.unseen }).toEqual({ words: seen.length, unseen: read.flat(2).length - seen.length }); // prettier-ignore
      for (const [left = -1, top = -1, width = -1, height = -1] of places) {
        expect(Math.min(left, top, width, height)).toBeGreaterThanOrEqual(0);
        expect(left + width).toBeLessThanOrEqual(PAGE.width + 1);
        expect(top + height).toBeLessThanOrEqual(PAGE.height + 1);
      }
    }),
    runs(200),
  );
});

test('names of files and programs are text, whatever they are; xmllint reads every one', { timeout: FUZZ_TIMEOUT }, async () => {
  const directory = await temporaryDirectory();
  const name = anyText.map((text) => text.replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '')); // what a file can be called, by the job that makes it
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(pages, name), { minLength: 10, maxLength: 20 }), async (all) => {
      const files = all.map(([blocks, fileName], i) => {
        const file = join(directory, `${i}.xml`);
        const page = { ...PAGE, fileName, imageName: fileName, software: { pdftotext: fileName, pressmark: fileName } };
        writeFileSync(file, writeAlto(readPageText(Buffer.from(printed(blocks))), page).xml);
        return file;
      });
      await runProgram('xmllint', ['--nonet', '--noout', ...files], { timeoutSeconds: 60 });
    }),
    runs(3),
  );
}); // prettier-ignore
