/** What says which paper this is, of which day, and which page: the nameplate of the front, the folio of every other page. */
import { accent, type Sheet } from './sheet.js';

/** "Thursday, March 9, 1911". */
export function longDate(date: string): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString('en-US', {
    timeZone: 'UTC',
    weekday: 'long',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
  });
}

/** Volume and number of a weekly: the volume turns with the year, the number with the week. */
export function volumeAndNumber(date: string, since: number): { volume: number; number: number } {
  const day = new Date(`${date}T00:00:00Z`);
  const year = day.getUTCFullYear();
  const week = Math.floor((day.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000));
  return { volume: year - since + 1, number: week + 1 };
}

export function roman(value: number): string {
  const numerals: [number, string][] = [
    [100, 'C'],
    [90, 'XC'],
    [50, 'L'],
    [40, 'XL'],
    [10, 'X'],
    [9, 'IX'],
    [5, 'V'],
    [4, 'IV'],
    [1, 'I'],
  ];
  let text = '';
  for (const [worth, numeral] of numerals) {
    for (; value >= worth; value -= worth) text += numeral;
  }
  return text;
}

/** Sets the nameplate over the grid's first lines and returns the first free line. */
export function setNameplate(sheet: Sheet): number {
  return sheet.style.era === 'then' ? oldNameplate(sheet) : newNameplate(sheet);
}

function oldNameplate({ canvas, grid, style, title, date, of }: Sheet): number {
  const center = (grid.left + grid.right) / 2;
  const ear = 118;
  const size = Math.min(76, (grid.width(grid.columns) - 2 * ear - 44) / style.nameplate.width(title.name, 1));
  const top = grid.top - 24;
  canvas.text(title.name, { face: style.nameplate, size }, center, top + 68, 'center');
  if (title.subtitle !== undefined) {
    canvas.text(title.subtitle.toUpperCase(), { face: style.bold, size: 9.5 }, center, top + 88, 'center');
  }
  const ears: [number, string[]][] = [
    [grid.left, ['Largest circulation', 'of any paper', 'on Merrow Bay.', 'Two dollars a year.']],
    [grid.right - ear, ['The weather:', 'Fair and cooler,', 'with wind from the', 'northwest by night.']],
  ];
  for (const [x, lines] of ears) {
    canvas.frame({ x, y: top + 16, width: ear, height: 58 }, 0.8);
    canvas.frame({ x: x + 2, y: top + 18, width: ear - 4, height: 54 }, 0.3);
    lines.forEach((line, i) =>
      canvas.text(
        line,
        { face: i === 0 ? style.bold : style.italic, size: 8.6 },
        x + ear / 2,
        top + 31 + i * 11.5,
        'center',
      ),
    );
  }
  const bar = top + 98;
  canvas.rule(grid.left, bar, grid.right, bar, 2.2);
  canvas.rule(grid.left, bar + 3, grid.right, bar + 3, 0.5);
  const { volume, number } = volumeAndNumber(date, title.since);
  const face = { face: style.bold, size: 9 };
  canvas.text(`VOL. ${roman(volume)}.`, face, grid.left + 2, bar + 14);
  canvas.text(`${sheetTown(title.gazetteer)}, ${longDate(date).toUpperCase()}.`, face, center, bar + 14, 'center');
  canvas.text(`${of} PAGES. NO. ${number}.`, face, grid.right - 2, bar + 14, 'right');
  canvas.rule(grid.left, bar + 19, grid.right, bar + 19, 0.5);
  canvas.rule(grid.left, bar + 22, grid.right, bar + 22, 2.2);
  return Math.ceil((bar + 30 - grid.top) / grid.leading);
}

function newNameplate(sheet: Sheet): number {
  const { canvas, grid, style, title, date } = sheet;
  const center = (grid.left + grid.right) / 2;
  const top = grid.top - 34;
  canvas.panel({ x: grid.left, y: top, width: grid.width(grid.columns), height: 17 }, accent(sheet, 0.15));
  canvas.text(title.motto, { face: style.label, size: 8 }, grid.left + 8, top + 11.5, 'left', 1);
  canvas.text('$1.50', { face: style.strongHead, size: 8.5 }, grid.right - 8, top + 11.5, 'right', 1);
  const size = Math.min(80, grid.width(grid.columns) / style.nameplate.width(title.name, 1));
  canvas.text(title.name, { face: style.nameplate, size }, center, top + 24 + size * 0.82, 'center', accent(sheet));
  const bar = top + 34 + size;
  const { volume, number } = volumeAndNumber(date, title.since);
  canvas.rule(grid.left, bar, grid.right, bar, 1.4);
  const face = { face: style.label, size: 8 };
  canvas.text(longDate(date), face, grid.left, bar + 11);
  canvas.text(`${title.gazetteer.town}, ${title.gazetteer.state}`, face, center, bar + 11, 'center');
  canvas.text(`Volume ${volume}, Number ${number}`, face, grid.right, bar + 11, 'right');
  canvas.rule(grid.left, bar + 16, grid.right, bar + 16, 0.4);
  return Math.ceil((bar + 24 - grid.top) / grid.leading);
}

function sheetTown({ town, state }: Sheet['title']['gazetteer']): string {
  return `${town}, ${state}`.toUpperCase();
}

/** The folio line over the grid: page number outside, the paper's name in the middle or beside it, the date. */
export function setFolio(sheet: Sheet, section: string): void {
  const { canvas, grid, style, title, date, number } = sheet;
  const y = grid.top - 16;
  const left = number % 2 === 0;
  if (style.era === 'then') {
    const face = { face: style.bold, size: 9 };
    canvas.text(
      String(number),
      { face: style.bold, size: 12 },
      left ? grid.left : grid.right,
      y,
      left ? 'left' : 'right',
    );
    canvas.text(
      `${title.name.toUpperCase()}, ${sheetTown(title.gazetteer)}`,
      face,
      (grid.left + grid.right) / 2,
      y,
      'center',
    );
    canvas.text(
      longDate(date).toUpperCase(),
      { face: style.bold, size: 8 },
      left ? grid.right : grid.left,
      y,
      left ? 'right' : 'left',
    );
    canvas.rule(grid.left, y + 6, grid.right, y + 6, 0.5);
    canvas.rule(grid.left, y + 8.5, grid.right, y + 8.5, 1.4);
    return;
  }
  const name = `${title.name}, ${longDate(date)}`;
  canvas.text(
    String(number),
    { face: style.strongHead, size: 15 },
    left ? grid.left : grid.right,
    y,
    left ? 'left' : 'right',
  );
  canvas.text(
    section.toUpperCase(),
    { face: style.strongHead, size: 15 },
    (grid.left + grid.right) / 2,
    y,
    'center',
    accent(sheet, 0.2),
  );
  canvas.text(name, { face: style.label, size: 7.5 }, left ? grid.right : grid.left, y, left ? 'right' : 'left');
  canvas.rule(grid.left, y + 6, grid.right, y + 6, 1.2, accent(sheet));
}
