/** Finds the pages of an issue in its directory, and refuses what does not fit together. */
import { join } from 'node:path';
import { FatalError } from '../../engine/job.js';
import { readDirectory } from '../../files/read-directory.js';

export interface PageFiles {
  /** Its place in the issue, from 1. */
  number: number;
  /** "0001" */
  name: string;
  pdf: string;
  /** What the JP2 is made from: a scan's TIFF, else the PDF. */
  image: string;
}

/** What a page's own files are named. */
export const PAGE_FILE = /^(\d{4})\.(pdf|tif|jp2|xml)$/;
/** The issue's METS, and the uploads kept with it. */
const ISSUE_FILE = /^(?:\d{10}\.xml|[a-z]+\.tar)$/;

/**
 * Lists the pages in order. Names are those that renumbering gives (newspapers 5.3); files whose names begin with a
 * dot are nobody's pages.
 *
 * @throws {FatalError} when there is no page, a TIFF without its PDF or the reverse, a derivative without its page, or
 * anything that does not belong into an issue's directory
 */
export async function collectPages(directory: string, kind: 'borndigital' | 'scan'): Promise<PageFiles[]> {
  const refuse = (what: string) => new FatalError(`${directory}: ${what}`);
  const names = { pdf: new Set<string>(), tif: new Set<string>(), jp2: new Set<string>(), xml: new Set<string>() };
  for (const entry of await readDirectory(directory)) {
    if (entry.name.startsWith('.') || (entry.kind === 'file' && ISSUE_FILE.test(entry.name))) continue;
    const [, page, extension] = PAGE_FILE.exec(entry.name) ?? [];
    if (entry.kind !== 'file' || page === undefined || extension === undefined)
      throw refuse(
        `${entry.name} (${entry.kind}) is no page file like 0001.pdf or 0001.tif; remove it or give it its name`,
      );
    names[extension as keyof typeof names].add(page); // one of the pattern's four
  }
  const { pdf: pdfs, tif: scans, jp2, xml } = names;
  const needed = kind === 'scan' ? scans : pdfs;
  if (pdfs.size === 0) throw refuse('there is no page PDF (0001.pdf and so on) in it; put the pages back');
  if (needed.size === 0) throw refuse('there is no page TIFF (0001.tif and so on) in it; put the scans back');
  const lone = missingFrom(pdfs, needed)[0] ?? missingFrom(needed, pdfs)[0];
  if (lone !== undefined)
    throw refuse(`page ${lone} has a ${pdfs.has(lone) ? 'PDF but no TIFF' : 'TIFF but no PDF'}; each page needs both`);
  const stray = missingFrom(jp2, pdfs)[0] ?? missingFrom(xml, pdfs)[0];
  if (stray !== undefined)
    throw refuse(`there is a derivative ${stray} (.jp2 or .xml) but no page ${stray}; remove it, or put the page back`);

  const sorted = [...pdfs].sort(); // four digits each
  return sorted.map((name, index) => {
    const pdf = join(directory, `${name}.pdf`);
    return { number: index + 1, name, pdf, image: kind === 'scan' ? join(directory, `${name}.tif`) : pdf };
  });
}

function missingFrom(these: ReadonlySet<string>, those: ReadonlySet<string>): string[] {
  return [...these].filter((name) => !those.has(name));
}
