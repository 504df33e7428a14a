/** The pages of a weekly of about 1910: wide stories where they matter, and all the rest in columns that flow. */
import { setAdvertisements } from './advertisement-block.js';
import { classifiedSupply, headingSlugs, letter, localItem, setFlow, smallStory } from './column-matter.js';
import { freeColumns } from './divide.js';
import type { Slug } from './flow.js';
import type { Area } from './grid.js';
import { setFolio, setNameplate } from './nameplate.js';
import type { Sheet } from './sheet.js';
import { setStory, type StoryBlock } from './story-block.js';
import { makeTable, setMasthead, setTable, tableLines, type TableKind } from './tables.js';

export function setBroadsheetPage(sheet: Sheet): void {
  const { number } = sheet;
  if (number === 1) setFront(sheet);
  else if (number % 4 === 2) setHome(sheet);
  else if (number % 4 === 3) setMarket(sheet);
  else setLast(sheet);
}

function setFront(sheet: Sheet): void {
  const { grid } = sheet;
  const top = setNameplate(sheet);
  const blocks = [
    wide(
      sheet,
      { column: 2, columns: 2, line: top, lines: 70 },
      { headlineSize: 25, headlineLines: 3, deck: true, picture: { columns: 2, lines: 23 } },
    ),
    wide(
      sheet,
      { column: 0, columns: 2, line: grid.lines - 46, lines: 46 },
      { headlineSize: 17, headlineLines: 2, deck: true },
    ),
    wide(
      sheet,
      { column: 4, columns: 2, line: top + 30, lines: 52 },
      { headlineSize: 19, headlineLines: 2, deck: true, picture: { columns: 2, lines: 20 } },
    ),
  ];
  fill(sheet, { ...grid.whole(), line: top, lines: grid.lines - top }, blocks);
}

/** Local matter, with what the editor thinks in the first column. */
function setHome(sheet: Sheet): void {
  const { grid, newsroom } = sheet;
  setFolio(sheet, 'Home');
  const masthead = { column: 0, columns: 1, line: 0, lines: 17 };
  setMasthead(sheet, masthead);
  const editorial = { column: 0, columns: 1, line: 17, lines: 56 };
  setStory(sheet, editorial, {
    story: newsroom.story(['opinion']),
    headlineSize: 12,
    headlineLines: 3,
    deck: false,
    byline: false,
  });
  const ads = { column: 4, columns: 2, line: grid.lines - 72, lines: 72 };
  setAdvertisements(sheet, ads);
  const lead = wide(
    sheet,
    { column: 1, columns: 3, line: 0, lines: 48 },
    { headlineSize: 22, headlineLines: 2, deck: true, picture: { columns: 1, lines: 18 } },
  );
  fill(sheet, grid.whole(), [masthead, editorial, ads, lead], 'LOCAL AND PERSONAL');
}

/** Advertisements, prices, vessels. */
function setMarket(sheet: Sheet): void {
  const { grid } = sheet;
  setFolio(sheet, 'Market');
  const ads = { column: 0, columns: 6, line: grid.lines - 58, lines: 58 };
  const more = { column: 0, columns: 1, line: grid.lines - 58 - 38, lines: 38 };
  setAdvertisements(sheet, ads);
  setAdvertisements(sheet, more);
  const prices = table(sheet, 'prices', 5, 0);
  const vessels = table(sheet, 'vessels', 5, prices.lines);
  const lead = wide(
    sheet,
    { column: 2, columns: 2, line: 0, lines: 46 },
    { headlineSize: 18, headlineLines: 2, deck: true, picture: { columns: 2, lines: 18 } },
  );
  fill(sheet, grid.whole(), [ads, more, prices, vessels, lead], 'COUNTY NEWS');
}

/** Letters and small advertisements. */
function setLast(sheet: Sheet): void {
  const { grid } = sheet;
  setFolio(sheet, 'County');
  const ads = { column: 2, columns: 2, line: grid.lines - 66, lines: 66 };
  const small = { column: 4, columns: 2, line: 62, lines: grid.lines - 62 };
  setAdvertisements(sheet, ads);
  const tides = table(sheet, 'tides', 4, 0);
  const lead = wide(
    sheet,
    { column: 0, columns: 2, line: 0, lines: 60 },
    { headlineSize: 19, headlineLines: 2, deck: true, picture: { columns: 2, lines: 21 } },
  );
  const columns = [4, 5].map((column) => ({ ...small, column, columns: 1 }));
  setFlow(sheet, columns, classifiedSupply(sheet, 7));
  fill(sheet, grid.whole(), [ads, small, tides, lead], 'LETTERS FROM THE PEOPLE');
}

function wide(sheet: Sheet, area: Area, block: Omit<StoryBlock, 'story' | 'byline'>): Area {
  setStory(sheet, area, { ...block, story: sheet.newsroom.story(), byline: false });
  return area;
}

function table(sheet: Sheet, kind: TableKind, column: number, line: number): Area {
  const made = makeTable(kind, sheet, sheet.random);
  const area = { column, columns: 1, line, lines: tableLines(made) };
  setTable(sheet, area, made);
  return area;
}

/** Fills what the blocks leave free: stories first, then items under the heading, then stories again. */
function fill(sheet: Sheet, whole: Area, blocks: readonly Area[], heading?: string): void {
  const items: (() => Slug[])[] = [];
  const letters = heading?.startsWith('LETTERS') === true;
  let headed = heading === undefined;
  const again = (): void => {
    for (let i = sheet.random.int(2, 3); i > 0; i--) items.push(() => smallStory(sheet));
    if (!headed) items.push(() => headingSlugs(sheet, heading ?? '', 11.5));
    for (let i = headed ? sheet.random.int(1, 4) : 9; i > 0; i--)
      items.push(() => (letters ? letter(sheet) : localItem(sheet)));
    headed = true;
  };
  setFlow(sheet, freeColumns(whole, blocks), () => {
    if (items.length === 0) again();
    return items.shift()?.() ?? [];
  });
}
