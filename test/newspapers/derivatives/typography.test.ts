/** Fonts, sizes and directions of words, and codes whose meaning only the embedded font tells. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { degrees, PDFDocument, PDFName, PDFString, StandardFonts, type PDFFont, type PDFPage } from 'pdf-lib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeAlto } from '../../../src/newspapers/derivatives/alto.js';
import { readContent, type Operand } from '../../../src/newspapers/derivatives/typography/content-tokens.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { assertValidAlto, cannotValidate, readAltoFile, type ReadAlto } from './read-alto.js';

let directory: string;
let said: { fields: object; message: string }[];
const keep = (fields: object, message: string) => void said.push({ fields, message });
const log = { info: keep, warn: keep } as unknown as NonNullable<Parameters<typeof makeAlto>[0]['log']>; // two of pino's methods, called in one way
beforeEach(async () => {
  directory = await temporaryDirectory();
  said = [];
});
afterAll(() => closeThreads());

type Fonts = Record<'plain' | 'bold' | 'slanted' | 'fixed', PDFFont>;

async function altoOf(
  draw: (page: PDFPage, fonts: Fonts, document: PDFDocument) => void,
  change?: (pdf: string) => Promise<void>,
) {
  const document = await PDFDocument.create({ updateMetadata: false });
  const embed = (font: StandardFonts) => document.embedFont(font);
  const fonts = {
    plain: await embed(StandardFonts.TimesRoman),
    bold: await embed(StandardFonts.HelveticaBold),
    slanted: await embed(StandardFonts.TimesRomanBoldItalic),
    fixed: await embed(StandardFonts.CourierOblique),
  };
  draw(document.addPage([400, 400]), fonts, document);
  const pdf = join(directory, '0001.pdf');
  await writeFile(pdf, await document.save());
  await change?.(pdf);
  const target = join(directory, '0001.xml');
  await makeAlto({ pdf, target, dpi: 72, pageNumber: 1, language: 'eng', log });
  if (cannotValidate === undefined) await assertValidAlto(target);
  return readAltoFile(target);
}
const words = (alto: ReadAlto) => alto.lines.flat().map(({ content }) => content);
const styleOf = (alto: ReadAlto, content: string) => alto.lines.flat().find((word) => word.content === content)?.style;

describe('words have the sizes and styles that they are set in:', () => {
  test('four fonts, to a tenth of a point', async () => {
    const alto = await altoOf((page, { plain, bold, slanted, fixed }) => {
      page.drawText('body', { x: 20, y: 300, size: 8.5, font: plain });
      page.drawText('HEADLINE', { x: 20, y: 340, size: 36, font: bold });
      page.drawText('byline', { x: 20, y: 320, size: 7.25, font: slanted });
      page.drawText('table', { x: 20, y: 250, size: 10.3, font: fixed });
    });
    expect(styleOf(alto, 'body')).toEqual({
      FONTFAMILY: 'Times',
      FONTTYPE: 'serif',
      FONTWIDTH: 'proportional',
      FONTSIZE: '8.5',
    });
    expect(styleOf(alto, 'HEADLINE')).toMatchObject({
      FONTFAMILY: 'Helvetica',
      FONTTYPE: 'sans-serif',
      FONTSIZE: '36.0',
      FONTSTYLE: 'bold',
    });
    expect(styleOf(alto, 'byline')).toMatchObject({ FONTFAMILY: 'Times', FONTSIZE: '7.3', FONTSTYLE: 'bold italics' });
    expect(styleOf(alto, 'table')).toMatchObject({
      FONTFAMILY: 'Courier',
      FONTWIDTH: 'fixed',
      FONTSIZE: '10.3',
      FONTSTYLE: 'italics',
    });
  });

  test('several in one line, and none of a size that only the matrix makes', async () => {
    const alto = await altoOf((page, { plain, bold }) => {
      page.drawText(' ', { size: 1, font: plain });
      const stream = page.doc.context.stream(
        'q 2 0 0 2 10 20 cm BT /P 1 Tf 6 0 0 6 10 50 Tm (small ) Tj /B 1.5 Tf (LARGE) Tj 0 -2 Td /P 1 Tf [(ne) -20 (xt)] TJ ET Q',
      );
      const resources = page.node.Resources();
      resources?.set(PDFName.of('Font'), page.doc.context.obj({ P: plain.ref, B: bold.ref }));
      page.node.set(PDFName.of('Contents'), page.doc.context.register(stream));
    });
    expect(words(alto)).toEqual(['small', 'LARGE', 'next']);
    expect(alto.lines.flat().map(({ style }) => style?.['FONTSIZE'])).toEqual(['12.0', '18.0', '12.0']);
    expect(styleOf(alto, 'LARGE')?.['FONTSTYLE']).toBe('bold');
  });

  test('of recognised text under a picture only the size is told', async () => {
    const alto = await altoOf((page, { bold }) => {
      page.drawText('hidden', { x: 20, y: 300, size: 11, font: bold });
      const contents = page.doc.context.stream('BT 3 Tr /B 11 Tf 20 300 Td (hidden) Tj ET');
      page.node.Resources()?.set(PDFName.of('Font'), page.doc.context.obj({ B: bold.ref }));
      page.node.set(PDFName.of('Contents'), page.doc.context.register(contents));
    });
    expect(styleOf(alto, 'hidden')).toEqual({ FONTSIZE: '11.0' });
  });

  test('a page that only poppler can open has its words, without styles, and the log says so', async () => {
    const alto = await altoOf(
      (page, { plain }) => page.drawText('locked', { x: 20, y: 300, size: 11, font: plain }),
      async (pdf) => {
        await runProgram('qpdf', ['--encrypt', '', 'owner', '256', '--', '--replace-input', pdf], {
          timeoutSeconds: 60,
        });
      },
    );
    expect(words(alto)).toEqual(['locked']);
    expect(styleOf(alto, 'locked')).toBeUndefined();
    expect(said).toEqual([expect.objectContaining({ message: expect.stringContaining('has no styles') as string })]);
  });
});

test('text on its side and head is whole, with boxes of its own shape; text at an angle is left out and counted', async () => {
  const alto = await altoOf((page, { plain }) => {
    const text = (words: string, x: number, y: number, turn: number) =>
      page.drawText(words, { x, y, size: 12, font: plain, rotate: degrees(turn) });
    text('Upright text', 40, 360, 0);
    text('Climbing margin', 380, 100, 90);
    text('Falling margin', 20, 300, 270);
    text('Standing headlong', 300, 40, 180);
    text('Sale today', 120, 150, 30);
    text('nearly straight', 60, 250, 1.2); // a scan that lies askew
  });
  const lines = alto.lines.map((line) => line.map(({ content }) => content).join(' '));
  expect(lines.sort()).toEqual([
    'Climbing margin',
    'Falling margin',
    'Standing headlong',
    'Upright text',
    'nearly straight',
  ]);
  const climbing = alto.lines.flat().find(({ content }) => content === 'Climbing');
  expect(climbing?.height).toBeGreaterThan(3 * (climbing?.width ?? NaN));
  expect(said.map(({ message }) => message)).toEqual(['left out pieces of words that stand at an angle']);
});

test('recognised text is shown word by word, some of it at odd angles: its words are whole, and stay', async () => {
  const alto = await altoOf((page, { plain }) => {
    page.drawText('Extra', { x: 40, y: 300, size: 12, font: plain, rotate: degrees(5) });
    page.drawText('Extra', { x: 140, y: 300, size: 12, font: plain });
  });
  expect(words(alto)).toEqual(['Extra', 'Extra']);
});

test('what is printed twice to look bold is there once', async () => {
  const alto = await altoOf((page, { plain }) => {
    for (const x of [20, 20.3, 21.6]) page.drawText('Great sale', { x, y: 300 + 20 - x, size: 12, font: plain });
  });
  expect(words(alto)).toEqual(['Great', 'sale']);
});

test('text beyond the crop box is left out', async () => {
  const alto = await altoOf((page, { plain }) => {
    page.drawText('inside', { x: 100, y: 200, size: 12, font: plain });
    page.drawText('printer', { x: 100, y: 380, size: 12, font: plain });
    page.setCropBox(50, 50, 300, 300);
  });
  expect(words(alto)).toEqual(['inside']);
});

describe('codes without a ToUnicode table', () => {
  test('mean what their glyph names say', async () => {
    const names = ['fi', 'Lslash', 'uni00E9', 'f_f_l', 'a.sc', 'oneoldstyle', 'Asmall'];
    const alto = await altoOf((page) => {
      const { context } = page.doc;
      const differences = [1, ...names.map((name) => PDFName.of(name))];
      const font = context.obj({
        ...{
          Type: 'Font',
          Subtype: 'Type1',
          BaseFont: 'Nameless',
          FirstChar: 1,
          LastChar: 7,
          Widths: Array(7).fill(500),
        },
        Encoding: { Type: 'Encoding', Differences: differences },
      });
      const contents = context.stream('BT /F 20 Tf 20 300 Td <01020304050607> Tj ET');
      page.node.set(PDFName.of('Resources'), context.obj({ Font: { F: font } }));
      page.node.set(PDFName.of('Contents'), context.register(contents));
    });
    expect(words(alto)).toEqual(['fiŁéffla1A']);
  });

  test('and without names mean what the embedded font says of its glyphs', async () => {
    const alto = await altoOf((page) => {
      const { context } = page.doc;
      const file = context.register(context.flateStream(fontOf('Fire on')));
      const descriptor = {
        Type: 'FontDescriptor',
        FontName: 'AAAAAA+Gazette-Bold',
        Flags: 4,
        Ascent: 800,
        Descent: -200,
      };
      const descendant = context.obj({
        ...{ Type: 'Font', Subtype: 'CIDFontType2', BaseFont: 'AAAAAA+Gazette-Bold', DW: 600, CIDToGIDMap: 'Identity' },
        CIDSystemInfo: { Registry: PDFString.of('Adobe'), Ordering: PDFString.of('Identity'), Supplement: 0 },
        FontDescriptor: context.register(
          context.obj({
            ...descriptor,
            FontBBox: [0, -200, 600, 800],
            ItalicAngle: 0,
            CapHeight: 700,
            StemV: 80,
            FontFile2: file,
          }),
        ),
      });
      const font = context.obj({
        ...{ Type: 'Font', Subtype: 'Type0', BaseFont: 'AAAAAA+Gazette-Bold', Encoding: 'Identity-H' },
        DescendantFonts: [context.register(descendant)],
      });
      const codes = Array.from('Fire on', (_, index) => (index + 36).toString(16).padStart(4, '0')).join('');
      const contents = context.stream(`BT /F 20 Tf 20 300 Td <${codes}> Tj ET`);
      page.node.set(PDFName.of('Resources'), context.obj({ Font: { F: context.register(font) } }));
      page.node.set(PDFName.of('Contents'), context.register(contents));
    });
    expect(words(alto)).toEqual(['Fire', 'on']);
    expect(styleOf(alto, 'Fire')).toMatchObject({ FONTFAMILY: 'Gazette', FONTSTYLE: 'bold', FONTSIZE: '20.0' });
  });

  /** A font with nothing but the table that says: glyph 36 is the first character, 37 the second, and so on. */
  function fontOf(text: string): Uint8Array {
    const segments = Array.from(text, (character, index) => ({ code: character.charCodeAt(0), glyph: 36 + index }));
    segments.sort((a, b) => a.code - b.code).push({ code: 0xffff, glyph: 0 });
    const short = (...values: number[]) => Buffer.from(values.flatMap((value) => [(value >> 8) & 255, value & 255]));
    const codes = segments.map(({ code }) => code);
    const deltas = segments.map(({ code, glyph }) => (glyph - code) & 0xffff);
    const count = segments.length;
    const table = Buffer.concat([
      short(4, 16 + count * 8, 0, count * 2, 0, 0, 0),
      ...[short(...codes), short(0), short(...codes), short(...deltas), short(...codes.map(() => 0))],
    ]);
    const cmap = Buffer.concat([short(0, 1, 3, 1, 0, 12), table]);
    const directory = Buffer.concat([
      short(1, 0, 1, 16, 0, 0),
      Buffer.from('cmap'),
      short(0, 0, 0, 28, 0, cmap.length),
    ]);
    return Buffer.concat([directory, cmap]);
  }
});

describe('the operators of a content stream', () => {
  const read = (content: string) => {
    const found: [string, Operand[]][] = [];
    readContent(Buffer.from(content, 'latin1'), (operator, operands) => found.push([operator, operands]));
    return found;
  };
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
  test.each([
    ['(a\\(b\\)\\101(c)\\n) Tj', [['Tj', [bytes('a(b)A(c)\n')]]]],
    ['(bro\\\nken) Tj', [['Tj', [bytes('broken')]]]],
    ['<48 656C6c6F7> Tj', [['Tj', [bytes('Hellop')]]]],
    ['[(a)-20.5(b)] TJ', [['TJ', [[bytes('a'), -20.5, bytes('b')]]]]],
    [
      '/F#31 +.5 Tf % not (this\n-3 TL',
      [
        ['Tf', ['/F1', 0.5]],
        ['TL', [-3]],
      ],
    ],
    [
      '/Span <</ActualText (x) /Of [1 <</A 1>>]>> BDC EMC',
      [
        ['BDC', ['/Span', null]],
        ['EMC', []],
      ],
    ],
    [
      'BI /W 1 ID \u0001EI\u0002 EI Q',
      [
        ['BI', []],
        ['Q', []],
      ],
    ],
    ['1 0 0 1 2 3', []],
    ['> ) ] } q', [['q', []]]],
    ['(never closed', []],
    ['[1 2', []],
  ] as [string, [string, Operand[]][]][])('%j', (content, wanted) => {
    expect(read(content)).toEqual(wanted);
  });
});
