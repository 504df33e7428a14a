/** A sample issue as a publisher uploads it: PDF with text, fonts and pictures (newspapers 5.1, born-digital). */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeIssue, type IssueRequest } from './compose.js';
import { issuePdf, type PrintedPage } from './issue-pdf.js';
import { renderPicture } from './pictures/render.js';

export interface BornDigitalRequest extends IssueRequest {
  /** Made if it is missing. */
  directory: string;
  /** One file with all the pages (default), or one file a page. */
  layout?: 'one-pdf' | 'pdf-per-page';
}

export interface SampleIssue {
  /** Absolute when the directory is, in the order of the pages. */
  files: string[];
  pages: number;
  /** Of each page, in the order of drawing; a word broken at the end of a line counts as two, the first with its hyphen. */
  words: string[][];
}

/**
 * Writes a born-digital issue. The same request gives the same bytes.
 *
 * @example
 * await makeBornDigitalIssue({ directory, title: ALDER_LANDING_BEACON, date: '2024-03-07', pages: 8, seed: 1 });
 */
export async function makeBornDigitalIssue(request: BornDigitalRequest): Promise<SampleIssue> {
  const { directory, date, layout = 'one-pdf' } = request;
  const { faces, pages } = await composeIssue(request);
  const printed: PrintedPage[] = await Promise.all(
    pages.map(async (canvas) => ({ canvas, pictures: await Promise.all(canvas.pictures.map(renderPicture)) })),
  );
  await mkdir(directory, { recursive: true });

  const parts = layout === 'one-pdf' ? [printed] : printed.map((page) => [page]);
  const files: string[] = [];
  for (const [i, part] of parts.entries()) {
    const name = layout === 'one-pdf' ? `${date}.pdf` : `${date}-${String(i + 1).padStart(2, '0')}.pdf`;
    const file = join(directory, name);
    await writeFile(file, await issuePdf(part, faces));
    files.push(file);
  }
  return { files, pages: pages.length, words: pages.map(({ words }) => words.map(({ text }) => text)) };
}
