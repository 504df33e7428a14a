/** Lays out a whole issue: pages as drawn, with every word and its place, before any file is written. */
import { loadFaces, type Faces } from './fonts/faces.js';
import { setBroadsheetPage } from './layout/broadsheet-pages.js';
import { PageCanvas } from './layout/canvas.js';
import { Grid } from './layout/grid.js';
import { broadsheet, tabloid } from './layout/style.js';
import { setTabloidPage } from './layout/tabloid-pages.js';
import { seededRandom } from './random.js';
import type { SampleTitle } from './sample-titles.js';
import { Newsroom } from './text/newsroom.js';

export interface IssueRequest {
  title: SampleTitle;
  /** YYYY-MM-DD. */
  date: string;
  pages: number;
  seed: string | number;
}

export interface ComposedIssue {
  faces: Faces;
  pages: PageCanvas[];
}

/** The same pages for the same request. A paper of our days has its first, middle and last pages in colour. */
export async function composeIssue({ title, date, pages, seed }: IssueRequest): Promise<ComposedIssue> {
  const faces = await loadFaces();
  const random = seededRandom(`${seed}/${title.lccn}/${date}`);
  const newsroom = new Newsroom(random.fork('newsroom'), title.gazetteer);
  const now = title.gazetteer.era === 'now';
  const style = now ? tabloid(faces) : broadsheet(faces);
  const grid = new Grid(style);

  const canvases = Array.from({ length: pages }, (_, i) => {
    const number = i + 1;
    const canvas = new PageCanvas(style.page.width, style.page.height);
    const colour = now && [1, pages, Math.floor(pages / 2)].includes(number);
    const sheet = {
      canvas,
      grid,
      style,
      newsroom,
      random: random.fork(`page ${number}`),
      title,
      date,
      number,
      of: pages,
      colour,
    };
    if (now) setTabloidPage(sheet);
    else setBroadsheetPage(sheet);
    return canvas;
  });
  return { faces, pages: canvases };
}
