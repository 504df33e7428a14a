/** Items for columns that flow: short stories under small heads, local items, letters, classified advertisements. */
import type { ParagraphStyle } from '../typeset/lines.js';
import { balancedLines, breakLines } from '../typeset/lines.js';
import { fillColumns, gapSlug, paragraphSlugs, type Slug } from './flow.js';
import type { Area } from './grid.js';
import { accent, type Sheet } from './sheet.js';

/** Fills these columns, rules between them, with what `next` gives. */
export function setFlow(sheet: Sheet, areas: readonly Area[], next: () => Slug[]): void {
  const { canvas, grid, style } = sheet;
  const boxes = areas.map((area) => {
    const foot = area.line + area.lines;
    const x = grid.x(area.column + 1) - grid.gutter / 2;
    const bottom = grid.y(foot) - (foot < grid.lines ? grid.leading * 0.8 : 0);
    if (area.column < grid.columns - 1) canvas.rule(x, grid.y(area.line) + 1, x, bottom, style.columnRule);
    const cutOff = grid.y(foot) - grid.leading * 0.3;
    if (foot < grid.lines)
      canvas.rule(grid.x(area.column), cutOff, grid.x(area.column) + grid.columnWidth, cutOff, style.columnRule);
    return { x: grid.x(area.column), top: grid.y(area.line) + (area.line > 0 ? 3 : 0), bottom };
  });
  fillColumns(canvas, boxes, next);
}

/** A heading over what follows, between rules. */
export function headingSlugs(sheet: Sheet, text: string, size: number): Slug[] {
  const { style, grid } = sheet;
  const lines = balancedLines(text, {
    face: style.strongHead,
    size,
    measure: grid.columnWidth - 4,
    indent: 0,
    align: 'center',
  });
  const height = lines.length * size * 1.15 + 9;
  return [
    {
      height,
      keepWithNext: true,
      draw: (canvas, x, y) => {
        canvas.rule(x, y + 2, x + grid.columnWidth, y + 2, 1, accent(sheet));
        lines.forEach((line, i) => canvas.line(line, x + 2, y + 3 + (i + 0.86) * size * 1.15, accent(sheet)));
        canvas.rule(x, y + height - 3, x + grid.columnWidth, y + height - 3, 0.4, accent(sheet));
      },
    },
  ];
}

/** A story of one column under a small head in steps, as old papers had them. */
export function smallStory(sheet: Sheet): Slug[] {
  const { style, newsroom, random, grid } = sheet;
  const story = newsroom.story();
  const large = random.chance(0.4);
  const measure = grid.columnWidth;
  const step = (text: string, size: number): Slug[] =>
    balancedLines(text, { face: style.head, size, measure, indent: 0, align: 'center' }).map((line) => ({
      height: size * 1.16,
      keepWithNext: true,
      draw: (canvas, x, y) => canvas.line(line, x, y + size * 0.9),
    }));
  const dash: Slug = {
    height: 7,
    keepWithNext: true,
    draw: (canvas, x, y) => canvas.rule(x + measure / 2 - 14, y + 3.2, x + measure / 2 + 14, y + 3.2, 0.5),
  };
  const slugs: Slug[] = [
    { height: 2, keepWithNext: true },
    ...step(story.headline.toUpperCase(), large ? 13.5 : 10.4),
    dash,
  ];
  if (large || random.chance(0.5)) slugs.push(...step(story.deck, 9), dash);
  const body: ParagraphStyle = { ...style.body, measure, indent: style.body.size };
  // about half of what there is to say, so that the next story on the matter can say the other half
  for (let sentences = large ? random.int(6, 8) : random.int(3, 6); sentences > 0;) {
    const passage = story.passage(Math.min(4, sentences));
    if (passage.kind === 'crosshead') break;
    slugs.push(...paragraphSlugs(passage.sentences.join(' '), body, grid.leading));
    sentences -= passage.sentences.length;
  }
  slugs.push(gapSlug(9, { measure, length: 52, weight: 0.5 }));
  return slugs;
}

/** A paragraph of local news, or a saying. */
export function localItem(sheet: Sheet): Slug[] {
  const { style, newsroom, random, grid } = sheet;
  const then = style.era === 'then';
  const text = random.chance(0.08) ? newsroom.proverb() : newsroom.localItem();
  const body: ParagraphStyle = { ...style.body, measure: grid.columnWidth, indent: then ? style.body.size : 0 };
  return [
    ...paragraphSlugs(text, body, grid.leading),
    gapSlug(then ? 7 : 8, {
      measure: grid.columnWidth,
      length: then ? 24 : grid.columnWidth,
      weight: then ? 0.4 : 0.25,
    }),
  ];
}

export function letter(sheet: Sheet): Slug[] {
  const { style, newsroom, grid } = sheet;
  const { text, writer } = newsroom.letter();
  const measure = grid.columnWidth;
  const body: ParagraphStyle = { ...style.body, measure, indent: style.body.size };
  const name = breakLines(writer, {
    face: style.italic,
    size: style.body.size,
    measure: measure - 12,
    indent: 0,
    align: 'left',
  });
  return [
    ...paragraphSlugs(`To the editor: ${text}`, body, grid.leading).map((slug) => ({ ...slug, keepWithNext: true })),
    ...name.map((line) => ({
      height: grid.leading,
      draw: (canvas: Sheet['canvas'], x: number, y: number) => canvas.line(line, x + 12, y + grid.leading * 0.76),
    })),
    gapSlug(9, { measure, length: 40, weight: 0.4 }),
  ];
}

/** Gives the classified advertisements of one heading after the other, `each` at a time. */
export function classifiedSupply(sheet: Sheet, each: number): () => Slug[] {
  const { style, newsroom, grid, random } = sheet;
  const headings = newsroom.headings();
  const { leading, ...type } = style.small;
  let given = 0;
  return () => {
    const slugs: Slug[] = [];
    const heading = headings[Math.floor(given / each) % headings.length] ?? 'Notices';
    if (given % each === 0)
      slugs.push(...headingSlugs(sheet, style.era === 'then' ? heading.toUpperCase() : heading, 10.5));
    given++;
    const text = newsroom.classified(heading);
    const paragraph: ParagraphStyle = { ...type, measure: grid.columnWidth, indent: 0, hanging: 6 };
    slugs.push(
      ...paragraphSlugs(text, paragraph, leading),
      gapSlug(random.chance(0.25) ? 6 : 4, {
        measure: grid.columnWidth,
        length: style.era === 'then' ? 20 : grid.columnWidth,
        weight: 0.25,
      }),
    );
    return slugs;
  };
}
