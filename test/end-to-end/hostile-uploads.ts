/** Uploads that people, machines and enemies make, for the upload areas of a world. Each page has text of its own, so that no two files are alike. */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { pdfBytes } from '../newspapers/derivatives/documents.js';
import { handmadePdf } from '../newspapers/derivatives/handmade-pdf.js';
import { bands, tiffBytes } from '../newspapers/derivatives/tiffs.js';
import { writeScanPdf, writeTextPdf } from '../newspapers/uploads/scan-pdf.js';

const run = promisify(execFile);

export interface Hostile {
  what: string;
  kind: 'borndigital' | 'scan';
  /** Name of its directory: its date, when it has one. */
  directory: string;
  fill: (directory: string) => Promise<unknown>;
  /** Kept out by `bulk-queue`; queued and failed; or taken, up to the page review or the metadata entry. */
  becomes: 'refused' | 'failed' | 'in review' | 'described';
  /** Names the thing, the reason and the remedy. */
  says?: RegExp;
}

/** Sockets of uploads: they end with their servers. */
const servers: Server[] = [];
export const endSockets = (): void => servers.forEach((server) => server.close());

/** Two pages of a PDF, their text made of a name. */
const two = (name: string) => pdfBytes({ lines: [`${name}, first page`] }, { lines: [`${name}, second page`] });
const put = async (directory: string, name: string, content: string | Uint8Array) =>
  writeFile(join(directory, name), content);
/** Beside what is hostile lies a file that is not. */
const beside = (fill: (directory: string) => unknown) => async (directory: string) => {
  await put(directory, '2.pdf', await two(`beside ${directory}`));
  await fill(directory);
};
const onePage = (entries: string, objects: Parameters<typeof handmadePdf>[0] = {}) =>
  handmadePdf({
    1: { head: `/Type /Catalog /Pages 2 0 R ${entries}` },
    2: { head: '/Type /Pages /Count 1 /Kids [3 0 R] /MediaBox [0 0 300 400]' },
    3: { head: '/Type /Page /Parent 2 0 R /Contents 4 0 R' },
    4: { head: '', body: 'BT ET' },
    ...objects,
  });
const encrypted = (user: string) => async (directory: string) => {
  const plain = join(directory, 'plain.pdf');
  await writeFile(plain, await two(`encrypted ${directory}`));
  await run('qpdf', ['--encrypt', user, 'owner', '256', '--', plain, '--replace-input']);
};

/** One page each, and each a trap for somebody who joins strings to commands, paths, lines or columns. */
export const ODD_NAMES: readonly string[] = [
  'a b.pdf',
  ' leading and trailing .pdf',
  `it's "quoted".pdf`,
  'line\nbreak.pdf',
  'tab\there.pdf',
  '-rf.pdf',
  '--help.pdf',
  '$(reboot).pdf',
  'page-%d.pdf',
  '*.pdf',
  'back\\slash.pdf',
  '🗞️.pdf',
  'é.pdf',
  'e\u0301.pdf',
  '\u202efdp.pdf',
  `${'x'.repeat(251)}.pdf`,
];

const bornDigital: Omit<Hostile, 'kind'>[] = [
  {
    what: 'a PDF of 0 bytes',
    directory: '2024-04-01',
    fill: beside((at) => put(at, '1.pdf', '')),
    becomes: 'failed',
    says: /^1\.pdf: it is empty \(0 bytes\); upload a complete copy/,
  },
  {
    what: 'text called .pdf',
    directory: '2024-04-02',
    fill: beside((at) => put(at, 'notes.pdf', 'dear editor,\n'.repeat(200))),
    becomes: 'failed',
    says: /^notes\.pdf: it is not a PDF; upload the PDF/,
  },
  {
    what: 'a truncated PDF',
    directory: '2024-04-03',
    fill: beside(async (at) => {
      const whole = await two(`cut ${at}`);
      await put(at, 'cut.pdf', whole.subarray(0, whole.length * 0.6));
    }),
    becomes: 'failed',
    says: /^cut\.pdf: its end is missing: .*; upload a complete copy/,
  },
  {
    what: 'a PDF that needs a password',
    directory: '2024-04-04',
    fill: encrypted('user'),
    becomes: 'failed',
    says: /^plain\.pdf: it needs a password; upload it without one/,
  },
  { what: 'a PDF with an empty password', directory: '2024-04-05', fill: encrypted(''), becomes: 'in review' },
  {
    what: 'a page of 5 x 5 m',
    directory: '2024-04-06',
    fill: beside((at) => {
      const points = (5 / 0.0254) * 72;
      return put(at, 'poster.pdf', onePage('', { 2: { head: `/Type /Pages /Count 1 /Kids [3 0 R] /MediaBox [0 0 ${points} ${points}]` } })); // prettier-ignore
    }),
    becomes: 'failed',
    says: /^poster\.pdf: page 1 is 5000 x 5000 mm: .*; at most 500 million pixels are made; give the page its printed size/,
  },
  {
    what: 'a picture of 30,000 x 30,000 pixels that would take 10 GB',
    directory: '2024-04-07',
    fill: beside((at) => {
      const picture = `/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /JPXDecode`;
      const page = '/Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /P 5 0 R >> >>';
      return put(at, 'vast.pdf', onePage('', { 3: { head: page }, 4: { head: '', body: '/P Do' }, 5: { head: picture, body: 'none' } })); // prettier-ignore
    }),
    becomes: 'failed',
    says: /^vast\.pdf: page 1 has a picture of 30000 x 30000 pixels.*; save that picture smaller/,
  },
  {
    what: 'JavaScript, a launch action and an embedded program',
    directory: '2024-04-08',
    fill: beside((at) =>
      put(
        at,
        'busy.pdf',
        onePage(
          '/OpenAction << /S /JavaScript /JS (app.alert) >> /Names << /EmbeddedFiles << /Names [(a) 6 0 R] >> >>',
          {
            3: { head: '/Type /Page /Parent 2 0 R /Contents 4 0 R /Annots [5 0 R]' },
            5: { head: '/Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (calc.exe) >>' },
            6: { head: '/Type /Filespec /F (virus.exe) /EF << /F 7 0 R >>' },
            7: { head: '/Type /EmbeddedFile', body: 'MZ-the-program' },
          },
        ),
      ),
    ),
    becomes: 'in review',
  },
  {
    what: 'names with spaces, quotes, newlines, a leading "-", emoji, NFC and NFD twins, 255 bytes',
    directory: '2024-04-09',
    fill: async (at) => {
      for (const [index, name] of ODD_NAMES.entries()) await put(at, name, await pdfBytes({ lines: [`odd ${index}`] }));
    },
    becomes: 'in review',
  },
  {
    what: 'a name that is not UTF-8',
    directory: '2024-04-10',
    fill: beside((at) =>
      writeFileSync(Buffer.concat([Buffer.from(`${at}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.pdf')]), 'bytes'),
    ),
    becomes: 'refused',
    says: /^a file named \\377\\376\.pdf is not named in UTF-8; rename it to letters and digits/,
  },
  {
    what: 'a directory whose name is not UTF-8',
    directory: '.', // it makes its own
    fill: async (at) => {
      const odd = Buffer.concat([Buffer.from(`${at}/2024-04-11`), Buffer.from([0xe9])]);
      mkdirSync(odd);
      writeFileSync(Buffer.concat([odd, Buffer.from('/1.pdf')]), await two('nobody can name this'));
    },
    becomes: 'refused',
    says: /is not named in UTF-8, so it cannot be looked into; rename it/,
  },
  {
    what: 'a symlink to a file',
    directory: '2024-04-12',
    fill: beside((at) => symlinkSync('/etc/passwd', join(at, '1.pdf'))),
    becomes: 'refused',
    says: /^"1\.pdf" is not a regular file; replace it by the file itself/,
  },
  {
    what: 'a socket',
    directory: '2024-04-13',
    fill: beside(async (at) => {
      const server = createServer().listen(join(at, '1.pdf'));
      servers.push(server);
      await once(server, 'listening');
    }),
    becomes: 'refused',
    says: /^"1\.pdf" is not a regular file; replace it by the file itself/,
  },
  {
    what: 'a pipe',
    directory: '2024-04-14',
    fill: beside((at) => execFileSync('mkfifo', [join(at, '1.pdf')])),
    becomes: 'refused',
    says: /^"1\.pdf" is not a regular file; replace it by the file itself/,
  },
  {
    what: 'a directory where a file should be',
    directory: '2024-04-15',
    fill: beside((at) => mkdirSync(join(at, '1.pdf'))),
    becomes: 'refused',
    says: /^"1\.pdf" is a subdirectory; an issue is one flat directory/,
  },
  {
    what: 'a directory whose name has a newline and a quote',
    directory: '2024-04-16 "final"\n(2)',
    fill: async (at) => put(at, '1.pdf', await two('not a date')),
    becomes: 'refused',
    says: /^invalid folder name: bad date format; name it YYYY-MM-DD/,
  },
  {
    what: 'an upload that vanishes before it is copied',
    directory: '2024-04-17',
    fill: async (at) => put(at, '1.pdf', await two('soon gone')),
    becomes: 'failed',
    says: /2024-04-17 is not there: somebody moved or deleted it before it was copied; put it back and let it go on/,
  },
  {
    what: 'an upload that grows after it was copied',
    directory: '2024-04-18',
    fill: async (at) => put(at, '1.pdf', await two('grows')),
    becomes: 'failed',
    says: /2024-04-18 to .*: 2\.pdf came or changed after the copy was verified, so the source is not deleted; /,
  },
];

const scanPage = async (at: string, tiff: Uint8Array) => {
  await writeScanPdf(join(at, '0001.pdf'), { dpi: 150, width: 300, height: 400 });
  await put(at, '0001.tif', tiff);
};
/** Of scans any names pair that are alike. */
export const ODD_SCANS: readonly string[] = ['-rf', 'line\nbreak "1"', 'y'.repeat(251)];
const noise = { type: 'gaussian', mean: 99, sigma: 30 } as const;

const scans: Omit<Hostile, 'kind'>[] = [
  {
    what: 'a scan whose TIFF cannot be unpacked',
    directory: '1911-03-11',
    fill: async (at) => {
      const picture = sharp({ create: { width: 600, height: 800, channels: 3, background: 'red', noise } });
      const bytes = await picture.withMetadata({ density: 300 }).tiff({ compression: 'deflate' }).toBuffer();
      await scanPage(at, bytes.fill(0x5a, 4_000, 40_000));
    },
    becomes: 'failed',
    says: /page 0001: 0001\.tif: it cannot be read as a picture.*; replace it by a sound copy/,
  },
  {
    what: 'a TIFF of 30,000 x 30,000 pixels',
    directory: '1911-03-12',
    fill: (at) =>
      scanPage(at, tiffBytes({ ...bands([8], 1, [[10], [80], [150], [220]]), tags: { 256: 30_000, 257: 30_000, 278: 30_000 } })), // prettier-ignore
    becomes: 'failed',
    says: /0001\.tif: its picture would be 30000 x 30000 pixels; at most 500 million/,
  },
  {
    what: 'a scan whose PDF has no picture',
    directory: '1911-03-13',
    fill: async (at) => {
      await put(at, '0001.tif', tiffBytes(bands([8], 1, [[11], [80], [150], [220]])));
      await writeTextPdf(join(at, '0001.pdf'));
    },
    becomes: 'refused',
    says: /^"0001\.pdf" contains no images or is not a valid PDF; make it again from its TIFF/,
  },
  {
    what: 'a scan whose PDF is text',
    directory: '1911-03-14',
    fill: async (at) => {
      await put(at, '0001.tif', tiffBytes(bands([8], 1, [[12], [80], [150], [220]])));
      await put(at, '0001.pdf', 'not a scan');
    },
    becomes: 'refused',
    says: /^"0001\.pdf": unable to get image info: it is not a PDF; make it again from its TIFF/,
  },
  {
    what: 'a scan whose TIFF is a symlink',
    directory: '1911-03-15',
    fill: async (at) => {
      await writeScanPdf(join(at, '0001.pdf'), { dpi: 150, width: 302, height: 400 });
      symlinkSync('/etc/passwd', join(at, '0001.tif'));
    },
    becomes: 'refused',
    says: /^"0001\.tif" is not a regular file; replace it by the file itself/,
  },
  {
    what: 'a scan with names like options, of two lines, of 255 bytes',
    directory: '1911-03-16',
    fill: async (at) => {
      for (const [index, name] of ODD_SCANS.entries()) {
        await writeScanPdf(join(at, `${name}.pdf`), { dpi: 150, width: 300 + index, height: 400 });
        const picture = sharp({ create: { width: 600 + 2 * index, height: 800, channels: 3, background: 'white' } });
        await put(at, `${name}.tif`, await picture.withMetadata({ density: 300 }).tiff().toBuffer());
      }
    },
    becomes: 'described',
  },
];

export const HOSTILE: readonly Hostile[] = [
  ...bornDigital.map((one) => ({ ...one, kind: 'borndigital' as const })),
  ...scans.map((one) => ({ ...one, kind: 'scan' as const })),
];

/** Lays one out in the directory of its title. @returns its own directory */
export async function layOut(hostile: Hostile, titleDirectory: string): Promise<string> {
  const directory = join(titleDirectory, hostile.directory);
  await mkdir(directory, { recursive: true });
  await hostile.fill(directory);
  return directory;
}

/** The text of all objects of a PDF, streams unpacked. */
export async function objectsOf(pdf: string): Promise<string> {
  const { stdout } = await run('qpdf', ['--qdf', '--object-streams=disable', pdf, '-'], { encoding: 'latin1' });
  return stdout;
}
