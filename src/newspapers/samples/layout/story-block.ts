/** A story over one or several columns: headline, deck, byline, a picture with its caption, and the text in even columns. */
import { balancedLines, breakLines, type Line, type ParagraphStyle } from '../typeset/lines.js';
import type { Story } from '../text/story.js';
import { fitCopy } from './copy-fit.js';
import type { Area } from './grid.js';
import { accent, placePicture, ruleOff, type Sheet } from './sheet.js';

/** At most, with the credit. */
const LINES_OF_A_CAPTION = 4;
/** Where there is room for less, a story goes without its picture. */
const LEAST_LINES_OF_A_PICTURE = 9;

export interface StoryBlock {
  story: Story;
  /** Points; smaller where the headline does not fit in `headlineLines`. */
  headlineSize: number;
  headlineLines: number;
  deck: boolean;
  byline: boolean;
  /** Columns and lines of the picture, caption not counted. It stands at the right; over all columns, above the text. */
  picture?: { columns: number; lines: number };
  /** A word in capitals over the headline. */
  kicker?: string;
}

/** Sets the story so that it fills its area. */
export function setStory(sheet: Sheet, area: Area, block: StoryBlock): void {
  const { grid, canvas, style } = sheet;
  ruleOff(sheet, area);
  const end = area.line + area.lines - (area.line + area.lines < grid.lines ? 1 : 0);
  let line = setHead(sheet, area, block);

  const taken = new Array<number>(area.columns).fill(line);
  const pictureLines = Math.min(block.picture?.lines ?? 0, end - line - LINES_OF_A_CAPTION);
  if (block.picture !== undefined && pictureLines >= LEAST_LINES_OF_A_PICTURE) {
    const columns = Math.min(block.picture.columns, area.columns);
    const first = area.columns - columns;
    const under = setPicture(sheet, { column: area.column + first, columns, line, lines: pictureLines }, block.story);
    for (let i = first; i < area.columns; i++) taken[i] = under;
    if (first === 0) line = under;
  }
  if (block.byline && style.era === 'now') taken[0] = setByline(sheet, area.column, taken[0] ?? line);

  const room = taken.map((start) => Math.max(0, end - start));
  const paragraph: ParagraphStyle = { ...style.body, measure: grid.columnWidth, indent: style.body.size };
  const copy = fitCopy(block.story, room, {
    paragraph,
    crosshead: {
      face: style.bold,
      size: style.body.size,
      measure: grid.columnWidth,
      indent: 0,
      align: style.era === 'now' ? 'left' : 'center',
    },
    most: style.era === 'now' ? 3 : 5,
  });

  let at = 0;
  for (let i = 0; i < area.columns; i++) {
    const x = grid.x(area.column + i);
    const start = taken[i] ?? line;
    if (i > 0 && style.era === 'then')
      canvas.rule(x - grid.gutter / 2, grid.y(start), x - grid.gutter / 2, grid.y(end), style.columnRule);
    for (let row = 0; row < (room[i] ?? 0) && at < copy.length; row++, at++) {
      const set = copy[at];
      if (set === undefined && row === 0) {
        row--; // no empty line at the head of a column
        continue;
      }
      if (set !== undefined) canvas.line(set, x, baseline(sheet, start + row));
    }
  }
}

/** Baseline of the body's line: where the letters stand in the grid's line. */
export function baseline(sheet: Sheet, line: number): number {
  return sheet.grid.y(line) + sheet.grid.leading * 0.76;
}

/** Kicker, headline and deck; returns the first free line. */
function setHead(sheet: Sheet, area: Area, block: StoryBlock): number {
  const { grid, canvas, style } = sheet;
  const x = grid.x(area.column);
  const measure = grid.width(area.columns);
  const then = style.era === 'then';
  let y = grid.y(area.line) + (area.line === 0 ? 0 : grid.leading * 0.35);

  if (block.kicker !== undefined) {
    canvas.text(
      block.kicker,
      { face: style.label, size: 7.5 },
      then ? x + measure / 2 : x,
      y + 7,
      then ? 'center' : 'left',
      accent(sheet, 0.25),
    );
    y += 10;
  }
  const head = headline(sheet, block, measure);
  for (const set of head) {
    y += set.size * (then ? 1.08 : 1.02);
    canvas.line(set, x, y - set.size * 0.18);
  }
  if (block.deck) {
    const size = Math.max(9, Math.min(15, (head[0]?.size ?? 20) * (then ? 0.42 : 0.48)));
    if (then) {
      canvas.rule(x + measure / 2 - 18, y + 3.5, x + measure / 2 + 18, y + 3.5, 0.5);
      y += 6;
    }
    const face = then ? style.bold : style.italic;
    const deck = balancedLines(block.story.deck, {
      face,
      size,
      measure: Math.min(measure, 420),
      indent: 0,
      align: then ? 'center' : 'left',
    });
    const shift = then ? (measure - Math.min(measure, 420)) / 2 : 0;
    for (const set of deck) {
      y += size * 1.2;
      canvas.line(set, x + shift, y - size * 0.25);
    }
  }
  return Math.ceil((y + grid.leading * 0.4 - grid.top) / grid.leading);
}

/** The headline in the largest size, down from the wished one, that takes no more than its lines. */
function headline(sheet: Sheet, block: StoryBlock, measure: number): Line[] {
  const { style } = sheet;
  const then = style.era === 'then';
  const text = then && block.headlineSize > 11 ? block.story.headline.toUpperCase() : block.story.headline;
  for (let size = block.headlineSize; ; size *= 0.94) {
    const lines = balancedLines(text, { face: style.head, size, measure, indent: 0, align: then ? 'center' : 'left' });
    const fits =
      lines.length <= block.headlineLines && lines.every((line) => line.face.width(line.text, size) <= measure);
    if (fits || size < 8) return lines;
  }
}

function setByline(sheet: Sheet, column: number, line: number): number {
  const { grid, canvas, style, newsroom, title } = sheet;
  const x = grid.x(column);
  const name = `By ${newsroom.byline()}`;
  canvas.text(name, { face: style.strongHead, size: 7.4 }, x, baseline(sheet, line));
  canvas.text(
    `For the ${title.name.split(' ').at(-1) ?? title.name}`,
    { face: style.label, size: 6.8 },
    x,
    baseline(sheet, line + 1),
    'left',
    0.2,
  );
  canvas.rule(x, grid.y(line + 2) + 1.5, x + 26, grid.y(line + 2) + 1.5, 0.7, accent(sheet, 0.3));
  return line + 3;
}

/** The picture and the caption under it; returns the first free line. */
function setPicture(sheet: Sheet, area: Area, story: Story): number {
  const { grid, canvas, style } = sheet;
  const box = grid.rectangle(area);
  const { picture, text } = story.caption(area.columns === 1);
  const top = box.y + 2;
  const portrait = picture === 'portrait' && box.width > box.height * 0.95;
  const width = portrait ? box.height * 0.78 : box.width;
  const x = box.x + (box.width - width) / 2;
  if (portrait) canvas.panel({ ...box, y: top, height: box.height - 2 }, style.era === 'now' ? 0.93 : 1);
  placePicture(sheet, picture, { x, y: top, width, height: box.height - 2 });

  const then = style.era === 'then';
  const caption: ParagraphStyle = {
    face: then ? style.italic : style.label,
    size: then ? 8 : 7.1,
    measure: box.width,
    indent: 0,
    align: then ? 'center' : 'left',
  };
  const lines = breakLines(text, caption);
  let y = box.y + box.height;
  for (const line of lines) {
    y += caption.size * 1.22;
    canvas.line(line, box.x, y, then ? 0 : 0.12);
  }
  if (!then) {
    canvas.text('Beacon photo', { face: style.label, size: 5.6 }, box.x + box.width, y + 6.6, 'right', 0.35);
    y += 6.6;
  }
  return Math.ceil((y + grid.leading * 0.55 - grid.top) / grid.leading);
}
