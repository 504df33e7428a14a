import type * as FileSystem from 'node:fs/promises';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PDFDocument } from 'pdf-lib';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FatalError } from '../../../src/engine/job.js';
import { findProgram, ProgramFailed, runProgram } from '../../../src/files/programs.js';
import { SourceRefused } from '../../../src/newspapers/derivatives/source-refused.js';
import { splitPdfs } from '../../../src/newspapers/derivatives/split.js';
import { killAfter, restart } from '../../files/killed.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { pdfBytes, writePdf } from './documents.js';
import { hangingProgram, stoppedTimeLimits } from './hanging-program.js';
import { stub } from './stub-program.js';

vi.mock('node:fs/promises', async (original) =>
  (await import('../../files/killed.js')).killable(await original<typeof FileSystem>()),
);

let directory: string;
let output: string;
let warnings: unknown[];
const log = { info: () => undefined, warn: (...said: unknown[]) => void warnings.push(said) };

beforeEach(async () => {
  directory = await temporaryDirectory();
  output = join(directory, 'split');
  warnings = [];
});

const split = (
  sources: string[],
  more: { minimumPages?: number; timeoutSeconds?: number; signal?: AbortSignal } = {},
) => splitPdfs({ sources, outputDirectory: output, minimumPages: 1, log, ...more });
const qpdf = (...args: string[]) => runProgram('qpdf', args, { timeoutSeconds: 60, okExitCodes: [0, 3] });
const textOf = async (pdf: string) => (await runProgram('pdftotext', [pdf, '-'], { timeoutSeconds: 60 })).stdout.trim();
const put = async (name: string, bytes: Uint8Array | string) => {
  await writeFile(join(directory, name), bytes);
  return join(directory, name);
};
const pagesOf = async () => {
  const names = (await readdir(output)).sort();
  return Promise.all(names.map(async (name) => [name, await textOf(join(output, name))]));
};

describe('an upload of several PDFs', () => {
  test('becomes one PDF per page, in the order of the files and of their pages', async () => {
    const names = Array.from({ length: 11 }, (_, page) => ({ lines: [`second ${page + 1}`] }));
    const first = await writePdf(join(directory, '1.pdf'), { lines: ['first 1'] }, { lines: ['first 2'] });
    const second = await writePdf(join(directory, '-%d @2.pdf'), ...names); // a name that means something to programs

    expect(await split([first, second])).toEqual({ pages: 13 });

    const texts = ['first 1', 'first 2', ...names.map(({ lines }) => lines[0])];
    expect(await pagesOf()).toEqual(
      texts.map((text, index) => [`seq-${String(index + 1).padStart(4, '0')}.pdf`, text]),
    );
    expect((await readdir(directory)).sort()).toEqual(['-%d @2.pdf', '1.pdf', 'split']);
    expect((await stat(output)).mode & 0o777).toBe(0o755);
    expect((await stat(join(output, 'seq-0013.pdf'))).mode & 0o777).toBe(0o644);
  });

  test('keeps boxes, rotation and pictures as they are, and gives the same bytes each time', async () => {
    const source = await writePdf(join(directory, '1.pdf'), {
      ...{ rotation: 90, cropBox: [10, 20, 200, 300], lines: ['Turned'] },
    });
    await split([source]);
    const bytes = await readFile(join(output, 'seq-0001.pdf'));
    const page = (await PDFDocument.load(bytes)).getPage(0);
    expect(page.getCropBox()).toEqual({ x: 10, y: 20, width: 200, height: 300 });
    expect(page.getMediaBox()).toEqual({ x: 0, y: 0, width: 300, height: 400 });
    expect(page.getRotation().angle).toBe(90);

    await rm(output, { recursive: true });
    await split([source]);
    expect(await readFile(join(output, 'seq-0001.pdf'))).toEqual(bytes);
  });

  test('is opened when only its owner has a password', async () => {
    const plain = await writePdf(join(directory, 'plain.pdf'), { lines: ['Readable'] }, {});
    const locked = join(directory, 'locked.pdf');
    await qpdf('--encrypt', '', 'owner', '256', '--', plain, locked);
    expect(await split([locked])).toEqual({ pages: 2 });
    expect(await textOf(join(output, 'seq-0001.pdf'))).toBe('Readable');
    expect(await readFile(join(output, 'seq-0001.pdf'), 'latin1')).not.toContain('/Encrypt');
  });

  test('with a damage that can be repaired is split, and the log says so', async () => {
    const bytes = Buffer.from(await pdfBytes({ lines: ['Repaired'] }));
    const broken = bytes.toString('latin1').replace(/startxref\n\d+/, 'startxref\n7');
    const source = await put('1.pdf', Buffer.from(broken, 'latin1'));
    expect(await split([source])).toEqual({ pages: 1 });
    expect(await textOf(join(output, 'seq-0001.pdf'))).toBe('Repaired');
    expect(warnings).toEqual([[expect.objectContaining({ file: '1.pdf' }), expect.stringContaining('repaired')]]);
  });
});

describe('an upload that cannot be split is refused at once (W10)', () => {
  const refused = async (bad: string, reason: RegExp) => {
    const good = await writePdf(join(directory, 'good.pdf'), {}, {});
    const failure = split([good, bad]);
    await expect(failure).rejects.toThrow(SourceRefused);
    await expect(failure).rejects.toThrow(FatalError);
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow(basename(bad));
    expect((await readdir(directory)).filter((name) => name.startsWith('.') || name === 'split')).toEqual([]);
  };

  test('because a file is empty', async () => {
    await refused(await put('empty.pdf', ''), /empty.pdf: it is empty \(0 bytes\); upload/);
  });

  test('because a file is no PDF', async () => {
    await refused(await put('notes.pdf', 'dear editor,\n'.repeat(200)), /notes.pdf: it is not a PDF/);
  });

  test('because a file was cut off', async () => {
    const bytes = await pdfBytes({ lines: ['one'] }, { lines: ['two'] }, { lines: ['three'] });
    await refused(await put('cut.pdf', bytes.subarray(0, bytes.length * 0.6)), /cut.pdf: its end is missing/);
  });

  test('because a file was cut off, though its pages can still be counted (linearized)', async () => {
    const pages = Array.from({ length: 6 }, (_, page) => ({ lines: [`page ${page}`, 'x'.repeat(40)] }));
    const whole = await writePdf(join(directory, 'whole.pdf'), ...pages);
    const linear = join(directory, 'linear.pdf');
    await qpdf('--linearize', whole, linear);
    const bytes = await readFile(linear);
    await refused(await put('cut.pdf', bytes.subarray(0, bytes.length * 0.7)), /cut.pdf: its end is missing/);
  });

  test('because a file needs a password', async () => {
    const plain = await writePdf(join(directory, 'plain.pdf'), {});
    const locked = join(directory, 'locked.pdf');
    await qpdf('--encrypt', 'user', 'owner', '256', '--', plain, locked);
    await refused(locked, /locked.pdf: it needs a password; upload it without one/);
  });

  test('because it has fewer pages than an issue', async () => {
    const source = await writePdf(join(directory, 'flyer.pdf'), {});
    const failure = split([source], { minimumPages: 2 });
    await expect(failure).rejects.toThrow(FatalError);
    await expect(failure).rejects.toThrow(/1 page \(flyer.pdf\), an issue has at least 2/);
    expect(await readdir(directory)).toEqual(['flyer.pdf']);
  });

  test('because there is no file', async () => {
    await expect(split([])).rejects.toThrow(FatalError);
  });
});

describe('run again', () => {
  test('when it is done, it touches nothing', async () => {
    const source = await writePdf(join(directory, '1.pdf'), {}, {});
    await split([source]);
    const before = await stat(join(output, 'seq-0002.pdf'));
    await rm(source);
    expect(await split([source])).toEqual({ pages: 2 });
    expect((await stat(join(output, 'seq-0002.pdf'))).mtimeMs).toBe(before.mtimeMs);
  });

  test('over a directory that holds something else, it asks a person', async () => {
    const source = await writePdf(join(directory, '1.pdf'), {}, {});
    await mkdir(output);
    await expect(split([source])).rejects.toThrow(/not a full set/);
    await writeFile(join(output, 'thesis.doc'), '');
    await expect(split([source])).rejects.toThrow(FatalError);
    await expect(split([source])).rejects.toThrow(/holds thesis.doc/);
  });

  test('after kill -9 at any step, it ends with the same pages and no litter', { timeout: 300_000 }, async () => {
    const sources = [
      await writePdf(join(directory, '1.pdf'), { lines: ['a'] }, { lines: ['b'] }),
      await writePdf(join(directory, '2.pdf'), { lines: ['c'] }),
    ];
    await split(sources);
    const undisturbed = await pagesOf();
    expect(undisturbed).toHaveLength(3);

    let kills = 0;
    for (let calls = 0; ; calls++) {
      await rm(output, { recursive: true, force: true });
      killAfter(calls);
      await split(sources).catch(() => undefined);
      if (!restart()) break;
      kills++;
      expect(await split(sources)).toEqual({ pages: 3 });
      expect((await readdir(directory)).sort()).toEqual(['1.pdf', '2.pdf', 'split']);
      expect((await readdir(output)).sort()).toEqual(undisturbed.map(([name]) => name));
    }
    expect(kills).toBeGreaterThan(20);
    expect(await pagesOf()).toEqual(undisturbed);
  });
});

describe('a qpdf that does not end', () => {
  test('is killed after its time limit; retrying may help', async () => {
    const source = await writePdf(join(directory, '1.pdf'), {});
    const { started } = await hangingProgram(directory, 'qpdf');
    const limits = stoppedTimeLimits(); // the thread that reads the PDF first has the same limit
    const failure = split([source], { timeoutSeconds: 600 });
    failure.catch(() => undefined);
    await started();
    await limits.pass(600);
    await expect(failure).rejects.toThrow(ProgramFailed);
    await expect(failure).rejects.not.toThrow(FatalError);
    expect((await readdir(directory)).sort()).not.toContainEqual(expect.stringMatching(/^\.|split/));
  });

  test('is killed at abort, with the reason', async () => {
    const source = await writePdf(join(directory, '1.pdf'), {});
    const { started } = await hangingProgram(directory, 'qpdf');
    const abort = new AbortController();
    const failure = split([source], { signal: abort.signal });
    failure.catch(() => undefined);
    await started();
    abort.abort(new Error('lease lost'));
    await expect(failure).rejects.toThrow('lease lost');
    expect((await readdir(directory)).sort()).toEqual(['1.pdf', 'qpdf', 'started']);
  });
});

describe('a disk that is full', () => {
  /** As the real one does there: it writes what fits, and ends with 0. */
  const cutting = async (...names: string[]) => {
    const real = (await findProgram('qpdf')) ?? '';
    await stub(directory, 'qpdf', `${real} "$@"; code=$?; for cut in ${names.join(' ')}; do [ -f "$cut" ] && truncate -s -9 "$cut"; done; exit $code`); // prettier-ignore
  };

  test('is noticed by pages that are not written to their end; retrying may help', async () => {
    const source = await writePdf(join(directory, '1.pdf'), { lines: ['one'] }, { lines: ['two'] });
    await cutting('page-2.pdf');
    const failure = split([source]);
    await expect(failure).rejects.toThrow(/could not write .*page-2.pdf to its end: is the disk full/);
    await expect(failure).rejects.not.toThrow(FatalError);
    expect((await readdir(directory)).sort()).toEqual(['1.pdf', 'qpdf']);
  });

  test('is noticed by a copy, too', async () => {
    const plain = await writePdf(join(directory, 'plain.pdf'), { lines: ['one'] });
    const locked = join(directory, 'locked.pdf');
    await qpdf('--encrypt', '', 'owner', '256', '--', plain, locked);
    await cutting(`${directory}/.split.wip-*/plain-0.pdf`);
    await expect(split([locked])).rejects.toThrow(/could not write .*plain-0.pdf to its end/);
  });

  test.each(['No space left on device', 'Read-only file system', 'Permission denied', 'Input/output error'])(
    'or sick (%s) is not blamed on the PDF',
    async (trouble) => {
      const source = await writePdf(join(directory, '1.pdf'), {});
      await stub(directory, 'qpdf', `echo "qpdf: open page-1.pdf: ${trouble}" >&2; exit 2`);
      const failure = split([source]);
      await expect(failure).rejects.toThrow(trouble);
      await expect(failure).rejects.not.toThrow(FatalError);
    },
  );
});

test('a PDF that crashes qpdf is refused', async () => {
  const source = await writePdf(join(directory, '1.pdf'), {});
  await stub(directory, 'qpdf', 'kill -SEGV $$');
  await expect(split([source])).rejects.toThrow(/1.pdf: qpdf crashes on it/);
  await expect(split([source])).rejects.toThrow(SourceRefused);
});
