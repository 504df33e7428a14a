/**
 * Looks an uploaded PDF over before it is split, and makes a copy of it where it cannot be split as it is.
 *
 * | what it holds | what becomes of it |
 * |---|---|
 * | text, fonts, pictures, page boxes, /Rotate, inherited entries, links, comments and stamps | kept as they are |
 * | layers | kept; where some are switched off, each page keeps the list of them |
 * | form fields | drawn into the page with their values; signatures become pictures |
 * | JavaScript, Launch, SubmitForm and other actions, of fields and pages, too | removed, with a warning |
 * | films, sounds, 3D, attachments on a page | removed, with a warning; their picture on the page stays |
 * | attachments, bookmarks, tags and metadata of the whole document | left behind: they belong to no page; the upload is kept |
 * | encryption without a password | removed, with a line in the log |
 * | damage that costs neither pages nor content | repaired, with a warning |
 * | encryption with a password, other damage, XFA forms, portfolios, too large pages | refused, with what to do |
 */
import { basename, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { ProgramFailed } from '../../files/programs.js';
import { inThread } from '../../files/threads.js';
import type { PdfFacts } from '../pdf/pdf-facts.js';
import { readPdf, type PdfReader } from '../pdf/read-pdf.js';
import type { CleaningOrder } from '../pdf/without-active-content.js';
import { assertPageSize } from './largest-page.js';
import { wordsOf } from './pdf-words.js';
import type { ProgramLimits } from './program-limits.js';
import { assertPdf, assertWhole, assertWritten, runQpdf, tellOfDamage } from './sound-pdf.js';
import { SourceRefused } from './source-refused.js';

export interface Preparation {
  /** For copies. */
  scratch: string;
  /** What the pages will be rendered at; undefined: their size does not matter. */
  dpi?: number | undefined;
  log: Pick<Logger, 'info' | 'warn'>;
  limits: ProgramLimits;
}

export interface PreparedPdf {
  /** As it was delivered. */
  source: string;
  /** What is to be split: the source itself, or a copy without what is not wanted. */
  path: string;
  pages: number;
  /** Its pages need the list of layers, or hidden ones would be seen. */
  keepsLayers: boolean;
}

/**
 * @param order of the file in the upload, for the names of copies
 * @throws {SourceRefused} naming the file that cannot be split, and why
 */
export async function preparePdf(source: string, order: number, preparation: Preparation): Promise<PreparedPdf> {
  const { dpi, log } = preparation;
  await assertPdf(source);
  const opened = await open(source, order, preparation);
  const { facts } = opened;
  if (facts.portfolio)
    throw new SourceRefused(source, 'it is a portfolio, a wrapper round other files', 'upload those files themselves');
  if (facts.form === 'dynamic')
    throw new SourceRefused(
      source,
      'it is an XFA form, whose pages only Adobe programs can show',
      'print it to a PDF and upload that',
    );
  if (facts.pages.length === 0) throw new SourceRefused(source, 'it has no pages', 'make the PDF again');
  const [vast] = facts.vast;
  if (vast)
    throw new SourceRefused(
      source,
      `page ${vast.page} has a picture of ${vast.width} x ${vast.height} pixels, packed so (${vast.packing}) that it must be unpacked at once`,
      'save that picture smaller',
    );
  for (const [index, page] of facts.pages.entries())
    if (dpi !== undefined && page) assertPageSize(source, index + 1, page, dpi);
  const file = basename(source);
  if (facts.active.length > 0) log.warn({ file, removed: facts.active }, 'removed what acts by itself from a PDF');
  if (facts.attachments) log.info({ file }, 'files attached to the PDF are not in its pages; the upload keeps them');
  const path = needsCleaning(facts) ? await cleaned(source, opened.path, order, facts, preparation) : opened.path;
  return { source, path, pages: facts.pages.length, keepsLayers: facts.hiddenLayers };
}

const needsCleaning = (facts: PdfFacts): boolean => facts.activePages || facts.form === 'fields' || facts.hiddenLayers;

const PDF_FACTS: PdfReader = { module: new URL('../pdf/pdf-facts.js', import.meta.url), exportName: 'readPdfFacts' };

interface Opened {
  path: string;
  facts: PdfFacts;
}

/** Reads the file as it is, or, if it is not plain, as a copy by qpdf without encryption and repaired. */
async function open(source: string, order: number, { scratch, log, limits }: Preparation): Promise<Opened> {
  const asItIs = await readPdf<PdfFacts>(PDF_FACTS, source, { path: resolve(source), lenient: false }, limits);
  if ('found' in asItIs) {
    assertNothingLost(source, asItIs.found, { repaired: false });
    return { path: resolve(source), facts: asItIs.found };
  }
  if (asItIs.hopeless) throw unreadable(source, asItIs.unclear);
  const path = join(scratch, `plain-${order}.pdf`);
  const said = await copyByQpdf(source, path, limits);
  if (said.warnings !== '') await assertWhole(source, said.warnings);
  const copy = await readPdf<PdfFacts>(PDF_FACTS, source, { path, lenient: true }, limits);
  if (!('found' in copy)) throw unreadable(source, copy.unclear);
  const file = basename(source);
  if (said.encrypted) log.info({ file }, 'the PDF was encrypted without a password; its pages are not');
  const repaired = tellOfDamage(said.warnings);
  assertNothingLost(source, copy.found, { repaired });
  if (repaired) await assertSameWords(source, path, limits);
  if (said.warnings !== '') {
    log.warn({ file, said: said.warnings }, 'qpdf repaired a PDF; look at its pages');
  }
  return { path, facts: copy.found };
}

async function copyByQpdf(source: string, path: string, limits: ProgramLimits) {
  const asking = { ...limits, okExitCodes: [0, 2, 3] }; // 0: it is; 2: it is not, or cannot be read
  const { exitCode } = await runQpdf(source, ['--is-encrypted', resolve(source)], asking);
  const { stderr } = await runQpdf(source, ['--decrypt', resolve(source), path], limits);
  await assertWritten(path);
  return { encrypted: exitCode === 0, warnings: stderr.trim() };
}

/** @throws {SourceRefused} when not all pages and their content are there */
function assertNothingLost(
  source: string,
  { pages, declaredPages, lost, empty }: PdfFacts,
  { repaired }: { repaired: boolean },
): void {
  const remedy = 'make the PDF again, or upload a complete copy';
  if (repaired && declaredPages !== undefined && declaredPages > pages.length)
    throw new SourceRefused(source, `it is damaged: of its ${declaredPages} pages ${pages.length} are left`, remedy);
  const without = repaired ? [...lost, ...empty].sort((a, b) => a - b) : lost;
  if (without.length === 0) return;
  const which = `${without.slice(0, 10).join(', ')}${without.length > 10 ? ' ...' : ''}`;
  throw new SourceRefused(source, `it is damaged: what page ${which} showed is lost`, remedy);
}

/**
 * Poppler repairs by rules of its own: what it reads in the damaged file must be in the repaired one.
 *
 * @throws {SourceRefused}
 */
async function assertSameWords(source: string, repaired: string, limits: ProgramLimits): Promise<void> {
  const words = async (path: string) => (await wordsOf(path, limits)).length;
  const after = await words(repaired);
  const before = await words(source).catch((error: unknown) => {
    if (error instanceof ProgramFailed && error.exitCode !== null) return after; // it cannot read it at all
    throw error;
  });
  if (before > after)
    throw new SourceRefused(
      source,
      `it is damaged: a repair would cost ${before - after} of its ${before} words`,
      'make the PDF again, or upload a complete copy',
    );
}

function unreadable(source: string, reason: string): SourceRefused {
  return new SourceRefused(source, `its pages cannot be told apart: ${reason}`, 'make the PDF again');
}

/** A copy whose fields are drawn and whose pages do not act; its catalog is no more than pages need. */
async function cleaned(
  source: string,
  path: string,
  order: number,
  facts: PdfFacts,
  { scratch, limits }: Preparation,
): Promise<string> {
  const at = (name: string) => join(scratch, `${name}-${order}`);
  const qpdf = (...args: string[]) => runQpdf(source, args, limits);
  let result = path;
  if (facts.form === 'fields') {
    result = at('drawn.pdf');
    await qpdf('--generate-appearances', '--flatten-annotations=screen', path, result);
    await assertWritten(result);
  }
  if (!facts.activePages && !facts.hiddenLayers) return result;
  await qpdf('--json=2', '--json-key=qpdf', '--json-stream-data=none', result, at('objects.json'));
  const cleaning: CleaningOrder = {
    json: at('objects.json'),
    changes: at('changes.json'),
    reduceCatalog: facts.hiddenLayers,
  };
  const thread = new URL('../pdf/without-active-content.js', import.meta.url);
  await inThread<number>(thread, 'writeCleaning', cleaning, limits.signal);
  await qpdf(result, `--update-from-json=${cleaning.changes}`, at('clean.pdf'));
  await assertWritten(at('clean.pdf'));
  return at('clean.pdf');
}
