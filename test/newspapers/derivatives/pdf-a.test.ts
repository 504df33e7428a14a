import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { findProgram, ProgramMissing, runProgram } from '../../../src/files/programs.js';
import { FileTrouble } from '../../../src/files/trouble.js';
import { conformanceOf, makePdfA } from '../../../src/newspapers/derivatives/pdf-a.js';
import { splitPdfs } from '../../../src/newspapers/derivatives/split.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { writePdf } from './documents.js';
import { stub } from './stub-program.js';

const ghostscript = await findProgram('gs');
if (ghostscript === undefined) console.warn('Ghostscript is not installed: real conversions to PDF/A are not tested');
const validator = await findProgram('verapdf');
const limits = { timeoutSeconds: 60 };

let directory: string;
let page: string;
let scratch: string;
let why: string[];
const log = { info: () => undefined, warn: (fields: { why: string }) => void why.push(fields.why) } as never;

beforeEach(async () => {
  directory = await temporaryDirectory();
  scratch = join(directory, 'scratch');
  await mkdir(scratch);
  page = await writePdf(join(directory, 'seq-0001.pdf'), { lines: ['All the news', 'of today'] });
  why = [];
});
const make = () => makePdfA(page, { scratch, log, limits });
const sha = (path: string) => readFile(path, 'base64');
/** A Ghostscript that gives this file. */
const giving = (file: string) => stub(directory, 'gs', `cp '${file}' pdf-a.pdf`);
/** Says to be PDF/A-2b, and shows these lines. */
async function marked(lines: string[]): Promise<string> {
  const path = await writePdf(join(directory, 'marked.pdf'), { lines });
  const metadata = '<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>';
  await writeFile(path, Buffer.concat([await readFile(path), Buffer.from(`\n% ${metadata}\n`)]));
  return path;
}

describe.skipIf(ghostscript === undefined)('Ghostscript, as it really is (W13)', { timeout: 60_000 }, () => {
  test('makes PDF/A-2b of a page, with an output intent, and its words stay', async () => {
    // Ghostscript splits and joins words of standard fonts that are not embedded: words stay where they stand alone
    page = await writePdf(page, { lines: ['News'] });
    const reason = await make();
    expect(reason).toBeUndefined();
    const made = await readFile(page, 'latin1');
    expect(made).toMatch(/pdfaid:part/);
    expect(made).toContain('/GTS_PDFA1');
    expect((await runProgram('pdftotext', [page, '-'], limits)).stdout.trim()).toBe('News');
    expect(await conformanceOf(page, limits)).toBe(validator ? 'validated' : 'unvalidated');
    expect(await readdir(directory)).toEqual(['scratch', 'seq-0001.pdf']);
  });

  test('pages are split into PDF/A when that is asked for, and only then', async () => {
    const source = await writePdf(join(directory, 'issue.pdf'), { lines: ['One'] }, { lines: ['Two'] });
    const split = async (name: string, pdfA: boolean) => {
      const outputDirectory = join(directory, name);
      await splitPdfs({ sources: [source], outputDirectory, minimumPages: 1, pdfA, log });
      return Promise.all([1, 2].map((n) => conformanceOf(join(outputDirectory, `seq-000${n}.pdf`), limits)));
    };
    expect(await split('plain', false)).toEqual(['failed', 'failed']); // nothing says PDF/A that is not asked to
    expect(await split('pdfa', true)).not.toContain('failed');
    expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('a page stays the plain PDF it is (W13)', () => {
  const stays = async (reason: RegExp) => {
    const before = await sha(page);
    expect(await make()).toMatch(reason);
    expect(await sha(page)).toBe(before);
    expect(await conformanceOf(page, limits)).toBe('failed');
    expect(why).toEqual([expect.stringMatching(reason)]);
  };

  test('when Ghostscript goes back to plain PDF and ends well', async () => {
    await copyFile(page, join(directory, 'plain.pdf'));
    await giving(join(directory, 'plain.pdf'));
    await stays(/went back to plain PDF/);
  });

  test('when words would be lost, or become others', async () => {
    await giving(await marked(['All the news', 'of']));
    await stays(/its words would become 4 instead of 5/);
    why = [];
    await giving(await marked(['All the news', 'of toda¥']));
    await stays(/the word "today" would become "toda¥"/);
  });

  test('when Ghostscript fails', async () => {
    await stub(directory, 'gs', 'echo "Unrecoverable error" >&2; exit 1');
    await stays(/gs .*exited with code 1.*Unrecoverable error/);
  });

  test('when veraPDF refuses what was made', async () => {
    await giving(await marked(['All the news', 'of today']));
    await stub(directory, 'verapdf', 'echo "FAIL $5 2b"; exit 1');
    await stays(/veraPDF refuses/);
  });
});

describe('what Ghostscript could not write says nothing of the page: the job tries again', () => {
  const trouble = async () => {
    const before = await sha(page);
    const failure = await make().catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(FileTrouble);
    expect((failure as Error).message).toMatch(
      /^seq-0001\.pdf could not be turned into PDF\/A: Ghostscript cannot write to .*\/scratch; look at the disk; the job will try again$/,
    );
    expect(await sha(page)).toBe(before);
    expect(why).toEqual([]);
  };

  test.each([
    'GPL Ghostscript 10.00.0: ERROR: ioerror (-12) on closing pdfwrite device.',
    'GPL Ghostscript 10.00.0: **** Could not open temporary file ./gs_XXXXXX',
    'GPL Ghostscript 10.00.0: **** Could not open the file pdf-a.pdf .',
  ])('when it says "%s", whatever its exit code', async (said) => {
    for (const code of [0, 1]) {
      await stub(directory, 'gs', `cp '${await marked(['All the news', 'of today'])}' pdf-a.pdf; echo '${said}' >&2; exit ${code}`); // prettier-ignore
      await trouble();
    }
  });

  test('when its file has no end, though every word is in it, or is not there', async () => {
    const whole = await readFile(await marked(['All the news', 'of today']), 'latin1');
    await writeFile(join(directory, 'cut.pdf'), whole.replace('%%EOF', ''), 'latin1');
    await giving(join(directory, 'cut.pdf'));
    await trouble();
    await stub(directory, 'gs', 'rm -f pdf-a.pdf');
    await trouble();
  });
});

describe('what is said of a page', () => {
  test('is "validated" only when veraPDF says so', async () => {
    await giving(await marked(['All the news', 'of today']));
    await stub(directory, 'verapdf', 'echo "PASS $5 2b"');
    expect(await make()).toBeUndefined();
    expect(await conformanceOf(page, limits)).toBe('validated');
    await stub(directory, 'verapdf', 'echo "FAIL $5 2b"; exit 1');
    expect(await conformanceOf(page, limits)).toBe('failed');
  });

  test.skipIf(validator !== undefined)('is "unvalidated" where nobody can validate', async () => {
    expect(await conformanceOf(await marked(['x']), limits)).toBe('unvalidated');
  });
});

test('without Ghostscript the message says what to install', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = scratch;
  await expect(make()).rejects.toThrow(ProgramMissing);
  process.env['PATH'] = path;
});
