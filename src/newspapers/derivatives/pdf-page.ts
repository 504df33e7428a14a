/** What a one-page PDF shows: the size of its crop box, turned as its rotation says. */
import { resolve } from 'node:path';
import { ProgramFailed, runProgram } from '../../files/programs.js';
import { SourceRefused } from './source-refused.js';
import type { ProgramLimits } from './program-limits.js';

/** Points (1/72 inch), as a reader sees the page. */
export interface PdfPage {
  width: number;
  height: number;
}

/**
 * Reads the size of the page as poppler sees it. Its own text output is no help here: `pdftotext -bbox-layout` turns
 * the words of a rotated page but not the page's width and height (22.12).
 *
 * @throws {SourceRefused} when it is no PDF, needs a password, or does not hold exactly one page
 */
export async function readPdfPage(pdf: string, limits: ProgramLimits): Promise<PdfPage> {
  const { stdout } = await runProgram('pdfinfo', [resolve(pdf)], limits).catch((error: unknown) => {
    throw asRefusal(pdf, error);
  });
  const value = (key: string) => new RegExp(`^${key}: +(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  const pages = Number(value('Pages'));
  if (pages !== 1)
    throw new SourceRefused(
      pdf,
      `it has ${pages} pages`,
      'a page file holds exactly one: split it or take out the rest',
    );
  const [, width, height] = /^([\d.]+) x ([\d.]+) pts/.exec(value('Page size')) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (!(size.width > 0 && size.height > 0)) throw new SourceRefused(pdf, 'its page has no size', 'make the PDF again');
  const turned = Number(value('Page rot')) % 180 !== 0;
  return turned ? { width: size.height, height: size.width } : size;
}

/** A program that ends by one of these has a fault that the file brings out each time. SIGKILL may have other reasons. */
const CRASHES: readonly (string | null)[] = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP'];

/**
 * What a failure of poppler's tools means to whoever delivered the file. They exit with 1 when they cannot open the
 * document: no retry will open it, nor one that they crash on or want too much memory for. Everything else (a time
 * limit, a full disk) stays what it is.
 */
export function asRefusal(pdf: string, error: unknown): unknown {
  if (!(error instanceof ProgramFailed)) return error;
  const anew = 'save the PDF with another program, or upload a picture of the page as a PDF';
  if (error.outOfMemory) return new SourceRefused(pdf, `${error.program} needs more memory for it than it may have`, anew); // prettier-ignore
  if (error.limitMet !== undefined) return new SourceRefused(pdf, `${error.program} ${error.limitMet} for it`, anew);
  if (CRASHES.includes(error.signal))
    return new SourceRefused(pdf, `${error.program} crashes on it (${error.signal})`, anew);
  if (error.exitCode !== 1 || /couldn't open file|could not write|error writing/i.test(error.stderr)) return error; // not there now, or no room
  if (/incorrect password/i.test(error.stderr))
    return new SourceRefused(pdf, 'it needs a password', 'save it without one');
  return new SourceRefused(
    pdf,
    `it cannot be read as a PDF (${firstLine(error.stderr)})`,
    'replace it by a sound copy',
  );
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
