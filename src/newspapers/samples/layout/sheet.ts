/** One page in the making: what every block that is set on it needs. */
import type { Random } from '../random.js';
import type { SampleTitle } from '../sample-titles.js';
import type { Newsroom } from '../text/newsroom.js';
import type { PictureKind } from '../text/topic.js';
import type { Ink, PageCanvas, Rectangle } from './canvas.js';
import type { Area, Grid } from './grid.js';
import type { PaperStyle } from './style.js';

export interface Sheet {
  canvas: PageCanvas;
  grid: Grid;
  style: PaperStyle;
  newsroom: Newsroom;
  random: Random;
  title: SampleTitle;
  /** YYYY-MM-DD. */
  date: string;
  /** From 1. */
  number: number;
  /** Pages of the issue. */
  of: number;
  colour: boolean;
}

/** The paper's own colour on a colour page, else this grey. */
export function accent(sheet: Sheet, grey = 0): Ink {
  return sheet.colour ? [0.07, 0.27, 0.42] : grey;
}

/** A picture, in the manner of the paper. */
export function placePicture(sheet: Sheet, kind: PictureKind, at: Rectangle): void {
  const { canvas, style, random } = sheet;
  const treatment = style.era === 'now' ? 'photo' : random.pick(['halftone', 'engraving'] as const);
  const seed = `${sheet.title.lccn}/${sheet.date}/${sheet.number}/${canvas.pictures.length}/${random.int(0, 1e9)}`;
  canvas.picture({ kind, width: at.width, height: at.height, treatment, colour: sheet.colour, seed }, at);
  canvas.frame(at, style.era === 'now' ? 0.25 : 0.6);
}

/** The rules that part an area from what lies to its right and, unless it has a frame, below; its last line is kept free for that. */
export function ruleOff(sheet: Sheet, area: Area, framed = false): void {
  const { canvas, grid, style } = sheet;
  const bottom = area.line + area.lines;
  if (area.column + area.columns < grid.columns) {
    const x = grid.x(area.column + area.columns) - grid.gutter / 2;
    canvas.rule(
      x,
      grid.y(area.line) + 2,
      x,
      grid.y(bottom) - (bottom < grid.lines ? grid.leading * 0.6 : 0),
      style.columnRule,
    );
  }
  if (bottom < grid.lines && !framed) {
    const y = grid.y(bottom) - grid.leading * 0.45;
    canvas.rule(grid.x(area.column), y, grid.x(area.column) + grid.width(area.columns), y, style.columnRule * 1.6);
  }
}
