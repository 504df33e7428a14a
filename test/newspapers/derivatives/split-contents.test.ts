/** What becomes of everything that a PDF may hold when it is split into pages. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { degrees, PDFDocument, PDFName } from 'pdf-lib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { SourceRefused } from '../../../src/newspapers/derivatives/source-refused.js';
import { splitPdfs } from '../../../src/newspapers/derivatives/split.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { pdfBytes, writePdf } from './documents.js';
import { handmadePdf, type Objects } from './handmade-pdf.js';

const DATA = join(import.meta.dirname, '../../../../shared/data/newspapers');

let directory: string;
let output: string;
let said: { level: string; fields: unknown; message: string }[];
const note = (level: string) => (fields: unknown, message: string) => void said.push({ level, fields, message });
const log = { info: note('info'), warn: note('warn') } as unknown as Parameters<typeof splitPdfs>[0]['log'];
beforeEach(async () => {
  directory = await temporaryDirectory();
  output = join(directory, 'split');
  said = [];
});
afterAll(closeThreads);

const split = (sources: string[], more: { dpi?: number; minimumPages?: number } = {}) =>
  splitPdfs({ sources, outputDirectory: output, minimumPages: 1, log, ...more });
const run = async (program: string, ...args: string[]) =>
  (await runProgram(program, args, { timeoutSeconds: 60, okExitCodes: [0, 3] })).stdout;
const put = async (name: string, bytes: Uint8Array | string) => {
  await writeFile(join(directory, name), bytes);
  return join(directory, name);
};
const page = (number: number) => join(output, `seq-${String(number).padStart(4, '0')}.pdf`);
/** All objects of a page file as text. */
const objectsOf = (number: number) => run('qpdf', '--qdf', '--object-streams=disable', page(number), '-');
/** Words of the warnings. */
const warned = () => said.filter(({ level }) => level === 'warn').map(({ fields }) => fields);
/** What a page looks like, small and grey. */
const rendered = async (pdf: string, number = 1) => {
  const root = join(directory, `seen-${basename(pdf)}-${number}`);
  await run('pdftoppm', '-r', '36', '-f', `${number}`, '-singlefile', '-cropbox', '-gray', pdf, root);
  return readFile(`${root}.pgm`, 'base64');
};

/** A document of so many pages; `more` adds or replaces objects; page n is object 10 n, its content 10 n + 1. */
async function handmade(
  name: string,
  contents: string[],
  more: Objects = {},
  catalog = '',
  entries = '',
): Promise<string> {
  const objects: Objects = {
    1: { head: `/Type /Catalog /Pages 2 0 R ${catalog}` },
    2: {
      head: `/Type /Pages /Count ${contents.length} /Kids [${contents.map((_, index) => `${(index + 1) * 10} 0 R`).join(' ')}] /MediaBox [0 0 200 300] /Resources << /Font << /F 3 0 R >> >>`,
    },
    3: { head: '/Type /Font /Subtype /Type1 /BaseFont /Helvetica' },
  };
  for (const [index, content] of contents.entries()) {
    const number = (index + 1) * 10;
    objects[number] = { head: `/Type /Page /Parent 2 0 R /Contents ${number + 1} 0 R ${entries}` };
    objects[number + 1] = { head: '', body: content };
  }
  return put(name, handmadePdf({ ...objects, ...more }));
}
const TEXT = (text: string) => `BT /F 20 Tf 20 200 Td (${text}) Tj ET`;

describe('what a page shows is kept as it is', () => {
  test('inherited boxes, rotation, resources and content in parts', async () => {
    const pdf = await handmade('1.pdf', ['', TEXT('Second')], {
      2: {
        head: '/Type /Pages /Count 2 /Kids [10 0 R 20 0 R] /MediaBox [0 0 200 300] /CropBox [10 10 150 250] /Rotate 90 /Resources << /Font << /F 3 0 R >> >>',
      },
      10: { head: '/Type /Page /Parent 2 0 R /Contents [12 0 R 13 0 R] /UserUnit 2' },
      12: { head: '', body: 'BT /F 20 Tf 20 200 Td' },
      13: { head: '', body: '(First) Tj ET' },
    });
    await split([pdf]);
    for (const number of [1, 2]) {
      const made = (await PDFDocument.load(await readFile(page(number)))).getPage(0);
      expect(made.getCropBox()).toEqual({ x: 10, y: 10, width: 140, height: 240 });
      expect(made.getRotation()).toEqual(degrees(90));
      expect(await rendered(page(number))).toBe(await rendered(pdf, number));
    }
    expect((await run('pdftotext', page(1), '-')).trim()).toBe('First');
    expect(await objectsOf(1)).toContain('/UserUnit 2');
    expect(said.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('links and comments', async () => {
    const pdf = await handmade(
      '1.pdf',
      [TEXT('a'), TEXT('b')],
      {
        50: { head: '/Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.org/) >>' },
        51: { head: '/Type /Annot /Subtype /Link /Rect [0 0 9 9] /Dest [20 0 R /Fit]' },
        52: { head: '/Type /Annot /Subtype /Text /Rect [20 20 40 40] /Contents (a note)' },
      },
      '',
      '/Annots [50 0 R 51 0 R 52 0 R]',
    );
    await split([pdf]);
    const made = await objectsOf(1);
    expect(made).toContain('https://example.org/');
    expect(made).toContain('a note');
    expect(warned()).toEqual([]);
  });

  test('fonts, text and pictures: nothing is rendered or sampled down', async () => {
    const picture = {
      head: '/Type /XObject /Subtype /Image /Width 1200 /Height 900 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode',
      body: deflateSync(Buffer.alloc(1200 * 900, 77)),
    };
    const pdf = await handmade('1.pdf', [`${TEXT('Words')} 72 0 0 54 0 0 cm /P Do`], {
      2: {
        head: '/Type /Pages /Count 1 /Kids [10 0 R] /MediaBox [0 0 200 300] /Resources << /Font << /F 3 0 R >> /XObject << /P 5 0 R >> >>',
      },
      5: picture,
    });
    await split([pdf]);
    const withoutIds = (list: string) => list.replaceAll(/ \d+ +0(?= |$)/gm, '');
    for (const [program, ...options] of [['pdfimages', '-list'], ['pdffonts'], ['pdftotext', '-layout']] as const) {
      const told = async (file: string) =>
        withoutIds(await run(program, ...options, file, ...(program === 'pdftotext' ? ['-'] : [])));
      expect(await told(page(1))).toBe(await told(pdf));
    }
    const stream = async (file: string) => (await readFile(file)).includes(picture.body);
    expect([await stream(pdf), await stream(page(1))]).toEqual([true, true]);
  });

  test('hidden layers stay hidden', async () => {
    const layers = '/OCProperties << /OCGs [60 0 R 61 0 R] /D << /Order [60 0 R 61 0 R] /OFF [61 0 R] >> >>';
    const content = `/OC /On BDC ${TEXT('seen')} EMC /OC /Off BDC 0 0 200 300 re f EMC`;
    const pdf = await handmade('1.pdf', [content, content, content], {
      2: {
        head: '/Type /Pages /Count 3 /Kids [10 0 R 20 0 R 30 0 R] /MediaBox [0 0 200 300] /Resources << /Font << /F 3 0 R >> /Properties << /On 60 0 R /Off 61 0 R >> >>',
      },
      60: { head: '/Type /OCG /Name (Text)' },
      61: { head: '/Type /OCG /Name (Draft)' },
      62: { head: '/S /JavaScript /JS (app.alert\\(1\\))' },
    }, `${layers} /OpenAction 62 0 R`); // prettier-ignore
    expect(await split([pdf])).toEqual({ pages: 3 });
    for (const number of [1, 2, 3]) {
      expect(await rendered(page(number))).toBe(await rendered(pdf, number));
      expect(await objectsOf(number)).not.toContain('JavaScript');
      expect(await run('pdfinfo', page(number))).toMatch(/Pages: +1\n/);
    }
    expect(warned()).toEqual([{ file: '1.pdf', removed: ['JavaScript of the document'] }]);
  });

  test('the values of a form are drawn into the page, and it asks no more', async () => {
    const document = await PDFDocument.create();
    const field = document.getForm().createTextField('subscriber');
    field.addToPage(document.addPage([200, 300]), { x: 20, y: 100, width: 150, height: 30 });
    field.setText('Ada Lovelace');
    document.getForm().acroForm.dict.set(PDFName.of('NeedAppearances'), document.context.obj(true));
    const pdf = await put('form.pdf', await document.save({ useObjectStreams: false }));
    await split([pdf]);
    expect(await run('pdftotext', page(1), '-')).toContain('Ada Lovelace');
    expect(await objectsOf(1)).not.toMatch(/AcroForm|Widget/);
  });
});

describe('what acts by itself is removed, and the log says so', () => {
  test('JavaScript, launches and other actions of the document, its pages, its links', async () => {
    const pdf = await handmade(
      'busy.pdf',
      [TEXT('Still here')],
      {
        50: { head: '/Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (calc.exe) >>' },
        51: { head: '/Type /Annot /Subtype /Link /Rect [0 0 9 9] /A 53 0 R /AA << /E << /S /JavaScript /JS (x) >> >>' },
        53: { head: '/S /URI /URI (https://example.org/) /Next << /S /JavaScript /JS (evil) >>' },
        54: { head: '/Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://kept.example/) >>' },
      },
      '/OpenAction << /S /JavaScript /JS (app.alert) >> /Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (b) >>] >> >> /AA << /WC << /S /SubmitForm /F (x) >> >>',
      '/Annots [50 0 R 51 0 R 54 0 R] /AA << /O << /S /JavaScript /JS (opened) >> >>',
    );
    await split([pdf]);
    const made = await objectsOf(1);
    expect(made).not.toMatch(/JavaScript|Launch|SubmitForm|\/AA|evil/);
    expect(made).toContain('https://kept.example/');
    expect((await run('pdftotext', page(1), '-')).trim()).toBe('Still here');
    expect(await rendered(page(1))).toBe(await rendered(pdf));
    expect(warned()).toEqual([
      {
        file: 'busy.pdf',
        removed: [
          'JavaScript of the document',
          'SubmitForm of the document',
          'JavaScript on page 1',
          'Launch on page 1',
        ],
      },
    ]);
  });

  test('files within the document and on its pages, films and sounds; their picture stays', async () => {
    const pdf = await handmade(
      'loaded.pdf',
      [TEXT('Page')],
      {
        50: { head: '/Type /Annot /Subtype /FileAttachment /Rect [20 20 60 60] /F 4 /FS 56 0 R /AP << /N 55 0 R >>' },
        55: { head: '/Type /XObject /Subtype /Form /BBox [0 0 40 40]', body: '0 0 40 40 re f' },
        56: { head: '/Type /Filespec /F (virus.exe) /EF << /F 57 0 R >>' },
        57: { head: '/Type /EmbeddedFile', body: 'MZ-the-program' },
      },
      '/Names << /EmbeddedFiles << /Names [(a) 56 0 R] >> >>',
      '/Annots [50 0 R]',
    );
    const before = await rendered(pdf);
    await split([pdf]);
    expect(await objectsOf(1)).not.toMatch(/virus|EmbeddedFile|MZ-the-program/);
    expect(await rendered(page(1))).toBe(before);
    expect(warned()).toEqual([{ file: 'loaded.pdf', removed: ['FileAttachment on page 1'] }]);
    expect(said).toContainEqual(expect.objectContaining({ message: expect.stringContaining('attached') as string }));
  });

  test('a name in a font list that looks like an action is left alone', async () => {
    const pdf = await handmade('1.pdf', ['BT /AA 20 Tf 20 200 Td (Kept) Tj ET'], {
      2: {
        head: '/Type /Pages /Count 1 /Kids [10 0 R] /MediaBox [0 0 200 300] /Resources << /Font << /AA 3 0 R /A 3 0 R >> >>',
      },
      10: { head: '/Type /Page /Parent 2 0 R /Contents 11 0 R /AA << /O << /S /Launch /F (x) >> >>' },
    });
    await split([pdf]);
    expect((await run('pdftotext', page(1), '-')).trim()).toBe('Kept');
  });

  test('encryption without a password', async () => {
    const plain = await writePdf(join(directory, 'plain.pdf'), { lines: ['Readable'] });
    const locked = join(directory, 'locked.pdf');
    await run('qpdf', '--encrypt', '', 'owner', '256', '--print=none', '--', plain, locked);
    await split([locked]);
    expect(said).toContainEqual(
      expect.objectContaining({ level: 'info', message: expect.stringContaining('encrypted') as string }),
    );
    expect(warned()).toEqual([]);
  });
});

describe('what cannot become pages is refused before anything is split (W10)', () => {
  const refused = async (bad: string, reason: RegExp, more: { dpi?: number } = {}) => {
    const good = await writePdf(join(directory, 'good.pdf'), {}, {});
    const failure = split([good, bad], more);
    await expect(failure).rejects.toThrow(SourceRefused);
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow(basename(bad));
    expect((await readdir(directory)).filter((name) => name.includes('split'))).toEqual([]);
  };

  test('a page of 5 x 5 m', async () => {
    const metres = (5 / 0.0254) * 72;
    const pdf = await handmade('poster.pdf', [TEXT('vast')], {
      2: { head: `/Type /Pages /Count 1 /Kids [10 0 R] /MediaBox [0 0 ${metres} ${metres}]` },
    });
    const words =
      /poster.pdf: page 1 is 5000 x 5000 mm: at 200 dpi \(DPI\) its picture would be 39371 x 39371 pixels; at most 500 million/;
    await refused(pdf, words, { dpi: 200 });
    expect(await split([pdf], { dpi: 72 })).toEqual({ pages: 1 });
  });

  test('a picture that takes 10 GB to unpack', async () => {
    const picture = (more: string) => ({
      head: `/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB /BitsPerComponent 8 ${more}`,
      body: 'not even a picture',
    });
    const page = { head: '/Type /Page /Parent 2 0 R /Contents 11 0 R /Resources << /XObject << /F 4 0 R >> >>' };
    const form = {
      head: '/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /P 5 0 R >> >>',
      body: '/P Do',
    };
    const pdf = await handmade('vast.pdf', ['/F Do'], { 4: form, 5: picture('/Filter /JPXDecode'), 10: page });
    await refused(pdf, /vast.pdf: page 1 has a picture of 30000 x 30000 pixels.*save that picture smaller/);
    const rows = await handmade('rows.pdf', ['/F Do'], { 4: form, 5: picture('/Filter /FlateDecode'), 10: page });
    expect(await split([rows])).toEqual({ pages: 1 }); // poppler reads it row by row
  });

  test('a portfolio', async () => {
    await refused(
      await handmade('folder.pdf', [''], {}, '/Collection << /View /D >>'),
      /it is a portfolio.*upload those files/,
    );
  });

  test('an XFA form whose pages are built by a program', async () => {
    const pdf = await handmade(
      'form.pdf',
      [TEXT('Please wait...')],
      { 60: { head: '/XFA [] /Fields []' } },
      '/NeedsRendering true /AcroForm 60 0 R',
    );
    await refused(pdf, /it is an XFA form.*print it to a PDF/);
  });

  test('a document without pages', async () => {
    await refused(await handmade('none.pdf', []), /it has no pages/);
  });

  test('a repair that would cost a page its content', async () => {
    const whole = (await readFile(await handmade('whole.pdf', [TEXT('one'), TEXT('two')]))).toString('latin1');
    const hurt = whole.replace(/21 0 obj/, '21 0 xxx').replace(/startxref\n\d+/, 'startxref\n9');
    await refused(await put('hurt.pdf', Buffer.from(hurt, 'latin1')), /it is damaged: what page 2 showed is lost/);
  });

  test('a repair that would cost a page', async () => {
    const whole = (await readFile(await handmade('whole.pdf', [TEXT('one'), TEXT('two')]))).toString('latin1');
    const hurt = whole.replace(/20 0 obj/, '20 0 xxx').replace(/startxref\n\d+/, 'startxref\n9');
    await refused(await put('hurt.pdf', Buffer.from(hurt, 'latin1')), /it is damaged: of its 2 pages 1 are left/);
  });

  test('a page whose content does not unpack', async () => {
    const packed = deflateSync(
      Buffer.from(Array.from({ length: 900 }, (_, n) => TEXT(String((n * 7919) % 997))).join('\n')),
    );
    packed.fill(0xff, Math.floor(packed.length / 2));
    const body = { head: '/Filter /FlateDecode', body: packed };
    const hurt = await handmade('hurt.pdf', ['', TEXT('fine')], { 11: body });
    await refused(hurt, /it is damaged: what page 1 showed is lost/);
    const locked = join(directory, 'locked.pdf');
    await run('qpdf', '--encrypt', '', 'owner', '256', '--', hurt, locked);
    await refused(locked, /it is damaged: what page 1 showed is lost/);
  });

  test('but blank pages of a PDF with bad manners are taken', async () => {
    const pages = { 10: { head: '/Type /Page /Parent 2 0 R' }, 20: { head: '/Type /Page /Type /Page /Parent 2 0 R' } };
    const whole = (await readFile(await handmade('odd.pdf', ['', ''], pages))).toString('latin1');
    const odd = await put('odd.pdf', Buffer.from(whole.replace('%PDF-1.7', ' %PDF-1.7'), 'latin1'));
    expect(await split([odd])).toEqual({ pages: 2 });
  });

  test('too few pages are told before anything is split', async () => {
    await expect(split([await handmade('1.pdf', [''])], { minimumPages: 2 })).rejects.toThrow(/1 page \(1.pdf\)/);
  });
});

test('2,000 pages are split', { timeout: 120_000 }, async () => {
  const pdf = await put(
    'thick.pdf',
    await pdfBytes(...Array.from({ length: 2000 }, (_, index) => ({ lines: [`page ${index + 1}`] }))),
  );
  expect(await split([pdf], { dpi: 200 })).toEqual({ pages: 2000 });
  expect((await run('pdftotext', page(1999), '-')).trim()).toBe('page 1999');
});

test('more than 9,999 pages are refused at once', { timeout: 120_000 }, async () => {
  const kids = '10 0 R '.repeat(10_000);
  const pdf = await handmade('book.pdf', [''], {
    2: { head: `/Type /Pages /Count 10000 /Kids [${kids}] /MediaBox [0 0 9 9]` },
  });
  await expect(split([pdf])).rejects.toThrow(/10000 pages, at most 9999/);
});

test.skipIf(!existsSync(DATA))('real newspapers keep every word, font and picture', { timeout: 120_000 }, async () => {
  const pdf = join(DATA, 'born-digital/sn93059126/1856-05-10/weekly-journal.pdf');
  const { pages } = await split([pdf]);
  const each = async (...args: string[]) => {
    const told: string[] = [];
    for (let number = 1; number <= pages; number++)
      told.push(await run(args[0] ?? '', ...args.slice(1), page(number), ...(args[0] === 'pdftotext' ? ['-'] : [])));
    return told.join('');
  };
  expect(await each('pdftotext')).toBe(await run('pdftotext', pdf, '-'));
  const columns = (list: string) => list.split('\n').filter((line) => /^ *\d/.test(line)).map((line) => line.trim().split(/\s+/)).map((cells) => [...cells.slice(2, 10), ...cells.slice(12, 14)].join(' ')); // prettier-ignore
  expect(columns(await each('pdfimages', '-list'))).toEqual(columns(await run('pdfimages', '-list', pdf)));
});
