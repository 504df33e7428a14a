/** JP2 and ALTO of all pages of an issue (newspapers 3.2.16, 6). */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Progress } from '../../coordination/progress.js';
import { FatalError } from '../../engine/job.js';
import { explained } from '../../files/trouble.js';
import { makeAlto, type AltoMade } from './alto.js';
import { makeJp2, type Jp2Made } from './jp2.js';
import { collectPages, type PageFiles } from './pages.js';

export interface DerivativesOrder {
  /** The directory: `NNNN.pdf` for each page, for scans `NNNN.tif` too. The derivatives come beside them. */
  directory: string;
  /** A scan's JP2 is made from its TIFF, anything else's from its PDF. */
  kind: 'borndigital' | 'scan';
  /** PDF pages are rendered at this resolution (the setting DPI). */
  dpi: number;
  /** The setting QUALITY. */
  quality: number;
  /** Of the text, ISO 639-2. */
  language: string;
  /** Runs work within the queue's width (`JobContext.share`). */
  share: <T>(work: () => Promise<T>) => Promise<T>;
  progress: Progress;
  log: Pick<Logger, 'info' | 'warn'>;
  signal?: AbortSignal;
  /** For each outside program. */
  timeoutSeconds?: number;
}

export interface PageDerivatives {
  /** Its place in the issue, from 1. */
  page: number;
  /** Of its files, without extension: "0001". */
  name: string;
  jp2: Jp2Made;
  alto: AltoMade;
}

/** Some pages have no derivatives yet, for reasons that may pass. The others have. */
export class PagesFailed extends AggregateError {
  override name = 'PagesFailed';
}

/** Some pages cannot have derivatives until somebody mends their files. The others have. */
export class PagesRefused extends FatalError {
  override name = 'PagesRefused';
}

/**
 * Makes what is missing of an issue's JP2 and ALTO files, pages side by side. What is there and verifies is not made
 * again. A page that fails does not stop the others; all failures are told in the end, in one error.
 *
 * @returns what there is for each page, in their order
 * @throws {FatalError} when the files in the directory do not match each other
 * @throws {PagesRefused} when some page's source cannot be used
 * @throws {PagesFailed} when retrying may help all pages that failed
 */
export async function makeDerivatives(order: DerivativesOrder): Promise<PageDerivatives[]> {
  const { directory, kind, share, progress, log, signal } = order;
  const pages = await collectPages(directory, kind);
  let done = 0;
  progress.report(done, pages.length, 'pages');
  const outcomes = await Promise.allSettled(
    pages.map((page) =>
      share(async () => {
        signal?.throwIfAborted();
        const made = await makePage(page, order);
        progress.report(++done, pages.length, 'pages');
        return made;
      }),
    ),
  );
  signal?.throwIfAborted();
  throwFailures(pages, outcomes);
  const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
  const count = { jp2: made.filter(({ jp2 }) => jp2.built).length, alto: made.filter(({ alto }) => alto.built).length };
  log.info({ pages: pages.length, built: count }, 'derivatives are complete');
  return made;
}

async function makePage(page: PageFiles, order: DerivativesOrder): Promise<PageDerivatives> {
  const { dpi, quality, language, log, signal, timeoutSeconds } = order;
  const limits = { ...(signal && { signal }), ...(timeoutSeconds !== undefined && { timeoutSeconds }) };
  const at = (extension: string) => join(order.directory, `${page.name}.${extension}`);
  await forgetOlder(at('jp2'), page.image);
  await forgetOlder(at('xml'), page.pdf);
  const jp2 = await makeJp2({ source: page.image, target: at('jp2'), dpi, quality, ...limits });
  const image = { name: `${page.name}.jp2`, width: jp2.width, height: jp2.height };
  const text = { pdf: page.pdf, target: at('xml'), pageNumber: page.number };
  const alto = await makeAlto({ ...text, dpi, language, image, log, ...limits });
  return { page: page.number, name: page.name, jp2, alto };
}

/** A page that was replaced after its derivative was made must not keep the picture or the words of another. */
async function forgetOlder(derivative: string, source: string): Promise<void> {
  const [made, from] = await Promise.all([stat(derivative).catch(ignoreMissing), stat(source).catch(ignoreMissing)]);
  if (made && from && Math.max(from.mtimeMs, from.ctimeMs) > made.mtimeMs) await rm(derivative);
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function throwFailures(pages: readonly PageFiles[], outcomes: readonly PromiseSettledResult<unknown>[]): void {
  const errors = outcomes.flatMap((outcome, index): { name: string; error: unknown }[] =>
    outcome.status === 'rejected' ? [{ name: pages[index]?.name ?? '', error: explained(outcome.reason) }] : [],
  );
  if (errors.length === 0) return;
  const told = errors.map(
    ({ name, error }) => `page ${name}: ${error instanceof Error ? error.message : String(error)}`,
  );
  const message = `${errors.length} of ${pages.length} pages failed:\n${told.join('\n')}`;
  if (errors.some(({ error }) => error instanceof FatalError)) throw new PagesRefused(message);
  const causes = errors.map(({ error }) => error);
  throw new PagesFailed(causes, message);
}
