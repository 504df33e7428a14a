/** A disk that is full or read-only while pages are split and their derivatives made: told as what it is, tried again, and done when it is mended. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PDFDocument } from 'pdf-lib';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { laterIfDiskFull } from '../../../src/files/full-disk.js';
import { findProgram } from '../../../src/files/programs.js';
import { closeThreads } from '../../../src/files/threads.js';
import { makeAlto } from '../../../src/newspapers/derivatives/alto.js';
import { makeDerivatives, type DerivativesOrder } from '../../../src/newspapers/derivatives/derivatives.js';
import { conformanceOf, makePdfA } from '../../../src/newspapers/derivatives/pdf-a.js';
import { splitPdfs } from '../../../src/newspapers/derivatives/split.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { writePdf } from './documents.js';
import { stub } from './stub-program.js';
import { mayMount } from '../../support/may-mount.js';

afterAll(() => closeThreads());
const log = pino({ level: 'silent' });

/** A filesystem of its own, for so many bytes and files. @returns its directory */
async function disk(megabytes: number, inodes = 10_000): Promise<string> {
  const at = join(await temporaryDirectory(), 'disk');
  mkdirSync(at);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,nr_inodes=${inodes}`, 'tmpfs', at]);
  onTestFinished(() => void execFileSync('umount', ['-l', at]));
  return at;
}
const remount = (at: string, options: string) => execFileSync('mount', ['-o', `remount,${options}`, at]);

/** Takes all room but so many bytes. */
function fillUp(at: string, butBytes: number): void {
  const { bavail, bsize } = statfsSync(at);
  writeFileSync(join(at, 'hog'), Buffer.alloc(bavail * bsize - butBytes));
}

const failureOf = (work: Promise<unknown>): Promise<Error | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

/** What the engine waits for, however long: no attempt is used up. */
function expectWaitedFor(failure: Error | undefined): void {
  expect(laterIfDiskFull(failure)).toMatchObject({ kind: 'try_later', reason: failure?.message });
}

/** What retrying may mend, in words for the administrator; the publisher's file is not to blame. */
function expectDiskTrouble(failure: Error | undefined, words: RegExp): void {
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(FatalError);
  expect(failure?.message).toMatch(words);
}

const derivatives = (directory: string): DerivativesOrder => ({
  directory,
  kind: 'borndigital',
  dpi: 72,
  quality: 62.5,
  language: 'eng',
  share: (work) => work(),
  progress: { report: () => undefined },
  log,
});

describe.skipIf(!mayMount)('a full disk', () => {
  test('in the middle of a split, whose pages together are larger than the upload, publishes no cut page', async () => {
    const at = await disk(68);
    const picture = sharp(randomBytes(1000 * 1000 * 3), { raw: { width: 1000, height: 1000, channels: 3 } });
    const document = await PDFDocument.create();
    const image = await document.embedJpg(await picture.jpeg({ quality: 95 }).toBuffer());
    for (let page = 0; page < 100; page++) document.addPage([600, 600]).drawImage(image); // one picture, a copy for each page
    const source = join(await temporaryDirectory(), 'ads.pdf');
    writeFileSync(source, await document.save());
    const split = () => splitPdfs({ sources: [source], outputDirectory: join(at, 'split'), minimumPages: 2, log });
    const failure = await failureOf(split());
    expectDiskTrouble(failure, /could not write .*page-\d+\.pdf to its end: .* has \d MB free: make room/);
    expectWaitedFor(failure);
    expect(readdirSync(at)).toEqual([]);
    remount(at, 'size=300m');
    expect(await split()).toEqual({ pages: 100 });
  });

  test('while words are read does not call the page broken', async () => {
    const at = await disk(80);
    const pdf = await writePdf(join(await temporaryDirectory(), '0001.pdf'), { lines: ['There is room'] });
    const alto = () => makeAlto({ pdf, target: join(at, '0001.xml'), dpi: 72, pageNumber: 1, language: 'eng' });
    fillUp(at, 0);
    const failure = await failureOf(alto());
    expectDiskTrouble(failure, /has 0 MB free.*make room, the job will try again/);
    expectWaitedFor(failure);
    expect(readdirSync(at)).toEqual(['hog']);
    rmSync(join(at, 'hog'));
    expect(await alto()).toMatchObject({ words: 3, built: true });
  });

  test('before derivatives are made is noticed; with room they are made', async () => {
    const at = await disk(80);
    const issue = join(at, 'issue');
    mkdirSync(issue);
    await writePdf(join(issue, '0001.pdf'), { lines: ['one'] });
    fillUp(at, 1_000_000);
    const failure = await failureOf(makeDerivatives(derivatives(issue)));
    expectDiskTrouble(failure, /page 0001: .* MB free, .*make room/);
    expectWaitedFor(failure);
    rmSync(join(at, 'hog'));
    await makeDerivatives(derivatives(issue));
    expect(readdirSync(issue).sort()).toEqual(['0001.jp2', '0001.pdf', '0001.xml']);
  });
});

describe.skipIf(!mayMount)('a disk that fills', () => {
  /** Before the program begins there is room, then no longer: of bytes, or of files. */
  const fillingUp = (at: string, program: string, what: 'bytes' | 'files') => {
    const taking = {
      bytes: `dd if=/dev/zero of='${at}/hog' bs=64k 2>/dev/null`,
      files: `n=0; while true > '${at}/hog/'$n; do n=$((n + 1)); done 2>/dev/null`,
    };
    if (what === 'files') mkdirSync(join(at, 'hog'));
    return Promise.all([temporaryDirectory(), findProgram(program)]).then(([programs, real]) =>
      stub(programs, program, `${taking[what]}\nexec '${real ?? ''}' "$@"`),
    );
  };

  test.each([
    ['pdftoppm', 'bytes', / has 0 MB free: make room/],
    ['pdftoppm', 'files', / has 0 inodes free \(each file takes one\): make room/],
    ['pdftotext', 'files', / has 0 inodes free \(each file takes one\): make room/],
    ['opj_compress', 'bytes', /is the disk full\?.* has 0 MB free: make room/],
    ['opj_compress', 'files', / has 0 inodes free \(each file takes one\): make room/],
    ['opj_decompress', 'files', / has 0 inodes free \(each file takes one\): make room/],
  ] as const)(
    'when %s begins, with %s: the page is waited for, and made when there is room',
    async (program, what, words) => {
      const at = await disk(90, 500);
      const issue = join(at, 'issue');
      mkdirSync(issue);
      await writePdf(join(issue, '0001.pdf'), { lines: ['one'] });
      await fillingUp(at, program, what);
      const failure = await failureOf(makeDerivatives(derivatives(issue)));
      expectDiskTrouble(failure, words);
      expectWaitedFor(failure);
      vi.unstubAllEnvs();
      rmSync(join(at, 'hog'), { recursive: true });
      await makeDerivatives(derivatives(issue));
      expect(readdirSync(issue).sort()).toEqual(['0001.jp2', '0001.pdf', '0001.xml']);
    },
  );

  test.each(['bytes', 'files'] as const)('when qpdf begins, with %s: the upload is waited for', async (what) => {
    const at = await disk(90, 500);
    const source = await writePdf(join(await temporaryDirectory(), '1.pdf'), {}, {});
    await fillingUp(at, 'qpdf', what);
    const split = () => splitPdfs({ sources: [source], outputDirectory: join(at, 'split'), minimumPages: 2, log });
    expectWaitedFor(await failureOf(split()));
    expect(readdirSync(at)).toEqual(['hog']);
    vi.unstubAllEnvs();
    rmSync(join(at, 'hog'), { recursive: true });
    expect(await split()).toEqual({ pages: 2 });
  });

  test('is not to blame for what fails where there is room: that counts', async () => {
    const at = await disk(90);
    await writePdf(join(at, '0001.pdf'), { lines: ['one'] });
    await stub(await temporaryDirectory(), 'pdftoppm', 'echo "Could not write image" >&2; exit 1');
    const failure = await failureOf(makeDerivatives(derivatives(at)));
    expectDiskTrouble(failure, /Could not write image/);
    expect(laterIfDiskFull(failure)).toBeUndefined();
  });
});

const ghostscript = await findProgram('gs');

describe.skipIf(!mayMount || ghostscript === undefined)('a disk that fills while pages become PDF/A', () => {
  /** Until Ghostscript begins there is room, then only for so many bytes. */
  const fillingUp = (at: string, butBytes: number) => {
    const dd = `dd if=/dev/zero of='${at}/hog' bs=1M 2>/dev/null; truncate -s -${butBytes} '${at}/hog'`;
    return temporaryDirectory().then((programs) => stub(programs, 'gs', `${dd}; exec '${ghostscript ?? ''}' "$@"`));
  };

  // With little it exits with 1; with 400,000 it exits with 0, and its file is cut short.
  test.each([0, 8192, 100_000, 400_000])(
    'with %i bytes left does not leave them plain: it is tried again, and they are PDF/A when there is room',
    { timeout: 60_000 },
    async (butBytes) => {
      const at = await disk(80);
      const source = join(at, 'issue.pdf');
      const noise = sharp(randomBytes(400 * 400 * 3), { raw: { width: 400, height: 400, channels: 3 } });
      const document = await PDFDocument.create();
      const image = await document.embedJpg(await noise.jpeg({ quality: 95 }).toBuffer());
      for (let page = 0; page < 2; page++) document.addPage([600, 600]).drawImage(image);
      document.setProducer('test'); // what pdf-lib writes of itself Ghostscript does not take over
      writeFileSync(source, await document.save());
      const order = { sources: [source], outputDirectory: join(at, 'split'), minimumPages: 2, pdfA: true, log };
      await fillingUp(at, butBytes);
      const failure = await failureOf(splitPdfs(order));
      expectDiskTrouble(
        failure,
        /^seq-0001\.pdf could not be turned into PDF\/A: Ghostscript cannot write to .* MB free: make room; .*try again$/,
      );
      expectWaitedFor(failure);
      expect(readdirSync(at).sort()).toEqual(['hog', 'issue.pdf']);
      vi.unstubAllEnvs();
      rmSync(join(at, 'hog'));
      expect(await splitPdfs(order)).toEqual({ pages: 2 });
      for (const page of ['seq-0001.pdf', 'seq-0002.pdf'])
        expect(await conformanceOf(join(at, 'split', page), { timeoutSeconds: 60 })).not.toBe('failed');
    },
  );

  test('is the disk of the pages: a full /tmp does not matter', { timeout: 60_000 }, async () => {
    const at = await disk(80);
    const full = await disk(1);
    fillUp(full, 0);
    vi.stubEnv('TMPDIR', full);
    onTestFinished(() => void vi.unstubAllEnvs());
    const page = await writePdf(join(at, 'seq-0001.pdf'), { lines: ['News'] });
    expect(await makePdfA(page, { scratch: at, log, limits: { timeoutSeconds: 60 } })).toBeUndefined();
  });
});

describe.skipIf(!mayMount)('a disk that is read-only', () => {
  test('while derivatives are made is named with what to do, and they are made when it is not', async () => {
    const at = await disk(90);
    await writePdf(join(at, '0001.pdf'), { lines: ['one'] });
    remount(at, 'ro');
    const failure = await failureOf(makeDerivatives(derivatives(at)));
    expectDiskTrouble(
      failure,
      /page 0001: .*: the disk is mounted read-only \(EROFS.*mount it for writing; the job will try again/,
    );
    expect(laterIfDiskFull(failure)).toBeUndefined();
    remount(at, 'rw');
    await makeDerivatives(derivatives(at));
    expect(existsSync(join(at, '0001.jp2'))).toBe(true);
  });

  test('while an upload is split leaves nothing, and it is split when it is not', async () => {
    const at = await disk(90);
    const source = join(at, '1.pdf');
    copyFileSync(await writePdf(join(await temporaryDirectory(), '1.pdf'), {}, {}), source);
    const split = () => splitPdfs({ sources: [source], outputDirectory: join(at, 'split'), minimumPages: 2, log });
    remount(at, 'ro');
    expectDiskTrouble(await failureOf(split()), /EROFS/);
    remount(at, 'rw');
    expect(await split()).toEqual({ pages: 2 });
  });
});
