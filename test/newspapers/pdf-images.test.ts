import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/files/programs.js';
import { closeThreads } from '../../src/files/threads.js';
import { SourceRefused } from '../../src/newspapers/derivatives/source-refused.js';
import { readPdf } from '../../src/newspapers/pdf/read-pdf.js';
import { pdfImages } from '../../src/newspapers/pdf-images.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { handmadePdf, type Objects } from './derivatives/handmade-pdf.js';

const DATA = join(import.meta.dirname, '../../../shared/data/newspapers');

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterAll(closeThreads);

const qpdf = (...args: string[]) => runProgram('qpdf', args, { timeoutSeconds: 60, okExitCodes: [0, 3] });

/** What `pdfimages -list` says, masks left out, as [page, width, height, x, y]. */
async function oracle(pdf: string): Promise<string[]> {
  const { stdout } = await runProgram('pdfimages', ['-list', pdf], { timeoutSeconds: 60 });
  const rows = stdout.split('\n').slice(2);
  return rows.flatMap((row) => {
    const [page, , type, width, height, , , , , , object, id, ...rest] = row.trim().split(/\s+/);
    if (page === undefined || width === undefined || type?.endsWith('mask')) return [];
    const [x, y] = object === '[inline]' ? [id, rest[0]] : rest;
    return [[page, width, height, x, y].join(' ')];
  });
}
const told = async (pdf: string) =>
  (await pdfImages(pdf)).map(({ page, width, height, xDpi, yDpi }) =>
    [page, width, height, xDpi.toFixed(0), yDpi.toFixed(0)].join(' '),
  );

const PICTURE: Objects[string] = {
  head: '/Type /XObject /Subtype /Image /Width 300 /Height 600 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode',
  body: deflateSync(Buffer.alloc(300 * 600, 200)),
};
/** One page; the picture is /P, painted 1 x 1 point big until the content says otherwise. */
const page = async (content: string, more: Objects = {}, pageEntries = '', resources = '') => {
  const path = join(directory, 'page.pdf');
  await writeFile(
    path,
    handmadePdf({
      1: { head: '/Type /Catalog /Pages 2 0 R' },
      2: {
        head: `/Type /Pages /Kids [3 0 R] /Count 1 /Resources << /XObject << /P 5 0 R /F 6 0 R /G 7 0 R >> ${resources} >>`,
      },
      3: { head: `/Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R ${pageEntries}` },
      4: { head: '', body: content },
      5: PICTURE,
      ...more,
    }),
  );
  return path;
};

describe('the resolution of a picture', () => {
  test('is its samples per inch as it is painted, each side for itself', async () => {
    const pdf = await page('q 72 0 0 144 0 0 cm /P Do Q 36 0 0 36 9 9 cm /P Do');
    expect(await told(pdf)).toEqual(['1 300 600 300 300', '1 300 600 600 1200']);
    expect(await told(pdf)).toEqual(await oracle(pdf));
  });

  test('follows its own sides when the page turns it', async () => {
    const turned = '0 144 -72 0 200 10 cm /P Do';
    const pdf = await page(turned.replace('0 144 -72 0', '0 72 -144 0'), {}, '/Rotate 90');
    expect(await told(pdf)).toEqual(['1 300 600 300 300']); // pdfimages says 150 x 600 for a page that lies
    const aslant = await page('50.911688 50.911688 -101.823376 101.823376 150 10 cm /P Do');
    expect(await told(aslant)).toEqual(['1 300 600 300 300']);
  });

  test('is found in forms within forms, with their own matrices, and inherited resources', async () => {
    const pdf = await page('2 0 0 2 0 0 cm /F Do', {
      6: { head: '/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Matrix [1 0 0 0.5 0 0]', body: '/G Do' },
      7: {
        head: '/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /Own 5 0 R >> >>',
        body: Buffer.from('36 0 0 144 0 0 cm /Own Do'),
      },
    });
    expect(await told(pdf)).toEqual(['1 300 600 300 300']);
    expect(await told(pdf)).toEqual(await oracle(pdf));
  });

  test('is found in a picture within the content, whose bytes hold an EI', async () => {
    const bytes = 'ab EI\u0001\u0002 d'.padEnd(200, 'x');
    const pdf = await page(`q 72 0 0 36 0 0 cm BI /W 20 /H 10 /CS /G /BPC 8 ID ${bytes} EI Q 72 0 0 144 0 0 cm /P Do`);
    expect(await told(pdf)).toEqual(['1 20 10 20 20', '1 300 600 300 300']);
    expect(await told(pdf)).toEqual(await oracle(pdf));
  });

  test('counts stencils and what annotations show; masks of a picture are no pictures', async () => {
    const pdf = await page(
      '72 0 0 144 0 0 cm /P Do /F Do',
      {
        5: { ...PICTURE, head: `${PICTURE.head} /SMask 8 0 R` },
        6: {
          head: '/Type /XObject /Subtype /Image /Width 8 /Height 8 /ImageMask true /BitsPerComponent 1',
          body: '12345678',
        },
        8: { ...PICTURE, head: PICTURE.head },
        9: { head: '/Type /Annot /Subtype /Stamp /Rect [10 10 82 154] /F 4 /AP << /N 10 0 R >>' },
        10: {
          head: '/Type /XObject /Subtype /Form /BBox [0 0 10 10] /Resources << /XObject << /P 11 0 R >> >>',
          body: '10 0 0 10 0 0 cm /P Do',
        },
        11: PICTURE,
      },
      '/Annots [9 0 R]',
    );
    expect(await told(pdf)).toEqual(['1 300 600 300 300', '1 8 8 8 4', '1 300 600 300 300']);
    expect((await told(pdf)).sort()).toEqual((await oracle(pdf)).sort());
  });

  test('is not confused by text that looks like operators', async () => {
    const text =
      'BT (/P Do \\) q 9 0 0 9 0 0 cm) Tj <2f50> Tj [(/P Do) 3 (Q)] TJ % /P Do\n/Span << /A (Q) >> BDC EMC ET';
    const pdf = await page(`q ${text} 72 0 0 144 0 0 cm /P Do Q`);
    expect(await told(pdf)).toEqual(['1 300 600 300 300']);
  });

  test('of a page without pictures is an empty list', async () => {
    expect(await pdfImages(await page('0 0 9 9 re f'))).toEqual([]);
  });
});

describe('PDFs of another make are read all the same', () => {
  const content = 'q 72 0 0 144 0 0 cm /P Do Q';
  const expected = ['1 300 600 300 300'];

  test.each([
    ['object streams and cross-reference streams', ['--object-streams=generate']],
    ['linearized', ['--linearize']],
    ['linearized, with object streams', ['--linearize', '--object-streams=generate']],
    ['encrypted with an empty password', ['--encrypt', '', 'owner', '256', '--']],
    ['encrypted by RC4', ['--allow-weak-crypto', '--encrypt', '', 'owner', '128', '--']],
  ])('%s', async (_, options) => {
    const made = join(directory, 'made.pdf');
    await qpdf(...options, await page(content), made);
    expect(await told(made)).toEqual(expected);
  });

  test('with cross references that point elsewhere', async () => {
    const bytes = await readFile(await page(content), 'latin1');
    const broken = join(directory, 'broken.pdf');
    await writeFile(broken, bytes.replace(/startxref\n\d+/, 'startxref\n7'), 'latin1');
    expect(await told(broken)).toEqual(expected);
  });

  test('with a stream whose length is wrong, and content packed by LZW or as text', async () => {
    const hex = Buffer.from(content).toString('hex');
    const packed = await page('', { 4: { head: '/Filter [/ASCIIHexDecode]', body: `${hex}>` } });
    expect(await told(packed)).toEqual(expected);
    const bytes = await readFile(await page(content), 'latin1');
    const wrong = join(directory, 'wrong.pdf');
    await writeFile(wrong, bytes.replace(`/Length ${content.length}`, `/Length ${content.length - 9}`), 'latin1');
    expect(await told(wrong)).toEqual(expected);
  });
});

describe('a PDF that was made to harm', () => {
  test('by forms that paint each other is read to its end', async () => {
    const pdf = await page('/F Do', {
      6: { head: '/Type /XObject /Subtype /Form /BBox [0 0 9 9]', body: '/G Do /G Do' },
      7: { head: '/Type /XObject /Subtype /Form /BBox [0 0 9 9]', body: '/F Do /F Do /P Do' },
    });
    expect(await told(pdf)).toHaveLength(2);
  });

  test('by a tree of forms that doubles at each step is refused', async () => {
    const forms = Object.fromEntries(
      Array.from({ length: 19 }, (_, step) => [
        6 + step,
        {
          head: `/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /N ${step === 18 ? 5 : 7 + step} 0 R >> >>`,
          body: '/N Do /N Do',
        },
      ]),
    );
    await expect(pdfImages(await page('/F Do', forms))).rejects.toThrow(/page.pdf: .*more than 200000 pictures/);
  });

  test('by a stream that unpacks to a gigabyte is refused', { timeout: 60_000 }, async () => {
    const bomb = deflateSync(Buffer.alloc(300 * 1024 * 1024, 32));
    const pdf = await page('', { 4: { head: '/Filter /FlateDecode', body: bomb } });
    await expect(pdfImages(pdf)).rejects.toThrow(/unpacks to more than 256 MB/);
  });

  test('by pages that hold themselves is refused', async () => {
    const pdf = await page('', { 3: { head: '/Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1' } });
    await expect(pdfImages(pdf)).rejects.toThrow(SourceRefused);
  });
});

describe('what is no PDF is refused with a reason', () => {
  const put = async (name: string, bytes: string | Buffer) => {
    await writeFile(join(directory, name), bytes);
    return join(directory, name);
  };
  test.each([
    ['empty.pdf', '', /empty.pdf: it is empty \(0 bytes\)/],
    ['letter.pdf', 'dear editor\n'.repeat(500), /letter.pdf: it is not a PDF/],
  ])('%s', async (name, bytes, reason) => {
    const refused = pdfImages(await put(name, bytes));
    await expect(refused).rejects.toThrow(SourceRefused);
    await expect(refused).rejects.toThrow(reason);
  });

  test('locked by a password, or cut off', async () => {
    const whole = await page('q 72 0 0 144 0 0 cm /P Do Q');
    await qpdf('--encrypt', 'user', 'owner', '256', '--', whole, join(directory, 'locked.pdf'));
    await expect(pdfImages(join(directory, 'locked.pdf'))).rejects.toThrow(/it needs a password/);
    const bytes = await readFile(whole);
    await expect(pdfImages(await put('cut.pdf', bytes.subarray(0, 300)))).rejects.toThrow(/its end is missing/);
  });

  test('a file that is not there says so', async () => {
    await expect(pdfImages(join(directory, 'none.pdf'))).rejects.toThrow(/ENOENT/);
  });
});

test.skipIf(!existsSync(DATA))('real newspapers: the same as pdfimages says', { timeout: 60_000 }, async () => {
  const names = (await readdir(DATA, { recursive: true })).filter((name) => name.endsWith('.pdf'));
  expect(names.length).toBeGreaterThan(8);
  for (const name of names)
    expect([name, await told(join(DATA, name))]).toEqual([name, await oracle(join(DATA, name))]);
});

test('a PDF that takes too long to read is named as it was delivered, with what to do', async () => {
  const endless = { module: new URL('../files/thread-work.ts', import.meta.url), exportName: 'hang' };
  const input = { path: '/scratch/plain.pdf', lenient: true };
  await expect(readPdf(endless, '/uploads/vast.pdf', input, { timeoutSeconds: 0.2 })).rejects.toThrow(
    /^vast\.pdf could not be read within 0\.2 s; look at the load of the host, or make the PDF again$/,
  );
});
