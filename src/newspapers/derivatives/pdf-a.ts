/** PDF/A-2b of page files, where it can be had honestly (newspapers 6.1, W13). Ghostscript makes it, veraPDF judges it. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { isThere } from '../../files/existing.js';
import { findProgram, ProgramFailed, runProgram } from '../../files/programs.js';
import { quoted } from '../../files/quoted.js';
import { FileTrouble, fileTrouble } from '../../files/trouble.js';
import { wordsOf } from './pdf-words.js';
import type { ProgramLimits } from './program-limits.js';
import { ends } from './sound-pdf.js';

/**
 * What is known of a page file. "unvalidated": it says that it is PDF/A-2b and no validator was there to doubt it;
 * "failed": it was asked for and is a plain PDF. Of files that nobody asked about nothing is kept: "not asked".
 */
export type Conformance = 'unvalidated' | 'validated' | 'failed';

export interface PdfAOrder {
  /** For the profile and half-made files; of the page's file system. */
  scratch: string;
  log: Pick<Logger, 'info' | 'warn'>;
  limits: ProgramLimits;
}

const PROFILE = 'srgb.icc';
/** What Ghostscript says when it cannot write. It may exit with 0 all the same, its file cut short (10.00). */
const NOT_WRITTEN =
  /ioerror \(-12\) on closing|could not open (?:the|temporary) file|no space left|read-only file|quota exceeded|input\/output error/i;
/** Fonts, pictures and boxes as they are, as far as Ghostscript can: nothing sampled down, no picture packed lossily anew. */
const AS_IT_IS = [
  ...['-dAutoRotatePages=/None', '-dDetectDuplicateImages=false', '-dPassThroughJPEGImages=true'],
  ...['Color', 'Gray', 'Mono'].map((kind) => `-dDownsample${kind}Images=false`),
  ...['Color', 'Gray'].flatMap((kind) => [`-dAutoFilter${kind}Images=false`, `-s${kind}ImageFilter=FlateEncode`]),
];
/** A policy of 1 leaves out what PDF/A forbids; by default Ghostscript goes back to plain PDF without a word (W13). */
const PDF_A = ['-dPDFA=2', '-dPDFACompatibilityPolicy=1', '-sColorConversionStrategy=RGB'];
/** Colours without a profile of their own mean sRGB. */
const DEFINITION = `%!
[ /_objdef {profile} /type /stream /OBJ pdfmark
[ {profile} << /N 3 >> /PUT pdfmark
[ {profile} (${PROFILE}) (r) file /PUT pdfmark
[ /_objdef {intent} /type /dict /OBJ pdfmark
[ {intent} << /Type /OutputIntent /S /GTS_PDFA1 /DestOutputProfile {profile}
  /OutputConditionIdentifier (sRGB) /Info (sRGB IEC61966-2.1) >> /PUT pdfmark
[ {Catalog} << /OutputIntents [ {intent} ] >> /PUT pdfmark
`;

/**
 * Turns a page file into PDF/A-2b in its place. It stays the plain PDF that it is when the conversion fails, changes
 * its words, or gives a file that does not say to be PDF/A or that veraPDF, if it is installed, refuses.
 *
 * @returns why it stayed plain; undefined when it is PDF/A now
 * @throws {FileTrouble} when what Ghostscript makes could not be written: that says nothing of the page, and retrying
 *   helps once there is room
 * @throws {ProgramMissing} when Ghostscript is not installed
 */
export async function makePdfA(page: string, { scratch, log, limits }: PdfAOrder): Promise<string | undefined> {
  await place(join(scratch, PROFILE), await sRgbProfile());
  await place(join(scratch, 'pdf-a.ps'), DEFINITION);
  const made = join(scratch, 'pdf-a.pdf');
  const quietly = ['-dBATCH', '-dNOPAUSE', '-dQUIET', '-dSAFER', `--permit-file-read=${PROFILE}`];
  const args = [
    ...quietly,
    '-sDEVICE=pdfwrite',
    ...PDF_A,
    ...AS_IT_IS,
    `-sOutputFile=pdf-a.pdf`,
    'pdf-a.ps',
    resolve(page),
  ];
  const why = await reasonToStay(async () => {
    await convert(page, args, { scratch, made, limits });
    const [before, after] = [await wordsOf(page, limits), await wordsOf(made, limits)];
    if (before.length !== after.length) return `its words would become ${after.length} instead of ${before.length}`;
    const other = before.findIndex((word, index) => word !== after[index]);
    if (other >= 0) return `the word ${JSON.stringify(before[other])} would become ${JSON.stringify(after[other])}`;
    if (!(await saysPdfA(made))) return 'Ghostscript went back to plain PDF';
    return (await validation(made, limits)) === 'failed' ? 'veraPDF refuses what Ghostscript made' : undefined;
  });
  if (why !== undefined) log.warn({ page: basename(page), why }, 'the page stays a plain PDF');
  else await rename(made, page);
  return why;
}

/**
 * What a page file that PDF/A was asked for is, judged by the file alone.
 *
 * @throws {ProgramFailed} when veraPDF does not end as it should
 */
export async function conformanceOf(page: string, limits: ProgramLimits): Promise<Conformance> {
  return (await saysPdfA(page)) ? validation(page, limits) : 'failed';
}

async function place(path: string, content: string | Buffer): Promise<void> {
  await writeFile(path, content).catch((error: unknown) => {
    throw fileTrouble(`${quoted(path)} could not be written`, error as Error);
  });
}

/** Runs Ghostscript, and tells apart what it could not do and what it could not write. */
async function convert(
  page: string,
  args: readonly string[],
  { scratch, made, limits }: Pick<PdfAOrder, 'scratch' | 'limits'> & { made: string },
): Promise<void> {
  const env = { TMPDIR: resolve(scratch) }; // a full /tmp is none of our business, and what a killed run left goes too
  const ended = await runProgram('gs', args, { ...limits, cwd: scratch, env }).catch((error: unknown) => {
    if (error instanceof ProgramFailed && !error.outOfMemory) return error;
    throw error;
  });
  if (NOT_WRITTEN.test(ended.stderr) || (!(ended instanceof ProgramFailed) && !(await endsAsPdf(made))))
    throw new FileTrouble(
      `${basename(page)} could not be turned into PDF/A: Ghostscript cannot write to ${quoted(scratch)}; ` +
        `look at the disk; the job will try again`,
      ended instanceof ProgramFailed ? { cause: ended } : {},
    );
  if (ended instanceof ProgramFailed) throw ended;
}

async function endsAsPdf(path: string): Promise<boolean> {
  return (await isThere(path)) && (await ends(path)).tail.includes('%%EOF');
}

async function reasonToStay(verdict: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await verdict();
  } catch (error) {
    if (error instanceof ProgramFailed) return error.message.split('\n', 1)[0];
    throw error;
  }
}

/** The marker is in the metadata, which PDF/A keeps unpacked: part 2, conformance B (ISO 19005-2, 6.6.4). */
async function saysPdfA(pdf: string): Promise<boolean> {
  const text = (await readFile(pdf)).toString('latin1');
  const says = (key: string, value: string) => new RegExp(`pdfaid:${key}\\s*(?:=\\s*['"]|>\\s*)${value}\\b`).test(text);
  return says('part', '2') && says('conformance', 'B');
}

/** veraPDF exits with 0 when the file conforms and with 1 when it does not. */
async function validation(pdf: string, limits: ProgramLimits): Promise<Conformance> {
  if ((await findProgram('verapdf')) === undefined) return 'unvalidated';
  const args = ['--flavour', '2b', '--format', 'text', resolve(pdf)];
  const { exitCode, stdout } = await runProgram('verapdf', args, { ...limits, okExitCodes: [0, 1] });
  return exitCode === 0 && /^PASS\b/m.test(stdout) ? 'validated' : 'failed';
}

/** The profile that libvips brings: free of rights, half a kilobyte. */
async function sRgbProfile(): Promise<Buffer> {
  const { default: sharp } = await import('sharp'); // lazily: it loads a library of 20 MB
  const dot = sharp({ create: { width: 1, height: 1, channels: 3, background: '#ffffff' } });
  const { icc } = await sharp(await dot.withIccProfile('srgb').png().toBuffer()).metadata();
  if (!icc) throw new Error('sharp gave no sRGB profile; install sharp again');
  return icc;
}
