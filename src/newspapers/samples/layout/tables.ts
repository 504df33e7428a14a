/** The tables of a newspaper: weather, tides, vessels, prices, standings, and who runs the paper. */
import type { Random } from '../random.js';
import type { Area } from './grid.js';
import { accent, ruleOff, type Sheet } from './sheet.js';

export interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

export const TABLE_KINDS = ['weather', 'tides', 'vessels', 'prices', 'standings'] as const;
export type TableKind = (typeof TABLE_KINDS)[number];

const DAYS = ['Mon.', 'Tue.', 'Wed.', 'Thu.', 'Fri.', 'Sat.', 'Sun.'];

/** A table with figures by chance. */
export function makeTable(kind: TableKind, sheet: Sheet, random: Random): Table {
  const { gazetteer } = sheet.newsroom;
  const clock = (from: number, to: number): string =>
    `${random.int(from, to)}:${String(random.int(0, 59)).padStart(2, '0')}`;
  switch (kind) {
    case 'weather':
      return {
        title: 'The weather week',
        head: ['Day', 'High', 'Low', 'Rain'],
        rows: DAYS.map((day) => [
          day,
          String(random.int(48, 69)),
          String(random.int(33, 47)),
          random.chance(0.4) ? '.00' : `.${random.int(10, 98)}`,
        ]),
      };
    case 'tides':
      return {
        title: `Tides at ${gazetteer.town}`,
        head: ['Day', 'High', 'Feet', 'Low'],
        rows: DAYS.map((day) => [day, clock(1, 12), `${random.int(5, 9)}.${random.int(0, 9)}`, clock(1, 12)]),
      };
    case 'vessels':
      return {
        title: 'Vessels in port',
        head: ['Vessel', 'Tons', 'From'],
        rows: random
          .shuffle(gazetteer.boats)
          .slice(0, 6)
          .map((boat) => [boat, String(random.int(18, 420)), random.pick(gazetteer.neighbors)]),
      };
    case 'prices':
      return {
        title: 'Market prices',
        head: ['Goods', 'Unit', 'Price'],
        rows: ['Butter', 'Eggs', 'Oats', 'Hay', 'Apples', 'Potatoes', 'Wool'].map((goods, i) => [
          goods,
          ['lb.', 'doz.', 'bu.', 'ton', 'box', 'cwt.', 'lb.'][i] ?? '',
          `$${random.int(0, 9)}.${String(random.int(5, 95)).padStart(2, '0')}`,
        ]),
      };
    case 'standings':
      return {
        title: 'How they stand',
        head: ['Club', 'Won', 'Lost'],
        rows: random
          .shuffle(gazetteer.teams)
          .map((team, i) => [team, String(Math.max(1, 14 - i - random.int(0, 1))), String(2 + i + random.int(0, 1))]),
      };
  }
}

/** Lines of the grid that a table takes, its frame included. */
export function tableLines(table: Table): number {
  return table.rows.length + 4;
}

/** Sets a table in one column, in a frame. */
export function setTable(sheet: Sheet, area: Area, table: Table): void {
  const { canvas, grid, style } = sheet;
  const box = grid.rectangle({ ...area, lines: tableLines(table) });
  const frame = { ...box, y: box.y + 2, height: box.height - 6 };
  if (style.era === 'now') canvas.panel(frame, sheet.colour ? [0.91, 0.95, 0.97] : 0.94);
  canvas.frame(frame, 0.6);
  const center = box.x + box.width / 2;
  canvas.text(table.title, { face: style.strongHead, size: 9.5 }, center, frame.y + 12, 'center', accent(sheet));
  canvas.rule(box.x + 6, frame.y + 17, box.x + box.width - 6, frame.y + 17, 0.4);

  const left = box.x + 7;
  const right = box.x + box.width - 7;
  const step = (frame.height - 22) / (table.rows.length + 1);
  const size = style.era === 'now' ? 7 : 7.8;
  const plain = style.era === 'now' ? style.label : style.body.face;
  // the last column stands at the right, the one before it as far to the left as the last is wide, and so on
  const edges = [right];
  for (let column = table.head.length - 1; column > 1; column--) {
    const widest = Math.max(...[table.head, ...table.rows].map((cells) => style.bold.width(cells[column] ?? '', size)));
    edges.unshift((edges[0] ?? right) - Math.max(widest + 9, table.head.length > 3 ? 30 : 0));
  }
  const put = (cells: readonly string[], y: number, bold: boolean): void => {
    const face = bold ? style.bold : plain;
    cells.forEach((cell, i) => {
      if (i === 0) canvas.text(cell, { face, size }, left, y);
      else canvas.text(cell, { face, size }, edges[i - 1] ?? right, y, 'right');
    });
  };
  put(table.head, frame.y + 17 + step * 0.8, true);
  table.rows.forEach((row, i) => put(row, frame.y + 17 + step * (i + 1.8), false));
  ruleOff(sheet, { ...area, lines: tableLines(table) }, true);
}

/** Who owns and makes the paper, in a frame. */
export function setMasthead(sheet: Sheet, area: Area): void {
  const { canvas, grid, style, title, newsroom } = sheet;
  const box = grid.rectangle(area);
  const frame = { ...box, y: box.y + 2, height: box.height - 8 };
  canvas.frame(frame, 1);
  canvas.frame({ x: frame.x + 2.5, y: frame.y + 2.5, width: frame.width - 5, height: frame.height - 5 }, 0.3);
  const center = box.x + box.width / 2;
  const name = { face: style.nameplate, size: Math.min(19, (box.width - 18) / style.nameplate.width(title.name, 1)) };
  canvas.text(title.name, name, center, frame.y + 10 + name.size, 'center');
  const lines = [
    [`Established ${title.since}`, style.italic],
    ['Editor and publisher', style.bold],
    [newsroom.byline(), style.body.face],
    ['Managing editor', style.bold],
    [newsroom.byline(), style.body.face],
    ['Advertising', style.bold],
    [newsroom.byline(), style.body.face],
    [`Front Street, ${newsroom.gazetteer.town}`, style.italic],
    [style.era === 'then' ? 'Two dollars a year' : 'Single copy, $1.50', style.italic],
  ] as const;
  const step = Math.min(16, (frame.height - name.size - 26) / lines.length);
  lines.forEach(([text, face], i) =>
    canvas.text(
      text,
      { face, size: Math.min(8.4, step * 0.78) },
      center,
      frame.y + name.size + 16 + step * (i + 0.8),
      'center',
    ),
  );
  ruleOff(sheet, area, true);
}
